package dev.romestream.standalone.cli;

import dev.romestream.client.experiment.ExperimentControl;
import dev.romestream.client.result.Results;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.schemas.Experiment;
import dev.romestream.standalone.benchmark.BenchmarkFolder;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** Runs the experiments of a benchmark that have not been measured, a few at a time, and keeps what each gives as it ends. */
final class BenchmarkRunner {
    private static final Duration TELL_EVERY = Duration.ofMinutes(1);
    private static final int MOST_ACTIVITIES = 4;

    private final RomeConfig config;
    private final BenchmarkFolder folder;
    private final int atOnce;
    private final Deque<Experiment> waiting;
    private final int total;
    private final Consumer<String> lines = System.err::println;
    private final Map<String, Experiment> running = new LinkedHashMap<>();
    private final long began = System.nanoTime();

    /**
     * A run.
     *
     * @param missing what is to be measured, in order
     * @param atOnce experiments that are under way at a time
     */
    BenchmarkRunner(RomeConfig config, BenchmarkFolder folder, List<Experiment> missing, int atOnce) {
        this.config = config;
        this.folder = folder;
        this.atOnce = atOnce;
        this.waiting = new ArrayDeque<>(missing);
        this.total = missing.size();
    }

    /**
     * Returns when every experiment has ended.
     *
     * @param trouble ends the run, where it tells of some
     */
    void run(Supplier<Optional<String>> trouble) {
        try (Monitor monitor = new Monitor(config, List.copyOf(waiting), lines, trouble);
                Results results = new Results(config)) {
            while (!waiting.isEmpty() || !running.isEmpty()) {
                start(monitor);
                Map<String, Optional<String>> ended = monitor.awaitAny(Set.copyOf(running.keySet()), TELL_EVERY);
                if (ended.isEmpty()) {
                    monitor.activities(running.keySet()).stream()
                            .limit(MOST_ACTIVITIES)
                            .forEach(lines);
                } else {
                    results.awaitCurrent();
                    ended.forEach((id, failure) -> keep(results, running.remove(id), failure));
                }
            }
        }
    }

    private void start(Monitor monitor) {
        while (running.size() < atOnce && !waiting.isEmpty()) {
            Experiment started =
                    ExperimentControl.start(config, List.of(waiting.poll())).get(0);
            monitor.follow(started);
            running.put(started.getId(), started);
        }
    }

    private void keep(Results results, Experiment experiment, Optional<String> failure) {
        if (failure.isPresent()) {
            folder.keepFailure(experiment, failure.get());
        } else {
            folder.keep(results, experiment);
        }
        int done = total - waiting.size() - running.size();
        double seconds = (System.nanoTime() - began) / 1e9;
        lines.accept(Printable.line("%d of %d  %s %s, %s so far, about %s left"
                .formatted(
                        done,
                        total,
                        experiment.getName(),
                        failure.map(why -> "FAILED: " + why).orElse("is measured"),
                        Monitor.duration(seconds),
                        Monitor.duration(seconds / done * (total - done)))));
    }
}
