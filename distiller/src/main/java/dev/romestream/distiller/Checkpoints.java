package dev.romestream.distiller;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.romestream.exchange.codec.TensorBytes;
import dev.romestream.exchange.codec.TensorCodec;
import dev.romestream.exchange.identity.Digest;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.topic.ChunkStore;
import dev.romestream.messaging.topic.RecordReader;
import dev.romestream.robustness.distill.SyntheticSet;
import dev.romestream.schemas.Checkpoint;
import dev.romestream.schemas.DatasetDescriptor;
import dev.romestream.schemas.Tensor;
import dev.romestream.schemas.Topic;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where experiments can go on: one record each, which replaces the one before. Its bytes are chunks, retired when the next one is
 * whole; of a distillation that is complete there are none.
 */
final class Checkpoints implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Checkpoints.class);
    private static final Duration LIMIT = Duration.ofMinutes(1);

    private final ChunkStore chunks;
    /** By experiment; without the bytes of their tensors. */
    private final Map<String, Checkpoint> heads = new ConcurrentHashMap<>();

    private final RecordReader<Checkpoint> reader;
    private volatile boolean caughtUp;

    /** A checkpoint with its tensors. */
    record Resumable(
            int iteration,
            boolean unlabelled,
            List<Tensor> images,
            List<Tensor> momentum,
            List<Tensor> state,
            List<Tensor> stateMomentum) {
        /** Whether the distillation is over: its last snapshot holds the images. */
        boolean isComplete() {
            return images.isEmpty();
        }

        SyntheticSet restore(NDManager manager, boolean multiFormation) {
            return new SyntheticSet(
                    manager,
                    multiFormation,
                    arrays(manager, "images", images),
                    arrays(manager, "momentum", momentum),
                    arrays(manager, "state", state),
                    arrays(manager, "stateMomentum", stateMomentum));
        }

        private static NDList arrays(NDManager manager, String field, List<Tensor> tensors) {
            NDList arrays = new NDList();
            tensors.forEach(tensor -> arrays.add(TensorCodec.decode(manager, field, tensor)));
            return arrays;
        }
    }

    Checkpoints(RomeConfig config, ChunkStore chunks) {
        this.chunks = chunks;
        this.reader = new RecordReader<>(config, Topic.CHECKPOINTS, Checkpoint.class, this::follow);
    }

    void awaitCaughtUp() {
        reader.awaitCaughtUp();
        caughtUp = true;
    }

    /** Iterations of an experiment that are done and kept, whatever its specification; 0 where there are none. */
    int iteration(String experiment) {
        return head(experiment).map(Checkpoint::getIteration).orElse(0);
    }

    /** As {@link #iteration(String)}, of a window of a stream: all where it is done or left behind, and none where at an earlier one. */
    int iteration(String experiment, int window) {
        return head(experiment)
                .filter(head -> head.getWindow() != null && head.getWindow() >= window)
                .map(head -> head.getWindow() > window || isComplete(head) ? Integer.MAX_VALUE : head.getIteration())
                .orElse(0);
    }

    /**
     * Networks that the pool of an experiment may begin with on a window: those that the window before carried on, or, where that was left
     * before its end, those that it had begun with itself.
     */
    Set<List<String>> carried(String experiment, DatasetDescriptor window) {
        Optional<Checkpoint> head =
                head(experiment).filter(known -> known.getWindow() != null && window.getWindow() != null);
        if (head.isEmpty()) {
            return Set.of(List.of());
        }
        Set<List<String>> possible = new HashSet<>();
        boolean isHere = head.get().getWindow() == window.getWindow().getNumber();
        if (isHere || !isComplete(head.get())) {
            possible.add(head.get().getBegun());
        }
        if (!isHere) {
            possible.add(head.get().getCarried());
        }
        return possible;
    }

    /** Networks that the pool of a window begins with, present or next, whoever has it. */
    Set<String> carried() {
        return heads.values().stream()
                .flatMap(head -> Stream.concat(
                        isComplete(head) ? Stream.of() : head.getBegun().stream(), head.getCarried().stream()))
                .collect(Collectors.toSet());
    }

    void awaitCurrent() {
        reader.awaitCurrent(LIMIT);
    }

    /** The checkpoint of this very specification, if there is one. */
    Optional<Resumable> newest(String experiment, String specification) {
        Optional<Checkpoint> before = Optional.empty();
        while (true) {
            reader.awaitCurrent(LIMIT);
            Optional<Checkpoint> found =
                    head(experiment).filter(head -> head.getSpecification().equals(specification));
            if (found.isEmpty()) {
                return Optional.empty();
            }
            if (found.equals(before)) {
                log.warn("The bytes of the checkpoint of {} are lost; it begins anew", experiment);
                return Optional.empty();
            }
            before = found;
            Optional<byte[]> bytes = chunks.read(found.get().getChunks());
            if (bytes.isPresent()) {
                return Optional.of(resumable(found.get(), bytes.get()));
            }
            // its bytes are retired, so another worker has written the next one
        }
    }

    /**
     * The furthest that another experiment of this very specification is, within these iterations, if there is such: the images are
     * the same.
     */
    Optional<Resumable> ahead(String specification, int from, int to) {
        return of(specification)
                .filter(head -> !isComplete(head) && head.getIteration() > from && head.getIteration() <= to)
                .max(Comparator.comparing(Checkpoint::getIteration))
                .flatMap(head -> newest(head.getExperiment(), specification))
                .filter(found -> !found.isComplete() && found.iteration() > from && found.iteration() <= to);
    }

    /** Experiments whose distillation of this very specification is complete. */
    List<String> complete(String specification) {
        return of(specification)
                .filter(Checkpoints::isComplete)
                .map(Checkpoint::getExperiment)
                .sorted()
                .toList();
    }

    private static boolean isComplete(Checkpoint head) {
        return head.getImages().isEmpty();
    }

    private Stream<Checkpoint> of(String specification) {
        reader.awaitCurrent(LIMIT);
        return heads.values().stream().filter(head -> head.getSpecification().equals(specification));
    }

    private Optional<Checkpoint> head(String experiment) {
        return Optional.ofNullable(heads.get(experiment));
    }

    /** What is replaced is nobody's any more. */
    private void follow(String experiment, Checkpoint checkpoint) {
        Checkpoint before = checkpoint == null ? heads.remove(experiment) : heads.put(experiment, checkpoint);
        boolean replaced = before != null
                && !before.getOwner().isEmpty()
                && !(checkpoint != null && before.getOwner().equals(checkpoint.getOwner()));
        if (caughtUp && replaced) {
            discard(before);
        }
    }

    private static Resumable resumable(Checkpoint found, byte[] bytes) {
        List<Tensor> all = TensorBytes.split(
                "Checkpoint " + found.getExperiment(),
                Stream.of(found.getImages(), found.getMomentum(), found.getState(), found.getStateMomentum())
                        .flatMap(List::stream)
                        .toList(),
                bytes);
        int momentum = found.getImages().size();
        int state = momentum + found.getMomentum().size();
        int stateMomentum = state + found.getState().size();
        return new Resumable(
                found.getIteration(),
                found.getUnlabelled(),
                all.subList(0, momentum),
                all.subList(momentum, state),
                all.subList(state, stateMomentum),
                all.subList(stateMomentum, all.size()));
    }

    /**
     * A checkpoint whose bytes the broker has: to be the experiment's where the planner says so.
     *
     * @param unlabelled whether a snapshot is due that still waits for those who label it
     */
    Checkpoint of(String experiment, DistillationRun run, int iteration, SyntheticSet set, boolean unlabelled) {
        List<Tensor> images = new ArrayList<>();
        List<Tensor> momentum = new ArrayList<>();
        for (int label = 0; label < set.classes(); label++) {
            images.add(TensorCodec.encode("The images of class " + label, set.images(label)));
            momentum.add(TensorCodec.encode("The momentum of class " + label, set.velocity(label)));
        }
        List<Tensor> state = encoded("The state", set.state());
        List<Tensor> stateMomentum = encoded("The momentum of the state", set.stateVelocities());
        byte[] bytes = TensorBytes.join(Stream.of(images, momentum, state, stateMomentum)
                .flatMap(List::stream)
                .toList());
        // of the same iteration, another worker's bytes have another owner: the planner takes one of the two
        String owner = "checkpoints/" + experiment + "/" + iteration + "/"
                + new Digest().add(bytes).shortHex() + "/" + UUID.randomUUID();
        return Checkpoint.newBuilder()
                .setExperiment(experiment)
                .setSpecification(run.specification())
                .setWindow(run.window().orElse(null))
                .setBegun(run.begun())
                .setCarried(run.carried())
                .setIteration(iteration)
                .setUnlabelled(unlabelled)
                .setImages(emptied(images))
                .setMomentum(emptied(momentum))
                .setState(emptied(state))
                .setStateMomentum(emptied(stateMomentum))
                .setOwner(owner)
                .setChunks(chunks.write(owner, bytes))
                .build();
    }

    /** Retires the bytes of a checkpoint that is to be nobody's. */
    void discard(Checkpoint checkpoint) {
        chunks.retire(checkpoint.getOwner(), checkpoint.getChunks());
    }

    private static List<Tensor> encoded(String what, NDList arrays) {
        return arrays.stream().map(array -> TensorCodec.encode(what, array)).toList();
    }

    private static List<Tensor> emptied(List<Tensor> tensors) {
        return tensors.stream().map(TensorBytes::emptied).toList();
    }

    /** Of a distillation that is complete: its last snapshot holds the images. */
    static Checkpoint complete(String experiment, DistillationRun run) {
        return Checkpoint.newBuilder()
                .setExperiment(experiment)
                .setSpecification(run.specification())
                .setWindow(run.window().orElse(null))
                .setBegun(run.begun())
                .setCarried(run.carried())
                .setIteration(run.iterations())
                .setImages(List.of())
                .setMomentum(List.of())
                .build();
    }

    @Override
    public void close() {
        reader.close();
    }
}
