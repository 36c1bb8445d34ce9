package dev.romestream.robustness.distill;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import java.util.HashMap;
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
            PoolMember next = training.next(own, plan.images(), held.member(), version);
            held.manager().close();
            held = new Held(version, own, next);
        }
        newest.put(wanted.network(), held);
        return held.member();
    }

    @Override
    public NDArray prior(NDManager target, int iteration, int label) {
        PoolMember member = network(iteration);
        NDList parts = new NDList();
        for (PriorPlan.PriorTask part : plan.tasks(iteration, label)) {
            parts.add(part.task()
                    .run(target, member.network(), training.normalization())
                    .images());
        }
        return join(parts);
    }

    /** The parts one after the other. */
    public static NDArray join(NDList parts) {
        return parts.size() == 1 ? parts.head() : NDArrays.concat(parts, 0);
    }

    @Override
    public void close() {
        manager.close();
    }
}
