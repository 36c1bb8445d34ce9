package dev.romestream.standalone.cli;

import dev.romestream.exchange.codec.RecordJson;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.topic.RecordReader;
import dev.romestream.schemas.Alert;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.RobustnessMetrics;
import dev.romestream.schemas.Topic;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code rome watch}. */
@Command(
        name = "watch",
        description =
                "Prints progress and running ratios as they are published: until the experiment ends, or for ever. Without"
                        + " an id, from now on; rome list and rome status tell what was.",
        mixinStandardHelpOptions = true)
final class WatchCommand implements Runnable {
    private static final long CHECK_MS = 500;
    private static final Duration LIMIT = Duration.ofMinutes(2);

    @Parameters(paramLabel = "ID", arity = "0..1", description = "The experiment's id; without it, all are watched.")
    private String id;

    @Option(names = "--json", description = "Print every metrics record as a line of JSON, for ever.")
    private boolean json;

    @Option(
            names = "--alerts",
            description =
                    "Print the alerts that are raised, and then those that are raised or over, for ever; with --json as"
                            + " lines of JSON.")
    private boolean alerts;

    @Mixin
    private ClusterOptions cluster;

    @Override
    public void run() {
        cluster.refuseExperimentKeys();
        RomeConfig config = cluster.existingCluster();
        List<Experiment> experiments = id == null ? List.of() : List.of(ExperimentLookup.find(config, id));
        if (alerts) {
            printAlerts(config);
            return;
        }
        if (json) {
            printJson(config);
            return;
        }
        Consumer<String> lines = System.out::println;
        try (Monitor monitor = new Monitor(config, experiments, lines, Optional::empty)) {
            if (id == null) {
                monitor.follow();
            }
            Optional<String> failure = monitor.awaitEnd();
            if (failure.isPresent()) {
                throw new FailureException(failure.get());
            }
        }
    }

    private void printAlerts(RomeConfig config) {
        Consumer<Alert> print = alert -> System.out.println(
                json
                        ? RecordJson.line(alert)
                        : AlertFollower.time(alert) + "  " + Printable.line(AlertFollower.line(alert)));
        try (var follower =
                new AlertFollower(config, experiment -> id == null || id.equals(experiment), LIMIT, print)) {
            forEver(follower::throwFailure);
        }
    }

    private void printJson(RomeConfig config) {
        try (var reader =
                new RecordReader<>(config, Topic.ROBUSTNESS_METRICS, RobustnessMetrics.class, (key, metrics) -> {
                    if (metrics != null && (id == null || id.equals(metrics.getExperiment()))) {
                        System.out.println(RecordJson.line(metrics));
                    }
                })) {
            forEver(reader::throwFailure);
        }
    }

    private static void forEver(Runnable check) {
        try {
            while (!Thread.currentThread().isInterrupted()) {
                check.run();
                Thread.sleep(CHECK_MS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
