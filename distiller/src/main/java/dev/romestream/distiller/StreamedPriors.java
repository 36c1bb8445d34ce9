package dev.romestream.distiller;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.romestream.exchange.AttackCodec;
import dev.romestream.exchange.InvalidRecordException;
import dev.romestream.exchange.NetworkCodec;
import dev.romestream.exchange.NetworkRecords;
import dev.romestream.exchange.TensorCodec;
import dev.romestream.messaging.topic.RecordIndex;
import dev.romestream.messaging.topic.RecordSender;
import dev.romestream.robustness.distill.InlinePriors;
import dev.romestream.robustness.distill.PoolMember;
import dev.romestream.robustness.distill.PoolSchedule;
import dev.romestream.robustness.distill.PriorPlan;
import dev.romestream.robustness.distill.PriorSource;
import dev.romestream.schemas.AttackRequest;
import dev.romestream.schemas.Network;
import dev.romestream.schemas.PerturbedBatch;
import dev.romestream.schemas.Pool;
import dev.romestream.schemas.PoolRequest;
import dev.romestream.schemas.Topic;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import org.apache.avro.specific.SpecificRecord;

/**
 * Pool networks and priors from their topics. What the next iterations need is requested ahead, within a window; what is
 * there already, made for another experiment or before a restart, is not requested again. Answers are used in the
 * schedule's order, so that timing changes nothing.
 */
final class StreamedPriors implements PriorSource {
    private static final Duration LOOK_AGAIN = Duration.ofMillis(20);
    /** Networks are requested further ahead than priors, because their versions are made one after the other. */
    private static final int POOL_WINDOWS = 4;

    private final NDManager manager;
    private final RecordIndex<Network> networks;
    private final RecordIndex<PerturbedBatch> batches;
    private final RecordSender sender;
    private final Pool pool;
    private final PoolSchedule schedule;
    private final PriorPlan plan;
    private final Limits limits;
    private final BooleanSupplier cancelled;
    private final Set<String> requested = new HashSet<>();
    /** The requests of an iteration, class by class. */
    private final NavigableMap<Integer, List<List<Asked>>> asked = new TreeMap<>();

    private NDManager memberManager;
    private PoolMember member;
    private PoolSchedule.Version held;
    private int requestedPriors;

    private record Asked(String id, int images) {}

    /**
     * Bounds of the stream.
     *
     * @param window iterations ahead whose priors are requested
     * @param iterations of the experiment
     * @param patience longest wait for one answer
     */
    record Limits(int window, int iterations, Duration patience) {}

    StreamedPriors(
            NDManager parent,
            RecordIndex<Network> networks,
            RecordIndex<PerturbedBatch> batches,
            RecordSender sender,
            Pool pool,
            PoolSchedule schedule,
            PriorPlan plan,
            Limits limits,
            BooleanSupplier cancelled) {
        this.manager = parent.newSubManager();
        this.networks = networks;
        this.batches = batches;
        this.sender = sender;
        this.pool = pool;
        this.schedule = schedule;
        this.plan = plan;
        this.limits = limits;
        this.cancelled = cancelled;
    }

    @Override
    public PoolMember network(int iteration) {
        PoolSchedule.Version wanted = schedule.matched(iteration);
        requestAhead(iteration);
        if (!wanted.equals(held)) {
            Network record = await(iteration, networks, key(wanted));
            if (record.getError() != null) {
                retireFailures(wanted);
                throw new IllegalStateException(
                        "The pool network of iteration " + iteration + " was not trained: " + record.getError());
            }
            if (memberManager != null) {
                memberManager.close();
            }
            memberManager = manager.newSubManager();
            member = NetworkCodec.member(memberManager, whole(record));
            held = wanted;
        }
        return member;
    }

    private Network whole(Network record) {
        try {
            return NetworkRecords.whole(networks, record, limits.patience());
        } catch (TimeoutException e) {
            throw new IllegalStateException(e.getMessage(), e);
        }
    }

    /** So that they are asked for anew, should the experiment be started again. */
    private void retireFailures(PoolSchedule.Version last) {
        for (PoolSchedule.Version version = last; ; version = version.previous()) {
            boolean failed = networks.get(key(version))
                    .filter(record -> record.getError() != null)
                    .isPresent();
            if (failed) {
                sender.tombstone(Topic.NETWORKS, key(version));
            }
            if (version.version() == 0) {
                sender.flush();
                return;
            }
        }
    }

