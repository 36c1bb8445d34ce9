package dev.romestream.dashboard;

import dev.romestream.schemas.DatasetDescriptor;
import dev.romestream.schemas.Experiment;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/** What experiments cost: found by {@link java.util.ServiceLoader}, where something on the class path can tell. */
public interface ExperimentCost {
    /**
     * In words, in gradient evaluations and, where the rate is known, in time.
     *
     * @param experiments with distillations, on one data set
     * @param rate gradient evaluations a second of an attacker
     */
    Optional<String> describe(List<Experiment> experiments, DatasetDescriptor dataset, OptionalDouble rate);

    /** Whether experiments have distillations, on one data set. */
    static boolean isComparable(List<Experiment> experiments) {
        return experiments.stream()
                .allMatch(experiment -> experiment.getDistillation() != null
                        && experiment.getDataset().equals(experiments.get(0).getDataset()));
    }
}
