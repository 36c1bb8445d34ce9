package dev.romestream.standalone.set;

import dev.romestream.exchange.experiment.DistillationDefaults;
import dev.romestream.exchange.store.SnapshotWriter;
import dev.romestream.experiments.DatasetIds;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.service.Resources;
import dev.romestream.messaging.topic.ChunkStore;
import dev.romestream.messaging.topic.RecordReader;
import dev.romestream.messaging.topic.RecordSender;
import dev.romestream.schemas.DatasetDescriptor;
import dev.romestream.schemas.DatasetSpec;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.SnapshotManifest;
import dev.romestream.schemas.Topic;
import java.time.Duration;
import java.util.Optional;

/** Publishes sets that users bring, each as the only snapshot of an experiment. */
public final class SetPublisher implements AutoCloseable {
    private static final Duration LIMIT = Duration.ofMinutes(2);

    private final Resources resources = new Resources();
    private final SnapshotWriter writer;
    private volatile Optional<DatasetDescriptor> dataset = Optional.empty();

    /** @param spec the data set that the sets are of */
    public SetPublisher(RomeConfig config, DatasetSpec spec) {
        RecordSender sender = resources.add(new RecordSender(config));
        this.writer = new SnapshotWriter(sender, resources.add(new ChunkStore(config)));
        var reader =
                resources.add(new RecordReader<>(config, Topic.DATASETS, DatasetDescriptor.class, (key, descriptor) -> {
                    if (descriptor != null && DatasetIds.isOf(descriptor, spec)) {
                        dataset = Optional.of(descriptor);
                    }
                }));
        reader.awaitCaughtUp(LIMIT);
    }

    /** Whether the data set is described, without which no set can be checked. */
    public boolean isReady() {
        return dataset.isPresent();
    }

    /** The data set, once it is described. */
    public DatasetDescriptor dataset() {
        return dataset.orElseThrow();
    }

    /** What the values of a set are taken to be. */
    public String units(DistilledSet set) {
        return set.units(dataset.orElseThrow());
    }

    /** What is to be said of a set whose values look like others. */
    public Optional<String> doubt(DistilledSet set) {
        return set.doubt(dataset.orElseThrow());
    }

    /** @throws SetException where a set is none for the data set, once that is described */
    public void check(DistilledSet set) {
        set.classes(dataset.orElseThrow());
    }

    /**
     * Publishes a set, once the data set is described; returns when the broker has it.
     *
     * @throws SetException where it is none for the data set
     */
    public void publish(Experiment experiment, DistilledSet set) {
        DatasetDescriptor descriptor = dataset.orElseThrow();
        SnapshotManifest manifest = SnapshotManifest.newBuilder()
                .setMethod(DistillationDefaults.GIVEN)
                .setIteration(0)
                .setFinal$(true)
                .setDataset(descriptor.getId())
                .setFingerprint(descriptor.getFingerprint())
                .setClasses(descriptor.getClasses().size())
                .setImagesPerClass(experiment.getDistillation().getImagesPerClass())
                .setMultiFormation(set.multiFormation())
                .setMean(descriptor.getMean())
                .setStd(descriptor.getStd())
                .setClassNames(descriptor.getClasses())
                .build();
        writer.write(experiment.getId(), 0, set.classes(descriptor), manifest);
    }

    @Override
    public void close() {
        resources.close();
    }
}
