package dev.romestream.standalone.cli;

import dev.romestream.exchange.experiment.Victim;
import dev.romestream.exchange.metric.NamedMetric;
import dev.romestream.experiments.ExperimentPhase;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.topic.RecordReader;
import dev.romestream.robustness.metric.MetricNames;
import dev.romestream.schemas.Alert;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.ExperimentStatus;
import dev.romestream.schemas.ImageLabels;
import dev.romestream.schemas.Phase;
import dev.romestream.schemas.RobustnessMetrics;
import dev.romestream.schemas.Topic;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.apache.kafka.common.errors.InterruptException;

/**
 * Follows experiments on the status and metrics topics: prints progress and running ratios, and knows when all are done. At a terminal,
 * progress is drawn in place.
 */
final class Monitor implements AutoCloseable {
    private static final long PRINT_MS = 2000;
    private static final long CHECK_MS = 100;
    /** What changes all the time is printed again after so long, or when it is complete. */
    private static final long AGAIN_NANOS = 10_000_000_000L;

    private static final Duration LIMIT = Duration.ofMinutes(2);
    private static final long ALERTS_NANOS = 3_000_000_000L;

    private final Map<String, String> names;
    private final Map<String, Integer> runs = new HashMap<>();
    private final Consumer<String> out;
    private final Supplier<Optional<String>> trouble;
    private final long started = System.nanoTime();
    private final Map<String, ExperimentStatus> statuses = new LinkedHashMap<>();
    private final Map<String, RobustnessMetrics> changedMetrics = new LinkedHashMap<>();
    private final List<Alert> changedAlerts = new ArrayList<>();
    /** What was told before this began, and not since. */
    private final Set<String> stale = new HashSet<>();

    private final Map<String, String> printed = new HashMap<>();
    private final Map<String, Long> printedAt = new HashMap<>();
    private final Optional<LiveLines> live = LiveLines.installed();
    private final RecordReader<ExperimentStatus> statusReader;
    private final RecordReader<RobustnessMetrics> metricsReader;
    private final AlertFollower alertFollower;

    /**
     * Begins to follow.
     *
     * @param experiments to follow, in the run that they have; empty for all, from now on
     * @param out is given the lines
     * @param trouble ends the following, where it tells of some
     */
    Monitor(RomeConfig config, List<Experiment> experiments, Consumer<String> out, Supplier<Optional<String>> trouble) {
        this.trouble = trouble;
        experiments.forEach(experiment -> runs.put(experiment.getId(), experiment.getRun()));
        this.names = experiments.stream()
                .collect(Collectors.toMap(Experiment::getId, Experiment::getName, (a, b) -> a, LinkedHashMap::new));
        this.out = out;
        this.statusReader =
                new RecordReader<>(config, Topic.EXPERIMENT_STATUS, ExperimentStatus.class, this::acceptStatus);
        this.metricsReader =
                new RecordReader<>(config, Topic.ROBUSTNESS_LATEST, RobustnessMetrics.class, this::acceptMetrics);
        statusReader.awaitCaughtUp(LIMIT);
        metricsReader.awaitCaughtUp(LIMIT);
        if (experiments.isEmpty()) {
            passOver();
        }
        this.alertFollower = new AlertFollower(config, this::follows, LIMIT, this::acceptAlert);
    }

    /** What was there before is no news. */
    private synchronized void passOver() {
        statuses.forEach((key, status) -> printed.put(key, line(status)));
        stale.addAll(statuses.keySet());
        changedMetrics.clear();
    }

    private boolean follows(String experiment) {
        return names.isEmpty() || names.containsKey(experiment);
    }

    private String name(String experiment) {
        return names.getOrDefault(experiment, experiment);
    }

    private synchronized void acceptStatus(String key, ExperimentStatus status) {
        stale.remove(key);
        if (status == null) {
            statuses.remove(key);
        } else if (follows(status.getExperiment()) && status.getRun() >= runs.getOrDefault(status.getExperiment(), 0)) {
            statuses.put(key, status);
            if (isEnd(status.getPhase())) {
                notifyAll();
            }
        }
    }