    @Override
    public NDArray prior(NDManager target, int iteration, int label) {
        if (!asked.containsKey(iteration)) {
            network(iteration);
            requestAhead(iteration);
        }
        asked.headMap(iteration).clear();
        NDList parts = new NDList();
        for (Asked request : asked.get(iteration).get(label)) {
            PerturbedBatch batch = await(iteration, batches, request.id());
            if (batch.getError() != null) {
                throw new IllegalStateException("A prior of iteration " + iteration + " failed: " + batch.getError());
            }
            NDArray images = TensorCodec.decode(target, "images", batch.getImages());
            if (!images.getShape().equals(plan.images().shape().batch(request.images()))) {
                throw new InvalidRecordException("PerturbedBatch " + request.id() + " has the shape "
                        + images.getShape() + "; asked for were " + request.images() + " images of "
                        + plan.images().shape() + ".");
            }
            parts.add(images);
        }
        return InlinePriors.join(parts);
    }

    private void requestAhead(int iteration) {
        int last = Math.min(limits.iterations(), iteration + POOL_WINDOWS * limits.window());
        for (int ahead = iteration; ahead < last; ahead++) {
            requestChain(schedule.matched(ahead));
        }
        requestedPriors = Math.max(requestedPriors, iteration);
        int lastPrior = Math.min(limits.iterations(), iteration + limits.window());
        while (requestedPriors < lastPrior && networks.contains(key(schedule.matched(requestedPriors)))) {
            requestPriors(requestedPriors);
            requestedPriors++;
        }
    }

    /** Requests the next version towards {@code wanted} that is neither there nor on its way. */
    private void requestChain(PoolSchedule.Version wanted) {
        if (networks.contains(key(wanted))) {
            return;
        }
        PoolSchedule.Version missing = wanted;
        while (missing.version() > 0 && !networks.contains(key(missing.previous()))) {
            missing = missing.previous();
        }
        if (requested.add(key(missing))) {
            sender.send(Topic.POOL_REQUESTS, key(missing), new PoolRequest(pool, missing.network(), missing.version()));
        }
    }

    private void requestPriors(int iteration) {
        PoolSchedule.Version network = schedule.matched(iteration);
        List<List<Asked>> classes = new ArrayList<>();
        for (int label = 0; label < plan.images().classes(); label++) {
            List<Asked> parts = new ArrayList<>();
            for (PriorPlan.PriorTask part : plan.tasks(iteration, label)) {
                AttackRequest request = request(network, part);
                if (!batches.contains(request.getId())) {
                    sender.send(Topic.PRIOR_REQUESTS, request.getId(), request);
                }
                parts.add(new Asked(request.getId(), part.imageIds().length));
            }
            classes.add(parts);
        }
        asked.put(iteration, classes);
    }

    private AttackRequest request(PoolSchedule.Version network, PriorPlan.PriorTask part) {
        return AttackCodec.request(
                Pools.networkId(pool, network.network()),
                network.version(),
                part.task(),
                part.imageIds(),
                Optional.empty());
    }

    private String key(PoolSchedule.Version network) {
        return NetworkCodec.key(Pools.networkId(pool, network.network()), network.version());
    }

    /** The record, when it is there; meanwhile, arrivals allow for further requests. */
    private <T extends SpecificRecord> T await(int iteration, RecordIndex<T> index, String id) {
        long deadline = System.nanoTime() + limits.patience().toNanos();
        while (!index.contains(id)) {
            if (cancelled.getAsBoolean()) {
                throw new CancelledException();
            }
            if (System.nanoTime() > deadline) {
                throw new IllegalStateException("Iteration " + iteration + " waited "
                        + limits.patience().toSeconds() + " s for " + id
                        + " in vain; are attackers and a pool trainer running?");
            }
            requestAhead(iteration);
            index.awaitChange(LOOK_AGAIN);
        }
        try {
            return index.await(id, LOOK_AGAIN);
        } catch (TimeoutException e) {
            throw new IllegalStateException(e.getMessage(), e);
        }
    }

    @Override
    public void close() {
        manager.close();
    }
}
