package dev.romestream.exchange.store;

import dev.romestream.exchange.codec.TensorBytes;
import dev.romestream.exchange.identity.Identity;
import dev.romestream.messaging.topic.ChunkStore;
import dev.romestream.messaging.topic.RecordSender;
import dev.romestream.schemas.Chunk;
import dev.romestream.schemas.SnapshotClass;
import dev.romestream.schemas.SnapshotManifest;
import dev.romestream.schemas.SyntheticSnapshot;
import dev.romestream.schemas.Topic;
import java.util.List;

/** Publishes snapshots: every class, and then the manifest, so that whoever has the manifest has all. */
public final class SnapshotWriter {
    private final RecordSender sender;
    private final ChunkStore chunks;

    public SnapshotWriter(RecordSender sender, ChunkStore chunks) {
        this.sender = sender;
        this.chunks = chunks;
    }

    /** Returns when the broker has all of it. The manifest is completed with the sizes of what there is. */
    public void write(String experiment, int snapshot, List<SnapshotClass> classes, SnapshotManifest manifest) {
        for (SnapshotClass part : classes) {
            String key = SnapshotStore.classKey(experiment, snapshot, part.getLabel());
            send(key, new SyntheticSnapshot(experiment, snapshot, fitting(key, part)));
        }
        send(
                SnapshotStore.manifestKey(experiment, snapshot),
                new SyntheticSnapshot(experiment, snapshot, classes.isEmpty() ? manifest : sized(manifest, classes)));
        sender.flush();
    }

    private static SnapshotManifest sized(SnapshotManifest manifest, List<SnapshotClass> classes) {
        long images = 0;
        long imageBytes = 0;
        long softLabelBytes = 0;
        for (SnapshotClass part : classes) {
            images += part.getImages().getShape().get(0);
            imageBytes += part.getImages().getData().remaining();
            softLabelBytes += part.getSoftLabels() == null
                    ? 0
                    : part.getSoftLabels().getData().remaining();
        }
        return SnapshotManifest.newBuilder(manifest)
                .setDigest(Identity.set(classes))
                .setImageBytes(imageBytes)
                .setLabelBytes(Long.BYTES * images + softLabelBytes)
                .build();
    }

    /** With its images, where they fit into a record, or else with their chunks. */
    private SnapshotClass fitting(String key, SnapshotClass part) {
        if (part.getImages().getData().remaining() <= SnapshotStore.MOST_INLINE_BYTES) {
            return part;
        }
        List<Chunk> written = chunks.write(SnapshotStore.OWNER + key, TensorBytes.join(List.of(part.getImages())));
        return SnapshotClass.newBuilder(part)
                .setImages(TensorBytes.emptied(part.getImages()))
                .setChunks(written)
                .build();
    }

    private void send(String key, SyntheticSnapshot record) {
        sender.send(Topic.SYNTHETIC_SNAPSHOTS, key, record);
    }
}
