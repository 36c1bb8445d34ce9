package dev.romestream.standalone.stack;

import dev.romestream.dashboard.ExperimentCost;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.config.Settings;
import dev.romestream.producer.Datasets;
import dev.romestream.schemas.DatasetDescriptor;
import dev.romestream.schemas.DatasetSpec;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.NetworkSpec;
import dev.romestream.standalone.benchmark.Budget;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/** What experiments cost on this machine, whose rate is measured once for each kind of network. */
final class StackCost implements Function<List<Experiment>, Optional<String>> {
    private static final int MOST_KNOWN = 64;
    /** Wider networks are not tried beside what is running. */
    private static final int MOST_WIDTH = 256;

    private final RomeConfig config;
    private final Map<DatasetSpec, DatasetDescriptor> datasets = new HashMap<>();
    private final Map<NetworkSpec, Double> rates = new HashMap<>();

    StackCost(RomeConfig config) {
        this.config = config;
    }

    @Override
    public synchronized Optional<String> apply(List<Experiment> experiments) {
        Experiment first = experiments.get(0);
        if (!ExperimentCost.isComparable(experiments)) {
            return Optional.empty();
        }
        if (datasets.size() + rates.size() > MOST_KNOWN) {
            datasets.clear();
            rates.clear();
        }
        Optional<DatasetDescriptor> dataset = Optional.ofNullable(datasets.get(first.getDataset()))
                .or(() -> Datasets.known(config, first.getDataset()));
        dataset.ifPresent(known -> datasets.put(first.getDataset(), known));
        NetworkSpec network = first.getDistillation().getNetwork();
        return network.getWidth() > MOST_WIDTH
                ? Optional.empty()
                : dataset.map(known -> Budget.of(experiments, known)
                        .describe(rates.computeIfAbsent(
                                network,
                                any -> Budget.measuredRate(first, known, config.string(Settings.ENGINE_DEVICE)))));
    }
}
