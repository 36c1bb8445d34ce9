package dev.romestream.evaluator;

import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.topic.RecordReader;
import dev.romestream.schemas.RobustnessMetrics;
import dev.romestream.schemas.Topic;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** Which figures are complete, from {@code robustness-latest}. */
final class Progress implements AutoCloseable {
    private final Map<String, Map<String, RobustnessMetrics>> byExperiment = new HashMap<>();
    private final RecordReader<RobustnessMetrics> reader;

    Progress(RomeConfig config) {
        this.reader = new RecordReader<>(config, Topic.ROBUSTNESS_LATEST, RobustnessMetrics.class, this::accept);
    }

    private synchronized void accept(String key, RobustnessMetrics metrics) {
        if (metrics != null) {
            byExperiment
                    .computeIfAbsent(metrics.getExperiment(), any -> new HashMap<>())
                    .put(key, metrics);
        }
    }

    void awaitCaughtUp(Duration limit) {
        reader.awaitCaughtUp(limit);
    }

    /** Images whose outcomes are counted, over all attacks of all figures of an experiment. */
    synchronized long outcomes(String experiment) {
        reader.throwFailure();
        return figures(experiment).values().stream()
                .flatMap(metrics -> metrics.getAttacks().stream())
                .mapToLong(attack -> attack.getCount())
                .sum();
    }

    /** Complete figures of a victim of an experiment. */
    long complete(String experiment, String victim) {
        return complete(experiment, victim, 0);
    }

    /** Complete figures of a version of a network. */
    synchronized long complete(String experiment, String network, int version) {
        return figures(experiment).values().stream()
                .filter(metrics ->
                        metrics.getComplete() && metrics.getVictim().equals(network) && metrics.getVersion() == version)
                .count();
    }

    /** Complete figures of an experiment. */
    synchronized long complete(String experiment) {
        return figures(experiment).values().stream()
                .filter(RobustnessMetrics::getComplete)
                .count();
    }

    /** Why a figure cannot become complete, if one cannot. */
    synchronized Optional<String> failure(String experiment) {
        return figures(experiment).values().stream()
                .filter(metrics -> !metrics.getComplete())
                .flatMap(metrics -> metrics.getUndefined().entrySet().stream())
                .filter(entry -> entry.getKey().startsWith(MetricsCalculation.FAILED_PREFIX))
                .map(Map.Entry::getValue)
                .findFirst();
    }

    private Map<String, RobustnessMetrics> figures(String experiment) {
        return byExperiment.getOrDefault(experiment, Map.of());
    }

    @Override
    public void close() {
        reader.close();
    }
}
