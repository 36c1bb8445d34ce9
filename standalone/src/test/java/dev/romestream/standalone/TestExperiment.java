package dev.romestream.standalone;

import dev.romestream.client.experiment.ExperimentFile;
import dev.romestream.schemas.Experiment;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A whole experiment in small. */
final class TestExperiment {
    static final String FILE = """
            name: tiny
            dataset: shapes10
            distillation:
              method: rome
              imagesPerClass: 1
              network: {width: 4, depth: 3}
              iterations: 6
              snapshotEvery: 3
              realBatch: 4
              pool: {size: 3, initial: 2, generateInterval: 4, trainedPerIteration: 1, trainSteps: 1, batch: 16}
              prior: {attack: {steps: 2}}
            seed: 3
            evaluation:
              victims: {count: 2, epochs: 3}
              images: 40
              requestSize: 25
            """;

    private TestExperiment() {}

    /** A file of a method that has no iterations. */
    static final String RANDOM = """
            name: tiny
            dataset: shapes10
            distillation: {method: random, imagesPerClass: 1, network: {width: 4, depth: 3}}
            evaluation: {victims: {count: 2, epochs: 3}, images: 40, requestSize: 25}
            """;

    /** The experiments of the file, each override as {@code key=value}; of another method, with what it knows of the file. */
    static List<Experiment> with(String... overrides) {
        Map<String, String> settings = new HashMap<>();
        for (String override : overrides) {
            String[] pair = override.split("=", 2);
            settings.put(pair[0], pair[1]);
        }
        String method = settings.remove("distillation.method");
        String methods =
                method == null ? "" : "sweep: {distillation.method: [rome, dsa, mtt, guard, " + method + "]}\n";
        return ExperimentFile.parse(FILE + methods, settings, List.of()).stream()
                .filter(experiment -> method == null
                        || experiment.getDistillation().getMethod().equals(method))
                .toList();
    }
}
