package dev.romestream.robustness.distill;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.romestream.robustness.network.ThreatModel;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Pool networks and priors, made where they are used. */
public final class InlinePriors implements PriorSource {
    private final NDManager manager;
    private final PoolSchedule schedule;
    private final PoolTraining training;
    private final PriorPlan plan;
    private final Map<Integer, Held> newest = new HashMap<>();

    private record Held(PoolSchedule.Version version, NDManager manager, PoolMember member) {}

    public InlinePriors(NDManager parent, PoolSchedule schedule, PoolTraining training, PriorPlan plan) {
        this.manager = parent.newSubManager();
        this.schedule = schedule;
        this.training = training;
        this.plan = plan;
    }

    @Override
    public PoolMember network(int iteration) {
        PoolSchedule.Version wanted = schedule.matched(iteration);
        Held held = newest.get(wanted.network());
        if (held == null) {
            NDManager own = manager.newSubManager();
            PoolMember initial = training.initial(own, plan.images(), wanted.network());
            held = new Held(new PoolSchedule.Version(wanted.network(), 0), own, initial);
        }
        while (held.version().version() < wanted.version()) {
            var version =
                    new PoolSchedule.Version(wanted.network(), held.version().version() + 1);
            NDManager own = manager.newSubManager();
            PoolMember next = training.next(own, plan.images(), held.member(), version, () -> {});
            held.manager().close();
            held = new Held(version, own, next);
        }
        newest.put(wanted.network(), held);
        return held.member();
    }

    @Override
    public NDArray meanEmbedding(NDManager target, int iteration, int label) {
        PoolMember member = network(iteration);
        ThreatModel threat = new ThreatModel(plan.attack().space(), training.normalization());
        try (NDManager scope = target.newSubManager()) {
            List<EmbeddingSum> parts = new ArrayList<>();
            for (PriorPlan.Part part : plan.parts(iteration, label)) {
                parts.add(EmbeddingSum.of(
                        member.network(),
                        threat.normalised(plan.task(part, iteration, label)
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
