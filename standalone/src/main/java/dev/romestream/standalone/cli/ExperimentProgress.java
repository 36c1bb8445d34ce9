package dev.romestream.standalone.cli;

import dev.romestream.experiments.DatasetIds;
import dev.romestream.experiments.ExperimentPhase;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.topic.RecordReader;
import dev.romestream.schemas.DistillationSpec;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.ExperimentStatus;
import dev.romestream.schemas.LabelKind;
import dev.romestream.schemas.Phase;
import dev.romestream.schemas.Topic;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * An experiment with what each service says of it.
 *
 * @param statuses of the run that it is in, by service
 */
record ExperimentProgress(Experiment experiment, List<ExperimentStatus> statuses) {
    private static final Duration LIMIT = Duration.ofMinutes(2);

    /** Those that are on the topics now, the most recently active first. */
    static List<ExperimentProgress> all(RomeConfig config) {
        Map<String, Experiment> experiments = new ConcurrentHashMap<>();
        Map<String, ExperimentStatus> statuses = new ConcurrentHashMap<>();
        try (var first = new RecordReader<>(
                        config, Topic.EXPERIMENTS, Experiment.class, (key, value) -> put(experiments, key, value));
                var second = new RecordReader<>(
                        config,
                        Topic.EXPERIMENT_STATUS,
                        ExperimentStatus.class,
                        (key, value) -> put(statuses, key, value))) {
            first.awaitCaughtUp(LIMIT);
            second.awaitCaughtUp(LIMIT);
        }
        return experiments.values().stream()
                .map(experiment -> new ExperimentProgress(
                        experiment,
                        statuses.values().stream()
                                .filter(status -> status.getExperiment().equals(experiment.getId())
                                        && status.getRun() == experiment.getRun())
                                .sorted(Comparator.comparing(ExperimentStatus::getService))
                                .toList()))
                .sorted(Comparator.comparingLong(ExperimentProgress::toldAt)
                        .reversed()
                        .thenComparing(one -> one.experiment().getId()))
                .toList();
    }

    private static <V> void put(Map<String, V> all, String key, V value) {
        if (value == null) {
            all.remove(key);
        } else {
            all.put(key, value);
        }
    }

    private long toldAt() {
        return statuses.stream().mapToLong(ExperimentStatus::getTime).max().orElse(0);
    }

    Phase phase() {
        return ExperimentPhase.of(experiment, statuses);
    }

    String method() {
        DistillationSpec distillation = experiment.getDistillation();
        return distillation == null
                ? "network"
                : distillation.getMethod()
                        + (distillation.getLabels().getKind() == LabelKind.SOFT ? " + soft labels" : "")
                        + " " + distillation.getImagesPerClass() + "/class";
    }

    String dataset() {
        return DatasetIds.of(experiment.getDataset());
    }

    /** What the service does that is furthest from its end, or why one failed. */
    String doing() {
        Phase phase = phase();
        return statuses.stream()
                .filter(status -> status.getPhase() == phase)
                .min(Comparator.comparingDouble(
                        status -> status.getTotal() > 0 ? (double) status.getDone() / status.getTotal() : 1))
                .map(status -> phase == Phase.COMPLETED ? "" : Monitor.words(status))
                .orElse("");
    }
}