    private synchronized void acceptMetrics(String key, RobustnessMetrics metrics) {
        if (metrics != null
                && follows(metrics.getExperiment())
                && headline(metrics).value().isPresent()) {
            changedMetrics.put(key, metrics);
        }
    }

    private synchronized void acceptAlert(Alert alert) {
        changedAlerts.add(alert);
    }

    private static boolean isEnd(Phase phase) {
        return phase == Phase.COMPLETED || phase == Phase.FAILED || phase == Phase.STOPPED;
    }

    /**
     * Prints until every experiment has ended.
     *
     * @return the first failure, if there was one
     */
    Optional<String> awaitEnd() {
        while (true) {
            synchronized (this) {
                print();
                Optional<String> failure = failure();
                if (failure.isPresent() || ended()) {
                    break;
                }
                pause(PRINT_MS);
            }
        }
        tellAlerts();
        synchronized (this) {
            return failure();
        }
    }

    /**
     * Prints until a condition holds.
     *
     * @return a failure, or what the evaluator refused, if that came first
     */
    Optional<String> await(BooleanSupplier condition) {
        long at = System.nanoTime();
        while (true) {
            synchronized (this) {
                Optional<String> trouble = failure().or(this::refusal);
                boolean ends = trouble.isPresent() || condition.getAsBoolean();
                if (ends || System.nanoTime() - at > PRINT_MS * 1_000_000) {
                    print();
                    at = System.nanoTime();
                }
                if (ends) {
                    return trouble;
                }
                pause(CHECK_MS);
            }
        }
    }

    /** Of what was evaluated: alerts are visible together with the status that follows them. */
    private void tellAlerts() {
        alertFollower.awaitCurrent(LIMIT);
        synchronized (this) {
            print();
        }
    }

    /** Waits until the evaluator says that it has nothing more to do, but not for long, and tells of the alerts that came of it. */
    void awaitAlerts(String experiment) {
        long from = System.currentTimeMillis();
        long deadline = System.nanoTime() + ALERTS_NANOS;
        synchronized (this) {
            while (System.nanoTime() < deadline) {
                ExperimentStatus status = statuses.get(experiment + "/evaluator");
                if (status != null && status.getPhase() == Phase.WAITING && status.getTime() >= from) {
                    break;
                }
                pause(CHECK_MS);
            }
        }
        tellAlerts();
    }

    private Optional<String> refusal() {
        return statuses.values().stream()
                .filter(status -> status.getError() != null)
                .map(status -> name(status.getExperiment()) + ": " + status.getService() + ": " + status.getError())
                .findFirst();
    }

    /** From now on, only what is reported of this run counts. */
    synchronized void follow(Experiment started) {
        runs.put(started.getId(), started.getRun());
        statuses.values()
                .removeIf(
                        status -> status.getExperiment().equals(started.getId()) && status.getRun() < started.getRun());
    }

    /** Prints until the thread is interrupted or the JVM ends. */
    void follow() {
        while (true) {
            synchronized (this) {
                print();
                pause(PRINT_MS);
            }
        }
    }

    @SuppressWarnings("WaitNotInLoop") // every caller loops
    private synchronized void pause(long millis) {
        statusReader.throwFailure();
        metricsReader.throwFailure();
        alertFollower.throwFailure();
        try {
            wait(millis);
        } catch (InterruptedException e) {
            throw new InterruptException(e);
        }
    }

    /**
     * Waits until one of these experiments has ended.
     *
     * @param limit after which it waits no longer
     * @return those that have, each with what it failed of, if it did
     * @throws FailureException where there is trouble with the services
     */
    Map<String, Optional<String>> awaitAny(Set<String> experiments, Duration limit) {
        long deadline = System.nanoTime() + limit.toNanos();
        while (true) {
            synchronized (this) {
                trouble.get().ifPresent(message -> {
                    throw new FailureException(message);
                });
                Map<String, Optional<String>> ended = new LinkedHashMap<>();
                for (String experiment : experiments) {
                    Optional<String> failure = failure(experiment);
                    if (failure.isPresent() || isEnded(experiment)) {
                        ended.put(experiment, failure);
                    }
                }
                if (!ended.isEmpty() || System.nanoTime() >= deadline) {
                    return ended;
                }
                pause(CHECK_MS);
            }
        }
    }

