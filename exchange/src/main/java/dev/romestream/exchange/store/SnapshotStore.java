package dev.romestream.exchange.store;

import dev.romestream.exchange.codec.InvalidRecordException;
import dev.romestream.exchange.codec.TensorBytes;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.topic.ChunkStore;
import dev.romestream.messaging.topic.RecordIndex;
import dev.romestream.messaging.topic.RecordSender;
import dev.romestream.messaging.topic.TopicReader;
import dev.romestream.messaging.topic.TopicView;
import dev.romestream.schemas.SnapshotClass;
import dev.romestream.schemas.SnapshotManifest;
import dev.romestream.schemas.SyntheticSnapshot;
import dev.romestream.schemas.Tensor;
import dev.romestream.schemas.Topic;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The snapshots on their topic, with the images that are chunks. Safe for use by several threads. */
public final class SnapshotStore implements TopicView {
    /** Bytes of images that stand in a snapshot's own record; more are chunks, which only those read who need them. */
    public static final int MOST_INLINE_BYTES = 256 * 1024;

    /** What chunks of a class belong to, before its key. */
    static final String OWNER = "snapshots/";

    private static final String MANIFEST = "manifest";
    private static final long CACHE_BYTES = 16L * 1024 * 1024;
    private static final Duration LIMIT = Duration.ofMinutes(1);

    private final RecordIndex<SyntheticSnapshot> index;
    private final ChunkStore chunks;

    public SnapshotStore(RomeConfig config) {
        this.index = new RecordIndex<>(config, Topic.SYNTHETIC_SNAPSHOTS, SyntheticSnapshot.class, CACHE_BYTES);
        this.chunks = new ChunkStore(config);
    }

    /** The key of the manifest of a snapshot. */
    public static String manifestKey(String experiment, int snapshot) {
        return experiment + "/" + snapshot + "/" + MANIFEST;
    }

    /** The key of a class of a snapshot. */
    public static String classKey(String experiment, int snapshot, int label) {
        return experiment + "/" + snapshot + "/" + label;
    }

    /** The number of an experiment's newest snapshot; empty where there is none. */
    public Optional<Integer> newest(String experiment) {
        return numbers(experiment).stream().max(Integer::compare);
    }

    /** The numbers of an experiment's snapshots. */
    public List<Integer> numbers(String experiment) {
        String prefix = experiment + "/";
        return index.ids().stream()
                .filter(id -> id.startsWith(prefix) && id.endsWith("/" + MANIFEST))
                .map(id -> id.substring(prefix.length(), id.length() - MANIFEST.length() - 1))
                .filter(number -> number.matches("[0-9]{1,9}"))
                .map(Integer::valueOf)
                .toList();
    }

    /** The manifest of a snapshot, if there is one. */
    public Optional<SnapshotManifest> manifest(String experiment, int snapshot) {
        return index.get(manifestKey(experiment, snapshot))
                .map(SyntheticSnapshot::getPart)
                .filter(SnapshotManifest.class::isInstance)
                .map(SnapshotManifest.class::cast);
    }

    /**
     * The classes of a snapshot, in label order, with their images.
     *
     * @throws InvalidRecordException where one is not there
     */
    public List<SnapshotClass> classes(String experiment, int snapshot, int count) {
        List<SnapshotClass> classes = new ArrayList<>();
        for (int label = 0; label < count; label++) {
            String key = classKey(experiment, snapshot, label);
            if (!index.contains(key)) {
                index.awaitCurrent(LIMIT);
            }
            classes.add(index.get(key)
                    .map(SyntheticSnapshot::getPart)
                    .filter(SnapshotClass.class::isInstance)
                    .map(SnapshotClass.class::cast)
                    .flatMap(this::whole)
                    .orElseThrow(() -> new InvalidRecordException("The snapshot's images " + key + " are not there.")));
        }
        return classes;
    }

    private Optional<SnapshotClass> whole(SnapshotClass found) {
        if (found.getChunks().isEmpty()) {
            return Optional.of(found);
        }
        return chunks.read(found.getChunks()).map(bytes -> {
            Tensor images = TensorBytes.split("A snapshot's class", List.of(found.getImages()), bytes)
                    .get(0);
            return SnapshotClass.newBuilder(found)
                    .setImages(images)
                    .setChunks(List.of())
                    .build();
        });
    }

    /** Retires a snapshot: its own records, and their bytes. */
    public void retire(RecordSender sender, String experiment, int snapshot) {
        String prefix = experiment + "/" + snapshot + "/";
        index.ids().stream().filter(id -> id.startsWith(prefix)).forEach(id -> {
            index.get(id)
                    .map(SyntheticSnapshot::getPart)
                    .filter(SnapshotClass.class::isInstance)
                    .map(SnapshotClass.class::cast)
                    .ifPresent(part -> chunks.retire(OWNER + id, part.getChunks()));
            sender.tombstone(Topic.SYNTHETIC_SNAPSHOTS, id);
        });
        sender.flush();
    }

    @Override
    public TopicReader reader() {
        return index.reader();
    }

    @Override
    public void close() {
        index.close();
        chunks.close();
    }
}
