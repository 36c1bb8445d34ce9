package dev.romestream.distiller;

import dev.romestream.exchange.DatasetStore;
import dev.romestream.exchange.TensorCodec;
import dev.romestream.messaging.topic.RecordSender;
import dev.romestream.robustness.distill.SyntheticSet;
import dev.romestream.schemas.DatasetDescriptor;
import dev.romestream.schemas.DistillationSpec;
import dev.romestream.schemas.SnapshotClass;
import dev.romestream.schemas.SnapshotManifest;
import dev.romestream.schemas.SyntheticSnapshot;
import dev.romestream.schemas.Topic;

/** Publishes snapshots: every class, and then the manifest, so that whoever has the manifest has all. */
final class SnapshotWriter {
    private final RecordSender sender;
    private final String experiment;
    private final DistillationSpec spec;
    private final DatasetDescriptor dataset;

    SnapshotWriter(RecordSender sender, String experiment, DistillationSpec spec, DatasetStore.Dataset dataset) {
        this.sender = sender;
        this.experiment = experiment;
        this.spec = spec;
        this.dataset = dataset.descriptor();
    }

    void write(int snapshot, int iteration, boolean last, SyntheticSet set) {
        for (int label = 0; label < set.classes(); label++) {
            var images = new SnapshotClass(label, TensorCodec.encode(set.images(label)));
            send(snapshot, Integer.toString(label), images);
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

    private void send(int snapshot, String part, Object body) {
        String key = experiment + "/" + snapshot + "/" + part;
        sender.send(Topic.SYNTHETIC_SNAPSHOTS, key, new SyntheticSnapshot(experiment, snapshot, body));
    }
}
