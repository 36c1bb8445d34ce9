package dev.romestream.distiller;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.romestream.exchange.TensorCodec;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.topic.RecordReader;
import dev.romestream.messaging.topic.RecordSender;
import dev.romestream.robustness.distill.SyntheticSet;
import dev.romestream.schemas.Checkpoint;
import dev.romestream.schemas.Topic;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Where experiments can go on. A checkpoint is one record a class; the two newest ones stay, so that one is whole even when the
 * distiller ends while it writes the other.
 */
final class Checkpoints implements AutoCloseable {
    private static final int GENERATIONS = 2;

    private final Map<String, Map<String, Checkpoint>> byExperiment = new HashMap<>();
    private final RecordReader<Checkpoint> reader;

    /** A whole checkpoint, class by class. */
    record Resumable(int iteration, List<Checkpoint> classes) {
        SyntheticSet restore(NDManager manager, boolean multiFormation) {
            NDList images = new NDList();
            NDList velocities = new NDList();
            for (Checkpoint part : classes) {
                images.add(TensorCodec.decode(manager, "images", part.getImages()));
                velocities.add(TensorCodec.decode(manager, "momentum", part.getMomentum()));
            }
            return new SyntheticSet(manager, multiFormation, images, velocities);
        }
    }

    Checkpoints(RomeConfig config) {
        this.reader = new RecordReader<>(config, Topic.CHECKPOINTS, Checkpoint.class, this::accept);
    }

    private synchronized void accept(String key, Checkpoint checkpoint) {
        if (checkpoint != null) {
            byExperiment
                    .computeIfAbsent(checkpoint.getExperiment(), any -> new HashMap<>())
                    .put(key, checkpoint);
        }
    }

    void awaitCaughtUp(Duration limit) {
        reader.awaitCaughtUp(limit);
    }

    /** The newest whole checkpoint of this very specification. */
    synchronized Optional<Resumable> newest(String experiment, String specification, int classes) {
        Map<Integer, List<Checkpoint>> byIteration = byExperiment.getOrDefault(experiment, Map.of()).values().stream()
                .filter(part -> part.getSpecification().equals(specification))
                .collect(Collectors.groupingBy(Checkpoint::getIteration));
        return byIteration.entrySet().stream()
                .filter(entry -> entry.getValue().size() == classes)
                .max(Map.Entry.comparingByKey())
                .map(entry -> new Resumable(
                        entry.getKey(),
                        entry.getValue().stream()
                                .sorted((a, b) -> Integer.compare(a.getLabel(), b.getLabel()))
                                .toList()));
    }

    /** @param snapshot number of the snapshot that it goes with */
    static void write(
            RecordSender sender,
            String experiment,
            String specification,
            int snapshot,
            int iteration,
            SyntheticSet set) {
        IntStream.range(0, set.classes()).forEach(label -> {
            String key = experiment + "/" + label + "/" + snapshot % GENERATIONS;
            sender.send(
                    Topic.CHECKPOINTS,
                    key,
                    new Checkpoint(
                            experiment,
                            specification,
                            label,
                            iteration,
                            TensorCodec.encode(set.images(label)),
                            TensorCodec.encode(set.velocity(label))));
        });
        sender.flush();
    }

    @Override
    public void close() {
        reader.close();
    }
}