    /** What is being done for these experiments, a line each. */
    synchronized List<String> activities(Set<String> experiments) {
        return statuses.values().stream()
                .filter(status -> status.getPhase() == Phase.RUNNING && experiments.contains(status.getExperiment()))
                .map(status -> stamp() + Printable.line(line(status)))
                .toList();
    }

    private Optional<String> failure(String experiment) {
        return statuses.values().stream()
                .filter(status -> status.getPhase() == Phase.FAILED
                        && status.getExperiment().equals(experiment))
                .map(status -> status.getService() + ": " + status.getError())
                .findFirst();
    }

    private Optional<String> failure() {
        return trouble.get().or(this::failedExperiment);
    }

    private Optional<String> failedExperiment() {
        return statuses.values().stream()
                .filter(status -> status.getPhase() == Phase.FAILED)
                .map(ExperimentStatus::getExperiment)
                .findFirst()
                .flatMap(experiment -> failure(experiment).map(failure -> name(experiment) + ": " + failure));
    }

    private boolean ended() {
        return names.keySet().stream().allMatch(this::isEnded);
    }

    private boolean isEnded(String experiment) {
        boolean stopped =
                ExperimentPhase.LAST_SERVICES.stream().anyMatch(service -> phase(experiment, service) == Phase.STOPPED);
        return stopped
                || ExperimentPhase.LAST_SERVICES.stream()
                        .allMatch(service -> phase(experiment, service) == Phase.COMPLETED);
    }

    private Phase phase(String experiment, String service) {
        ExperimentStatus status = statuses.get(experiment + "/" + service);
        return status == null ? Phase.WAITING : status.getPhase();
    }

    private void print() {
        statuses.forEach((key, status) -> {
            if (live.isPresent() && isMoving(key, status)) {
                return;
            }
            String line = line(status);
            // that images come in on a stream is no news
            boolean due = !isFilling(status) || isDue(key);
            if (due && !line.equals(printed.put(key, line))) {
                printedAt.put(key, System.nanoTime());
                out.accept(stamp() + coloured(status.getPhase(), Printable.line(line)));
            }
        });
        changedMetrics.entrySet().removeIf(entry -> {
            boolean due = entry.getValue().getComplete() || isDue(entry.getKey());
            String line = line(entry.getValue());
            if (due && !line.equals(printed.put(entry.getKey(), line))) {
                printedAt.put(entry.getKey(), System.nanoTime());
                out.accept(stamp() + Printable.line(line));
            }
            return due;
        });
        changedAlerts.forEach(
                alert -> out.accept(stamp() + in(LiveLines.Colour.YELLOW, Printable.line(AlertFollower.line(alert)))));
        changedAlerts.clear();
        live.ifPresent(lines -> lines.draw(statuses.entrySet().stream()
                .filter(entry -> isMoving(entry.getKey(), entry.getValue()))
                .map(entry -> stamp() + live(lines, entry.getValue()))
                .toList()));
    }

    /** At a terminal, what moves is drawn in place, and is no event. A service may say nothing of a stop that others tell. */
    private boolean isMoving(String key, ExperimentStatus status) {
        return status.getPhase() == Phase.RUNNING
                && status.getTotal() > 0
                && status.getDone() < status.getTotal()
                && !stale.contains(key)
                && !isHeld(status.getExperiment());
    }

    private boolean isHeld(String experiment) {
        return isEnded(experiment)
                || ExperimentPhase.LAST_SERVICES.stream()
                        .map(service -> phase(experiment, service))
                        .anyMatch(phase -> phase == Phase.PAUSED || phase == Phase.FAILED);
    }

