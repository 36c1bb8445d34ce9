package dev.romestream.robustness.distill;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.romestream.robustness.network.ThreatModel;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/** Networks and priors, made where they are used. */
public final class InlinePriors implements PriorSource {
    private final NDManager manager;
    private final NetworkSchedule schedule;
    private final PoolTraining training;
    private final PriorDraws draws;
    /** What is made of each network and may be needed again, by version. */
    private final Map<Integer, NavigableMap<Integer, Held>> made = new HashMap<>();

    private record Held(NDManager manager, PoolMember member) {}

    public InlinePriors(NDManager parent, NetworkSchedule schedule, PoolTraining training, PriorDraws draws) {
        this.manager = parent.newSubManager();
        this.schedule = schedule;
        this.training = training;
        this.draws = draws;
    }

    @Override
    public List<PoolMember> networks(int iteration) {
        return schedule.matched(iteration).stream().map(this::member).toList();
    }

    private PoolMember member(NetworkSchedule.Version wanted) {
        NavigableMap<Integer, Held> versions = made.computeIfAbsent(wanted.network(), any -> new TreeMap<>());
        if (versions.floorKey(wanted.version()) == null) {
            NDManager own = manager.newSubManager();
            versions.put(0, new Held(own, training.initial(own, draws.images(), wanted.network())));
        }
        for (int version = versions.floorKey(wanted.version()); version < wanted.version(); version++) {
            NDManager own = manager.newSubManager();
            var next = new NetworkSchedule.Version(wanted.network(), version + 1);
            PoolMember before = versions.get(version).member();
            versions.put(version + 1, new Held(own, training.next(own, draws.images(), before, next, () -> {})));
            if (schedule instanceof PoolSchedule) {
                // a pool's networks only grow older
                versions.remove(version).manager().close();
            }
        }
        return versions.get(wanted.version()).member();
    }

    @Override
    public NDArray meanEmbedding(NDManager target, int iteration, int label) {
        PoolMember member = networks(iteration).get(0);
        ThreatModel threat = new ThreatModel(draws.attack().space(), training.normalization());
        try (NDManager scope = target.newSubManager()) {
            List<EmbeddingSum> parts = new ArrayList<>();
            for (PriorDraws.Part part : draws.parts(iteration, label)) {
                parts.add(EmbeddingSum.of(
                        member.network(),
                        threat.normalised(draws.task(part, iteration, label)
                                .run(scope, member.network(), training.normalization())
                                .images())));
            }
            NDArray mean = EmbeddingSum.mean(scope, parts);
            mean.attach(target);
            return mean;
        }
    }

    @Override
    public void close() {
        manager.close();
    }
}
