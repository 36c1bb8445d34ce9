package dev.romestream.standalone.stack;

import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.producer.Datasets;
import dev.romestream.schemas.DatasetDescriptor;
import dev.romestream.schemas.DatasetSpec;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.NetworkSpec;
import dev.romestream.standalone.benchmark.Budget;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

/** What experiments cost on this machine, whose rate is measured once for each kind of network. */
final class StackCost implements Function<List<Experiment>, Optional<String>> {
    private static final int MOST_KNOWN = 64;

    private final RomeConfig config;
    private final Map<DatasetSpec, Optional<DatasetDescriptor>> datasets = new ConcurrentHashMap<>();
    private final Map<NetworkSpec, Double> rates = new ConcurrentHashMap<>();

    StackCost(RomeConfig config) {
        this.config = config;
    }

    @Override
    public Optional<String> apply(List<Experiment> experiments) {
        Experiment first = experiments.get(0);
        boolean comparable = experiments.stream()
                .allMatch(experiment -> experiment.getDistillation() != null
                        && experiment.getDataset().equals(first.getDataset()));
        if (!comparable) {
            return Optional.empty();
        }
        if (datasets.size() + rates.size() > MOST_KNOWN) {
            datasets.clear();
            rates.clear();
        }
        return datasets.computeIfAbsent(first.getDataset(), spec -> Datasets.describe(config, spec)
                        .or(() -> Datasets.official(spec)))
                .map(dataset -> Budget.of(experiments, dataset)
                        .describe(rates.computeIfAbsent(
                                first.getDistillation().getNetwork(),
                                network ->
                                        Budget.measuredRate(first, dataset, config.string(RomeConfig.ENGINE_DEVICE)))));
    }
}