    private String live(LiveLines lines, ExperimentStatus status) {
        double share = (double) status.getDone() / status.getTotal();
        String left = status.getRate() > 0
                ? duration((status.getTotal() - status.getDone()) / status.getRate()) + " left"
                : "";
        return "%-14s %s %3.0f %%  %-11s  %s: %s"
                .formatted(
                        Printable.line(status.getService()),
                        lines.bar(share),
                        Math.floor(100 * share),
                        left,
                        Printable.line(name(status.getExperiment())),
                        Printable.line(status.getActivity()));
    }

    private String coloured(Phase phase, String text) {
        return switch (phase) {
            case FAILED -> in(LiveLines.Colour.RED, text);
            case COMPLETED -> in(LiveLines.Colour.GREEN, text);
            default -> text;
        };
    }

    private String in(LiveLines.Colour colour, String text) {
        return live.map(lines -> lines.in(colour, text)).orElse(text);
    }

    private static boolean isFilling(ExperimentStatus status) {
        return status.getService().equals("producer")
                && status.getPhase() == Phase.RUNNING
                && status.getActivity().startsWith("window ");
    }

    private boolean isDue(String key) {
        return System.nanoTime() - printedAt.getOrDefault(key, started - AGAIN_NANOS) >= AGAIN_NANOS;
    }

    private String stamp() {
        long seconds = (System.nanoTime() - started) / 1_000_000_000;
        return "%3d:%02d  ".formatted(seconds / 60, seconds % 60);
    }

    private String line(ExperimentStatus status) {
        return "%-9s  %s: %s".formatted(status.getService(), name(status.getExperiment()), words(status));
    }

    /** What a service says of an experiment. */
    static String words(ExperimentStatus status) {
        StringBuilder line = new StringBuilder(status.getActivity());
        if (status.getPhase() == Phase.FAILED) {
            line.append(": ").append(status.getError());
        } else if (status.getTotal() > 0) {
            line.append(", %d of %d %s".formatted(status.getDone(), status.getTotal(), status.getUnit()));
            if (status.getRate() > 0 && status.getDone() < status.getTotal()) {
                double left = (status.getTotal() - status.getDone()) / status.getRate();
                line.append(", %.1f/s, %s left".formatted(status.getRate(), duration(left)));
            }
        }
        return line.toString();
    }

    static String duration(double seconds) {
        long whole = Math.round(seconds);
        return whole < 90 ? whole + " s" : whole < 5400 ? (whole + 30) / 60 + " min" : (whole + 1800) / 3600 + " h";
    }

    private static NamedMetric headline(RobustnessMetrics metrics) {
        return NamedMetric.of(
                metrics, metrics.getLabels() == ImageLabels.PREDICTED ? MetricNames.STABILITY : MetricNames.IRR);
    }

    private String line(RobustnessMetrics metrics) {
        NamedMetric headline = headline(metrics);
        String interval = headline.interval()
                .map(bounds -> " [%.1f, %.1f]".formatted(bounds.low(), bounds.high()))
                .orElse("");
        String victim = metrics.getVictim().substring(metrics.getVictim().lastIndexOf('/') + 1);
        String which = metrics.getMethod().equals(Victim.BROUGHT)
                ? victim + " version " + metrics.getVersion()
                        + (metrics.getWindow() == null
                                ? ""
                                : ", window " + metrics.getWindow().getNumber())
                : "snapshot " + metrics.getSnapshot() + ", " + victim;
        boolean predicted = metrics.getLabels() == ImageLabels.PREDICTED;
        return "%-9s  %s: %.1f%s  %s %s, %s%s, %d images%s"
                .formatted(
                        predicted ? MetricNames.STABILITY : "I-RR",
                        name(metrics.getExperiment()),
                        headline.value().orElseThrow(),
                        interval,
                        metrics.getSuite(),
                        metrics.getMode().name().toLowerCase(Locale.ROOT),
                        which,
                        predicted
                                ? ""
                                : ", clean %.1f".formatted(metrics.getClean().getAccuracy()),
                        NamedMetric.images(metrics),
                        metrics.getComplete() ? ", complete" : "");
    }

    @Override
    public void close() {
        live.ifPresent(lines -> lines.draw(List.of()));
        statusReader.close();
        metricsReader.close();
        alertFollower.close();
    }
}
