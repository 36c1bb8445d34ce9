package dev.romestream.standalone.chaos;

import dev.romestream.client.experiment.ExperimentFile;
import dev.romestream.schemas.Experiment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * The long form of {@link Chaos} as a program: {@code SEED [KILLS [POISON [HOURS]]]}. Rounds follow one another, each with the next
 * seed, until the hours are over; the exit code is 0 where every invariant held.
 */
public final class ChaosMain {
    private static final String FILE = """
            name: chaos
            dataset: shapes10
            distillation:
              method: rome
              imagesPerClass: 2
              network: {width: 8, depth: 3}
              iterations: 120
              snapshotEvery: 60
              realBatch: 8
              pool: {size: 4, initial: 2, generateInterval: 20, trainedPerIteration: 1, trainSteps: 1, batch: 16}
              prior: {attack: {steps: 2}}
            evaluation:
              victims: {count: 2, epochs: 20}
              images: 200
              requestSize: 25
              suites: [as-published-quick, pixel-2]
            sweep: {seed: [3, 4, 5]}
            """;

    /** A set a window, each begun with the one before. */
    private static final String LIVE = """
            name: chaos-live
            dataset: {name: topic, path: chaos-photos, window: {every: PT1M, test: 0.3, idle: PT5M}}
            distillation:
              method: rome
              imagesPerClass: 1
              network: {width: 8, depth: 3}
              iterations: 10
              realBatch: 4
              pool: {size: 2, initial: 2, trainedPerIteration: 1, trainSteps: 1, batch: 16}
              prior: {attack: {steps: 2}}
            evaluation:
              victims: {count: 1, epochs: 3}
              requestSize: 25
              suites: [quick]
            """;

    private ChaosMain() {}

    static List<Experiment> experiments(Map<String, String> settings) {
        return Stream.concat(
                        ExperimentFile.parse(FILE, settings, List.of()).stream(),
                        ExperimentFile.parse(LIVE, Map.of(), List.of()).stream())
                .toList();
    }

    public static void main(String[] args) throws Exception {
        long seed = args.length > 0 ? Long.parseLong(args[0]) : 1;
        int kills = args.length > 1 ? Integer.parseInt(args[1]) : 20;
        int poison = args.length > 2 ? Integer.parseInt(args[2]) : 10_000;
        double hours = args.length > 3 ? Double.parseDouble(args[3]) : 0;
        long deadline = System.nanoTime() + (long) (hours * 3.6e12);
        boolean held = true;
        do {
            Path directory = Files.createTempDirectory("rome-chaos");
            System.out.println("Seed " + seed + "; logs are in " + directory + ".");
            try (Chaos chaos = new Chaos(Chaos.longForm(seed, kills, poison), directory)) {
                held &= chaos.run(experiments(Map.of())).isEmpty();
            }
            seed++;
        } while (System.nanoTime() < deadline);
        System.exit(held ? 0 : 1);
    }
}
