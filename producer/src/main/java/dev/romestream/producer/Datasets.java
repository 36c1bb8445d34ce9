package dev.romestream.producer;

import dev.romestream.experiments.DatasetIds;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.config.Settings;
import dev.romestream.schemas.DatasetDescriptor;
import dev.romestream.schemas.DatasetSpec;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/** What data sets are, for whoever wants to know before their images are published. */
public final class Datasets {
    /** Classes, channels, side, training and test images of the official data sets. */
    private static final Map<String, int[]> OFFICIAL = Map.of(
            "cifar10", new int[] {10, 3, 32, 50_000, 10_000},
            "cifar100", new int[] {100, 3, 32, 50_000, 10_000},
            "mnist", new int[] {10, 1, 28, 60_000, 10_000},
            "fashion-mnist", new int[] {10, 1, 28, 60_000, 10_000},
            "tiny-imagenet", new int[] {200, 3, 64, 100_000, 10_000});

    private Datasets() {}

    /** The description of a data set as it is published by those who made it; empty where it is none of those. */
    public static Optional<DatasetDescriptor> official(DatasetSpec spec) {
        return Optional.ofNullable(OFFICIAL.get(spec.getName())).map(size -> DatasetDescriptor.newBuilder()
                .setId(DatasetIds.of(spec))
                .setName(spec.getName())
                .setFingerprint("")
                .setClasses(
                        IntStream.range(0, size[0]).mapToObj(String::valueOf).toList())
                .setShape(List.of(size[1], size[2], size[2]))
                .setMean(Collections.nCopies(size[1], 0.0))
                .setStd(Collections.nCopies(size[1], 1.0))
                .setTrainImages(size[3])
                .setTrainBatches(0)
                .setTestImages(size[4])
                .setTestBatches(0)
                .setTestLabels(List.of())
                .build());
    }

    /** The description by the files, or else the official one. */
    public static Optional<DatasetDescriptor> known(RomeConfig config, DatasetSpec spec) {
        return describe(config, spec).or(() -> official(spec));
    }

    /**
     * The description that the producer would publish; empty where it cannot read the data set from its files, or the data set is a topic.
     *
     * @param config with the data directory
     */
    private static Optional<DatasetDescriptor> describe(RomeConfig config, DatasetSpec spec) {
        if (spec.getName().equals(DatasetIds.TOPIC)) {
            return Optional.empty();
        }
        try {
            ImageDataset dataset = new Sources(config, () -> false).load(spec, activity -> {});
            return Optional.of(DatasetPublisher.descriptor(
                    DatasetIds.of(spec), dataset, config.integer(Settings.IMAGES_PER_BATCH)));
        } catch (SourceException e) {
            return Optional.empty();
        }
    }
}
