package dev.romestream.distiller;

import ai.djl.ndarray.NDManager;
import dev.romestream.exchange.codec.InvalidRecordException;
import dev.romestream.exchange.codec.NetworkCodec;
import dev.romestream.exchange.store.NetworkStore;
import dev.romestream.messaging.topic.RecordSender;
import dev.romestream.robustness.network.NeuralNetwork;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.Network;
import dev.romestream.schemas.PoolRequest;
import dev.romestream.schemas.Topic;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * The networks that say what images are, each a chain on its topic: a version an epoch, made one after the other by pool trainers,
 * of which the newest is kept. Experiments that agree in all that determines them share them.
 */
final class Teachers {
    private static final Duration LOOK_AGAIN = Duration.ofMillis(50);

    private final NetworkStore networks;
    private final RecordSender sender;
    private final List<Pools.Teacher> teachers;
    private final String experiment;
    private final int attempt;
    private final Duration patience;
    private final Map<String, Long> requested;

    /**
     * Teachers of an experiment.
     *
     * @param requested when a version that is still missing was asked for; kept by whoever comes back for them
     * @param experiment that they are of: failures in earlier runs are no answers
     * @param patience after which a version that did not come is requested again
     */
    Teachers(
            NetworkStore networks,
            RecordSender sender,
            List<Pools.Teacher> teachers,
            Map<String, Long> requested,
            Experiment experiment,
            Duration patience) {
        this.requested = requested;
        this.networks = networks;
        this.sender = sender;
        this.teachers = teachers;
        this.experiment = experiment.getId();
        this.attempt = experiment.getRun();
        this.patience = patience;
    }

    /**
     * Requests the next version of every teacher that is not ready, and retires what was before it.
     *
     * @return versions that are missing
     * @throws InvalidRecordException where a teacher could not be made
     */
    int request() {
        int missing = 0;
        for (Pools.Teacher teacher : teachers) {
            int last = teacher.pool().getVersions();
            int newest = newest(teacher).orElse(0);
            if (newest > 1 && networks.contains(teacher.key(newest - 1))) {
                networks.retire(sender, teacher.key(newest - 1));
            }
            requested.remove(asked(teacher, newest));
            missing += last - newest;
            if (newest < last) {
                request(teacher, newest + 1);
            }
        }
        return missing;
    }

    private OptionalInt newest(Pools.Teacher teacher) {
        return IntStream.iterate(teacher.pool().getVersions(), version -> version > 0, version -> version - 1)
                .filter(version -> isMade(teacher, version))
                .findFirst();
    }

    private boolean isMade(Pools.Teacher teacher, int version) {
        if (!networks.contains(teacher.key(version))) {
            return false;
        }
        return networks.head(teacher.key(version))
                .filter(head -> {
                    if (head.getError() != null && head.getAttempt() >= attempt) {
                        throw new InvalidRecordException("A teacher was not trained: " + head.getError());
                    }
                    return head.getError() == null;
                })
                .isPresent();
    }

    /** An experiment that stops takes its own requests with it. */
    private String asked(Pools.Teacher teacher, int version) {
        return experiment + " " + teacher.key(version);
    }

    private void request(Pools.Teacher teacher, int version) {
        long now = System.nanoTime();
        Long before = requested.get(asked(teacher, version));
        if (before == null || now - before > patience.toNanos()) {
            requested.put(asked(teacher, version), now);
            sender.send(
                    Topic.POOL_REQUESTS,
                    teacher.key(version),
                    new PoolRequest(teacher.pool(), teacher.number(), version, attempt, experiment));
        }
    }

    /**
     * Every teacher, if they are ready soon; their arrays belong to {@code manager}.
     *
     * @param soon the longest wait
     * @param progress is run whenever less is missing
     * @param waiting receives how much is missing
     */
    Optional<List<NeuralNetwork>> await(
            NDManager manager, Duration soon, BooleanSupplier cancelled, Runnable progress, Consumer<String> waiting) {
        long began = System.nanoTime();
        int before = Integer.MAX_VALUE;
        while (true) {
            int missing = request();
            if (missing == 0) {
                List<NeuralNetwork> made = new ArrayList<>();
                for (Pools.Teacher teacher : teachers) {
                    networks.find(teacher.key(teacher.pool().getVersions()))
                            .ifPresent(network -> made.add(classifier(manager, network)));
                }
                if (made.size() == teachers.size()) {
                    return Optional.of(made);
                }
            }
            if (missing < before) {
                before = missing;
                progress.run();
                int all = teachers.stream()
                        .mapToInt(teacher -> teacher.pool().getVersions())
                        .sum();
                waiting.accept("waiting for its teachers, " + (all - missing) + " of " + all + " epochs");
            }
            if (cancelled.getAsBoolean() || System.nanoTime() - began > soon.toNanos()) {
                return Optional.empty();
            }
            networks.awaitChange(LOOK_AGAIN);
        }
    }

    private static NeuralNetwork classifier(NDManager manager, Network network) {
        return NetworkCodec.member(manager, network).network();
    }
}
