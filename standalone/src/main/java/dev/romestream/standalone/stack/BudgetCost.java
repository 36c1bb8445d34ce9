package dev.romestream.standalone.stack;

import dev.romestream.dashboard.ExperimentCost;
import dev.romestream.schemas.DatasetDescriptor;
import dev.romestream.schemas.Experiment;
import dev.romestream.standalone.benchmark.Budget;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/** Tells a dashboard of its own process what experiments cost. */
public final class BudgetCost implements ExperimentCost {
    @Override
    public Optional<String> describe(List<Experiment> experiments, DatasetDescriptor dataset, OptionalDouble rate) {
        return Optional.of(Budget.of(experiments, dataset).describe(rate));
    }
}
