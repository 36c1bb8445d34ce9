package dev.romestream.evaluator;

import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.topic.RecordReader;
import dev.romestream.schemas.SnapshotClass;
import dev.romestream.schemas.SnapshotManifest;
import dev.romestream.schemas.SyntheticSnapshot;
import dev.romestream.schemas.Topic;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.errors.InterruptException;

/** Puts snapshots together from their records, and hands out each when it is whole. */
final class Snapshots implements AutoCloseable {
    private final Map<String, Parts> parts = new HashMap<>();
    private final Set<String> handedOut = new HashSet<>();
    private final BlockingQueue<Snapshot> whole = new LinkedBlockingQueue<>();
    private final RecordReader<SyntheticSnapshot> reader;

    /** A whole snapshot; the classes in label order. */
    record Snapshot(String experiment, int number, SnapshotManifest manifest, List<SnapshotClass> classes) {}

    private static final class Parts {
        private SnapshotManifest manifest;
        private final Map<Integer, SnapshotClass> classes = new TreeMap<>();
    }

    Snapshots(RomeConfig config) {
        this.reader = new RecordReader<>(
                config, Topic.SYNTHETIC_SNAPSHOTS, SyntheticSnapshot.class, (key, value) -> accept(value));
    }

    private void accept(SyntheticSnapshot record) {
        if (record == null) {
            return;
        }
        String key = record.getExperiment() + "/" + record.getSnapshot();
        Parts collected = parts.computeIfAbsent(key, any -> new Parts());
        if (record.getPart() instanceof SnapshotManifest manifest) {
            collected.manifest = manifest;
        } else if (record.getPart() instanceof SnapshotClass images) {
            collected.classes.put(images.getLabel(), images);
        }
        if (collected.manifest != null
                && collected.classes.size() == collected.manifest.getClasses()
                && handedOut.add(key)) {
            whole.add(new Snapshot(
                    record.getExperiment(),
                    record.getSnapshot(),
                    collected.manifest,
                    new ArrayList<>(collected.classes.values())));
            parts.remove(key);
        }
    }

    /** The next whole snapshot; empty where none came within {@code limit}. */
    Optional<Snapshot> next(Duration limit) {
        reader.throwFailure();
        try {
            return Optional.ofNullable(whole.poll(limit.toMillis(), TimeUnit.MILLISECONDS));
        } catch (InterruptedException e) {
            throw new InterruptException(e);
        }
    }

    @Override
    public void close() {
        reader.close();
    }
}
