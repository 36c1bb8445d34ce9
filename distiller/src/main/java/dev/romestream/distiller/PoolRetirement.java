package dev.romestream.distiller;

import dev.romestream.exchange.codec.NetworkCodec;
import dev.romestream.exchange.store.DatasetStore;
import dev.romestream.exchange.store.NetworkStore;
import dev.romestream.experiments.DatasetIds;
import dev.romestream.experiments.Experiments;
import dev.romestream.messaging.topic.RecordSender;
import dev.romestream.robustness.distill.NetworkSchedule;
import dev.romestream.schemas.DatasetDescriptor;
import dev.romestream.schemas.DesiredState;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.NetworkRole;
import dev.romestream.schemas.Pool;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.function.ToIntFunction;

/** Retires the pool networks that every experiment has passed. */
final class PoolRetirement {
    private static final Duration LIMIT = Duration.ofMinutes(1);

    private final NetworkStore networks;
    private final Checkpoints checkpoints;
    private final RecordSender sender;

    PoolRetirement(NetworkStore networks, Checkpoints checkpoints, RecordSender sender) {
        this.networks = networks;
        this.checkpoints = checkpoints;
        this.sender = sender;
    }

    /** How far an experiment is on a pool's schedule. */
    record Position(NetworkSchedule schedule, int iteration, int iterations) {}

    /**
     * Retires what no experiment that may still run on a data set needs, and no pool of a stream's next window begins with.
     *
     * @param done iterations of an experiment that are done and kept
     * @param carried networks that a pool begins with, beside those of checkpoints
     */
    void retire(
            Collection<Experiment> experiments,
            DatasetDescriptor dataset,
            ToIntFunction<String> done,
            Collection<String> carried) {
        Map<String, List<Position>> byPool = new HashMap<>();
        for (Experiment experiment : experiments) {
            if (DatasetIds.isOf(dataset, experiment.getDataset())) {
                checkpoints.carried(experiment.getId(), dataset).stream()
                        .flatMap(begun -> Methods.streamed(experiment, dataset, begun).stream())
                        .filter(matched -> !isOfTeachers(matched.pool()))
                        .forEach(
                                matched -> byPool.computeIfAbsent(matched.pool().getId(), any -> new ArrayList<>())
                                        .add(position(experiment, matched.schedule(), done)));
            }
        }
        Set<String> keys = networks.keys();
        Set<String> kept = checkpoints.carried();
        kept.addAll(carried);
        byPool.forEach((pool, positions) -> passed(versions(pool, keys), positions).stream()
                .map(version -> NetworkCodec.key(pool + "/" + version.network(), version.version()))
                .filter(key -> !kept.contains(key))
                .forEach(key -> networks.retire(sender, key)));
        sender.flush();
    }

    /**
     * Retires the teachers of a stream's window, where no experiment needs them.
     *
     * @param needed whether an experiment still distils on the window, or has not come to it
     */
    void retireTeachers(Collection<Experiment> experiments, DatasetDescriptor window, Predicate<Experiment> needed) {
        Set<String> passed = new HashSet<>();
        Set<String> kept = new HashSet<>();
        for (Experiment experiment : experiments) {
            if (DatasetIds.isOf(window, experiment.getDataset())) {
                DistillationRun.pools(experiment, window, List.of()).stream()
                        .filter(PoolRetirement::isOfTeachers)
                        .forEach(pool -> (needed.test(experiment) ? kept : passed).add(pool.getId()));
            }
        }
        passed.removeAll(kept);
        networks.keys().stream()
                .filter(key -> passed.contains(key.substring(0, Math.max(0, key.indexOf('/')))))
                .forEach(key -> networks.retire(sender, key));
        sender.flush();
    }

    /**
     * Retires the networks of pools that no experiment has, on its data set or on a window of its stream that is there: as of now, so
     * that what has just been submitted keeps its own.
     *
     * @param carried networks that a pool begins with, beside those of checkpoints
     */
    void retireOthers(Experiments experiments, DatasetStore datasets, Collection<String> carried) {
        networks.awaitCurrent();
        experiments.awaitCurrent(LIMIT);
        datasets.awaitCurrent(LIMIT);
        checkpoints.awaitCurrent();
        Set<String> pools = new HashSet<>();
        for (Experiment experiment : experiments.all()) {
            datasets.descriptors(experiment.getDataset())
                    .forEach(descriptor -> checkpoints.carried(experiment.getId(), descriptor).stream()
                            .flatMap(begun -> DistillationRun.pools(experiment, descriptor, begun).stream())
                            .forEach(pool -> pools.add(pool.getId())));
        }
        // after the pools: what an experiment has come to meanwhile is in one of the two
        Set<String> kept = checkpoints.carried();
        kept.addAll(carried);
        networks.keys().stream()
                .filter(key -> !kept.contains(key) && !pools.contains(key.substring(0, Math.max(0, key.indexOf('/')))))
                .filter(key -> networks.head(key)
                        .filter(head -> head.getRole() == NetworkRole.PRIOR)
                        .isPresent())
                .forEach(key -> networks.retire(sender, key));
        sender.flush();
    }

    /** Of teachers, the newest version is kept: whoever labels with them needs it. */
    private static boolean isOfTeachers(Pool pool) {
        return pool.getVersions() > 0;
    }

    private static Position position(Experiment experiment, NetworkSchedule schedule, ToIntFunction<String> kept) {
        int iterations = experiment.getDistillation().getIterations();
        int done = experiment.getDesiredState() == DesiredState.STOP ? iterations : kept.applyAsInt(experiment.getId());
        return new Position(schedule, done, iterations);
    }

    /** The versions of a pool's networks that are there, by network. */
    private static Map<Integer, NavigableSet<Integer>> versions(String pool, Set<String> keys) {
        Map<Integer, NavigableSet<Integer>> versions = new HashMap<>();
        for (String key : keys) {
            String[] parts = key.split("/");
            if (parts.length == 3 && parts[0].equals(pool)) {
                versions.computeIfAbsent(Integer.valueOf(parts[1]), any -> new TreeSet<>())
                        .add(Integer.valueOf(parts[2]));
            }
        }
        return versions;
    }

    /**
     * Versions that are there and of no more use: nobody matches them any more, and none that is to be matched is best made from
     * them.
     *
     * @param there versions by network
     */
    static List<NetworkSchedule.Version> passed(
            Map<Integer, ? extends NavigableSet<Integer>> there, List<Position> positions) {
        Set<NetworkSchedule.Version> needed = new HashSet<>();
        for (Position position : positions) {
            Map<Integer, Integer> next = new HashMap<>();
            for (int iteration = position.iteration(); iteration < position.iterations(); iteration++) {
                for (NetworkSchedule.Version matched : position.schedule().matched(iteration)) {
                    needed.add(matched);
                    next.merge(matched.network(), matched.version(), Math::min);
                }
            }
            next.forEach((network, version) -> {
                NavigableSet<Integer> versions = there.get(network);
                Integer start = versions == null ? null : versions.floor(version);
                if (start != null) {
                    needed.add(new NetworkSchedule.Version(network, start));
                }
            });
        }
        List<NetworkSchedule.Version> passed = new ArrayList<>();
        there.forEach((network, versions) -> versions.forEach(version -> {
            NetworkSchedule.Version candidate = new NetworkSchedule.Version(network, version);
            if (!needed.contains(candidate)) {
                passed.add(candidate);
            }
        }));
        return passed;
    }
}
