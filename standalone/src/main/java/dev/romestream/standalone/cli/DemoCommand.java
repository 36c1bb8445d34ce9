package dev.romestream.standalone.cli;

import dev.romestream.client.experiment.ExperimentFile;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.config.Settings;
import dev.romestream.schemas.Experiment;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code rome demo}. */
@Command(
        name = "demo",
        description =
                "Distils the generated data set shapes10 with ROME, DM and random selection, each with class labels and"
                        + " with the labels of adversarially trained teachers, and compares them.",
        mixinStandardHelpOptions = true)
final class DemoCommand implements Runnable {
    /** The teachers are trained side by side. */
    private static final Map<String, String> PARALLEL = Map.of(Settings.POOL_TRAINER_COUNT, "2");

    @Option(names = "--out", paramLabel = "DIR", description = "Also write the results there.")
    private Path out;

    @Option(
            names = "--live",
            description =
                    "Instead, a stream that drifts: a network is monitored on it, and a set of the present images is"
                            + " distilled when its robustness falls.")
    private boolean live;

    @Mixin
    private ClusterOptions cluster;

    @Mixin
    private DashboardOptions dashboard;

    @Override
    public void run() {
        if (live) {
            live();
        } else {
            compare();
        }
    }

    private void live() {
        if (out != null) {
            throw new UsageException("--out goes without --live.");
        }
        List<Experiment> experiments = ExperimentFile.parse(text("demo-live"), cluster.experimentKeys(), List.of());
        System.err.println(
                "A stream of the generated data set shapes10. A network that was trained on a small set of its first window is attacked"
                        + " on every window.\nFrom window 4 on, the shapes are turned by 30 degrees. The alert that follows asks for a set of the"
                        + " present images, and its network takes over.\nAbout three minutes on two processors. Watch it on the page Monitor"
                        + " of the dashboard.");
        ExperimentRunner.embedded(config(), dashboard, stack -> {
            LiveDemo.run(stack, experiments);
            System.out.println("Next: ./rome stream and ./rome monitor on a topic of your own; docs/streams.md.");
            stack.dashboard().ifPresent(url -> stay(url + "#/monitor"));
        });
    }

    private RomeConfig config() {
        return cluster.config(cluster.sets(Settings.POOL_TRAINER_COUNT) ? Map.of() : PARALLEL);
    }

    private void compare() {
        List<Experiment> experiments = ExperimentFile.parse(text("demo"), cluster.experimentKeys(), List.of());
        System.err.println(
                "Streams the generated data set shapes10 through Kafka, distils it to ten images a class with "
                        + experiments.stream()
                                .map(experiment -> experiment.getDistillation().getMethod())
                                .distinct()
                                .count()
                        + " methods,\nputs class labels or those of adversarially trained (robust) teachers beside the images, attacks"
                        + " networks trained on\nthe results in the ordinary way, and compares what is left standing. Two to three"
                        + " minutes on two processors.");
        ExperimentRunner.embedded(config(), dashboard, stack -> {
            ExperimentRunner.run(
                    stack.config(),
                    experiments,
                    Optional.ofNullable(out),
                    stack::trouble,
                    (monitor, started) -> {},
                    results -> DemoStory.lines(experiments, experiment -> results.metrics(experiment.getId()))
                            .forEach(line -> System.out.println(Printable.line(line))));
            System.out.println("I-RR is 100 when no attack lowers the accuracy and 0 when one lowers it to nothing;"
                    + " a network near chance level scores\nhigh for nothing, so read it beside the clean accuracy."
                    + " Next: ./rome run examples/robust-labels.yaml --data DIR --out out");
            stack.dashboard().ifPresent(DemoCommand::stay);
        });
    }

    /** For whoever watches at a terminal; in a pipe nobody would end it. */
    private static void stay(String url) {
        if (Terminal.isThere()) {
            System.err.println("The dashboard is still open at " + url + "; Enter ends it.");
            Terminal.readLine("");
        }
    }

    private static String text(String name) {
        try (InputStream in = DemoCommand.class.getResourceAsStream("/dev/romestream/standalone/" + name + ".yaml")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
