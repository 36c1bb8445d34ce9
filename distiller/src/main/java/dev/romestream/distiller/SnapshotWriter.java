package dev.romestream.distiller;

import dev.romestream.exchange.codec.Dataset;
import dev.romestream.exchange.codec.TensorBytes;
import dev.romestream.exchange.codec.TensorCodec;
import dev.romestream.exchange.store.SnapshotStore;
import dev.romestream.messaging.topic.ChunkStore;
import dev.romestream.messaging.topic.RecordSender;
import dev.romestream.robustness.distill.SyntheticSet;
import dev.romestream.schemas.Chunk;
import dev.romestream.schemas.DatasetDescriptor;
import dev.romestream.schemas.DistillationSpec;
import dev.romestream.schemas.SnapshotClass;
import dev.romestream.schemas.SnapshotManifest;
import dev.romestream.schemas.SyntheticSnapshot;
import dev.romestream.schemas.Tensor;
import dev.romestream.schemas.Topic;
import java.util.List;

/** Publishes snapshots: every class, and then the manifest, so that whoever has the manifest has all. */
final class SnapshotWriter {
    private final RecordSender sender;
    private final ChunkStore chunks;
    private final String experiment;
    private final DistillationSpec spec;
    private final DatasetDescriptor dataset;

    SnapshotWriter(RecordSender sender, ChunkStore chunks, String experiment, DistillationSpec spec, Dataset dataset) {
        this.sender = sender;
        this.chunks = chunks;
        this.experiment = experiment;
        this.spec = spec;
        this.dataset = dataset.descriptor();
    }

    void write(int snapshot, int iteration, boolean last, SyntheticSet set) {
        for (int label = 0; label < set.classes(); label++) {
            send(
                    snapshot,
                    Integer.toString(label),
                    images(snapshot, label, TensorCodec.encode("The images of class " + label, set.images(label))));
        }
        SnapshotManifest manifest = SnapshotManifest.newBuilder()
                .setMethod(spec.getMethod())
                .setIteration(iteration)
                .setFinal$(last)
                .setDataset(dataset.getId())
                .setFingerprint(dataset.getFingerprint())
                .setClasses(set.classes())
                .setImagesPerClass(spec.getImagesPerClass())
                .setMultiFormation(set.multiFormation())
                .setMean(dataset.getMean())
                .setStd(dataset.getStd())
                .build();
        send(snapshot, "manifest", manifest);
        sender.flush();
    }

    /** With the images, where they fit into a record, or else with their chunks. */
    private SnapshotClass images(int snapshot, int label, Tensor images) {
        if (images.getData().remaining() <= SnapshotStore.MOST_INLINE_BYTES) {
            return new SnapshotClass(label, images, List.of());
        }
        String owner = "snapshots/" + SnapshotStore.classKey(experiment, snapshot, label);
        List<Chunk> written = chunks.write(owner, TensorBytes.join(List.of(images)));
        return new SnapshotClass(label, TensorBytes.emptied(images), written);
    }

    private void send(int snapshot, String part, Object body) {
        String key = experiment + "/" + snapshot + "/" + part;
        sender.send(Topic.SYNTHETIC_SNAPSHOTS, key, new SyntheticSnapshot(experiment, snapshot, body));
    }
}
