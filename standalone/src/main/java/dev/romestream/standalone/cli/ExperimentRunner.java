package dev.romestream.standalone.cli;

import dev.romestream.client.experiment.ExperimentControl;
import dev.romestream.client.report.ReportPage;
import dev.romestream.client.result.Results;
import dev.romestream.client.table.Comparison;
import dev.romestream.client.table.Comparison.Subject;
import dev.romestream.client.table.TableText;
import dev.romestream.exchange.experiment.Victim;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.config.Settings;
import dev.romestream.schemas.DesiredState;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.Mode;
import dev.romestream.schemas.RobustnessMetrics;
import dev.romestream.standalone.stack.LocalStack;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/** Runs experiments to completion: submits them, follows them, writes and prints their results. */
final class ExperimentRunner {
    private static final int USUAL_PORT = 9092;
    private static final int CONNECT_MS = 200;

    private ExperimentRunner() {}

    /**
     * Does {@code work} against the cluster that was named, or with a broker, a registry and services of its own; it is given the
     * configuration, and what tells of trouble with the services.
     *
     * @param data directory with the image files; null for none
     */
    static void withServices(
            ClusterOptions cluster,
            Path data,
            DashboardOptions dashboard,
            BiConsumer<RomeConfig, Supplier<Optional<String>>> work) {
        if (cluster.usesCluster()) {
            if (data != null) {
                throw new UsageException(
                        "--data goes with the embedded stack; on a cluster the producer has data.dir.");
            }
            work.accept(cluster.existingCluster(), Optional::empty);
        } else {
            embedded(config(cluster, data), dashboard, stack -> work.accept(stack.config(), stack::trouble));
        }
    }

    /**
     * The configuration of services of one's own.
     *
     * @param data directory with the image files; null for none
     */
    static RomeConfig config(ClusterOptions cluster, Path data) {
        return cluster.config(
                data == null
                        ? Map.of()
                        : Map.of(Settings.DATA_DIR, data.toAbsolutePath().toString()));
    }

    /** Does {@code work} with a broker, a registry and services of its own, which end with it. */
    static void embedded(RomeConfig config, DashboardOptions dashboard, Consumer<LocalStack> work) {
        if (isThereABroker()) {
            System.err.println(
                    "A broker answers at localhost:" + USUAL_PORT + ". This command starts its own beside it; with"
                            + " --bootstrap-server localhost:" + USUAL_PORT + " it would use that one.");
        }
        System.err.println("Starting broker, schema registry and services ...");
        long start = System.nanoTime();
        try (LocalStack stack = LocalStack.start(config, LocalStack.Options.temporary())) {
            System.err.printf("Ready after %.1f s.%n", (System.nanoTime() - start) / 1e9);
            stack.dashboard().ifPresent(url -> {
                System.err.println("Dashboard: " + url);
                dashboard.open(url);
            });
            work.accept(stack);
        }
    }

    /** Whether something listens where {@code rome up} does. */
    private static boolean isThereABroker() {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress("localhost", USUAL_PORT), CONNECT_MS);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    /**
     * On a cluster whose services are running.
     *
     * @param trouble ends the run, where it tells of some
     */
    static void run(
            RomeConfig config, List<Experiment> experiments, Optional<Path> out, Supplier<Optional<String>> trouble) {
        run(config, experiments, out, trouble, (monitor, started) -> {}, results -> {});
    }

    /**
     * As {@link #run(RomeConfig, List, Optional, Supplier)}.
     *
     * @param contribution is made to what was started, before its end is waited for
     * @param report prints what else there is to say, after the table
     */
    static void run(
            RomeConfig config,
            List<Experiment> experiments,
            Optional<Path> out,
            Supplier<Optional<String>> trouble,
            BiConsumer<Monitor, List<Experiment>> contribution,
            Consumer<Results> report) {
        Consumer<String> lines = System.err::println;
        List<Experiment> started = ExperimentControl.start(config, experiments);
        try (Monitor monitor = new Monitor(config, started, lines, trouble)) {
            contribution.accept(monitor, started);
            failOn(monitor.awaitEnd());
        }
        try (Results results = new Results(config)) {
            print(started, experiment -> results.metrics(experiment.getId()));
            report.accept(results);
            out.ifPresent(directory -> write(results, directory, started));
        }
    }

    /**
     * Runs experiments on streams until so many windows of each have been distilled and scored, or a signal comes; then they are stopped.
     *
     * @param windows empty for as long as it may take
     */
    static void runStream(
            RomeConfig config,
            List<Experiment> experiments,
            Optional<Integer> windows,
            Optional<Path> out,
            Supplier<Optional<String>> trouble) {
        Consumer<String> lines = System.err::println;
        List<Experiment> started = ExperimentControl.start(config, experiments);
        try (Interruption interruption = new Interruption();
                Monitor monitor = new Monitor(config, started, lines, trouble);
                Results results = new Results(config)) {
            System.err.println("This goes on for as long as there are images. Stop with Ctrl-C.");
            BooleanSupplier enough = () -> windows.isPresent()
                    && started.stream()
                            .allMatch(experiment ->
                                    windows(experiment, results.metrics(experiment.getId())) >= windows.get());
            Optional<String> failure = monitor.await(() -> interruption.isSignalled() || enough.getAsBoolean());
            started.forEach(experiment -> ExperimentControl.setState(config, experiment, DesiredState.STOP));
            failOn(failure);
            print(started, experiment -> Comparison.newest(results.metrics(experiment.getId()), false));
            out.ifPresent(directory -> write(results, directory, started));
        }
    }

    /** Windows whose sets have been scored on their own test images. */
    private static long windows(Experiment experiment, List<RobustnessMetrics> metrics) {
        int wanted = Victim.of(experiment).size()
                * experiment.getEvaluation().getSuites().size()
                * Mode.values().length;
        return metrics.stream()
                .filter(RobustnessMetrics::getComplete)
                .filter(one -> Victim.window(one).orElse(-1) == one.getSnapshot())
                .collect(Collectors.groupingBy(RobustnessMetrics::getSnapshot, Collectors.counting()))
                .values()
                .stream()
                .filter(count -> count == wanted)
                .count();
    }

    private static void print(List<Experiment> experiments, Function<Experiment, List<RobustnessMetrics>> metrics) {
        System.out.println();
        List<Subject> subjects = experiments.stream()
                .flatMap(experiment ->
                        Comparison.byArchitecture(experiment.getName(), metrics.apply(experiment)).stream())
                .toList();
        Comparison.tables("experiment", subjects)
                .forEach(table -> System.out.println(Printable.lines(TableText.terminal(table))));
    }

    static void failOn(Optional<String> failure) {
        failure.ifPresent(message -> {
            throw new FailureException(message);
        });
    }

    static void write(Results results, Path directory, List<Experiment> experiments) {
        try {
            results.write(directory, experiments);
            ReportPage.write(directory.resolve("report.html"), results, experiments);
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot write the results to " + directory + ": " + e.getMessage(), e);
        }
        System.err.println("Results are in " + directory + ".");
    }
}
