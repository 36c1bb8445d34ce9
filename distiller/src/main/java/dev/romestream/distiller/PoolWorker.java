package dev.romestream.distiller;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDManager;
import dev.romestream.exchange.codec.Dataset;
import dev.romestream.exchange.codec.EngineFaults;
import dev.romestream.exchange.codec.InvalidRecordException;
import dev.romestream.exchange.codec.NetworkCodec;
import dev.romestream.exchange.store.DatasetStore;
import dev.romestream.exchange.store.NetworkStore;
import dev.romestream.experiments.Experiments;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.failure.UnprocessableException;
import dev.romestream.messaging.queue.RequestWorker;
import dev.romestream.messaging.service.WorkTimer;
import dev.romestream.messaging.topic.RecordSender;
import dev.romestream.robustness.distill.NetworkSchedule;
import dev.romestream.robustness.distill.PoolMember;
import dev.romestream.robustness.distill.PoolTraining;
import dev.romestream.schemas.Network;
import dev.romestream.schemas.NetworkSpec;
import dev.romestream.schemas.Pool;
import dev.romestream.schemas.PoolRequest;
import dev.romestream.schemas.Topic;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** Makes one version of one pool network for each request, unless it is there already. */
final class PoolWorker extends RequestWorker<PoolRequest> {
    private final NDManager manager;
    private final Experiments experiments;
    private final DatasetStore datasets;
    private final NetworkStore networks;
    private final RecordSender sender;
    private final Timer time;

    PoolWorker(
            RomeConfig config,
            NDManager manager,
            Experiments experiments,
            DatasetStore datasets,
            NetworkStore networks,
            RecordSender sender,
            MeterRegistry metrics) {
        super(config, PoolRequest.class);
        this.manager = manager;
        this.experiments = experiments;
        this.datasets = datasets;
        this.networks = networks;
        this.sender = sender;
        this.time = WorkTimer.of("rome.pool.training.time", "Time to make one version of a pool network", metrics);
    }

    @Override
    protected boolean isWanted(PoolRequest request) {
        return experiments.isWanted(request.getExperiment());
    }

    @Override
    protected void carryOut(PoolRequest request, ConsumerRecord<String, byte[]> record) {
        check(request);
        String id = Pools.networkId(request.getPool(), request.getNetwork());
        String key = NetworkCodec.key(id, request.getVersion());
        if (!isMade(request, key) && !isPassed(request, id)) {
            try {
                time.record(() -> make(request, id));
            } catch (IllegalArgumentException e) {
                throw new UnprocessableException("PoolRequest " + key + ": " + e.getMessage(), e);
            } catch (EngineException e) {
                throw EngineFaults.classified(e);
            }
        }
    }

    /** As of now: who asks may know that it was retired. */
    private boolean isMade(PoolRequest request, String key) {
        if (!networks.contains(key)) {
            return false;
        }
        networks.awaitCurrent();
        return networks.isAnswered(key, request.getAttempt());
    }

    /** Of a chain of teachers, only the newest version is kept. */
    private boolean isPassed(PoolRequest request, String id) {
        return IntStream.rangeClosed(request.getVersion() + 1, request.getPool().getVersions())
                .anyMatch(later -> networks.contains(NetworkCodec.key(id, later)));
    }

    private static void check(PoolRequest request) {
        Pool pool = request.getPool();
        if (!Pools.id(pool).equals(pool.getId())) {
            throw new InvalidRecordException(
                    "The pool's id is " + pool.getId() + "; its fields give " + Pools.id(pool) + ".");
        }
    }

    private void make(PoolRequest request, String id) {
        Pool pool = request.getPool();
        Dataset dataset = datasets.await(pool.getDataset(), pool.getFingerprint(), () -> isEnded(request));
        PoolTraining training = Pools.training(pool, dataset.normalization());
        try (NDManager scope = manager.newSubManager()) {
            Optional<Network> earlier = earlier(id, request.getVersion());
            int version = earlier.map(Network::getVersion).orElse(0);
            Optional<Network> begun = earlier.or(() -> carried(request));
            NDManager own = scope.newSubManager();
            PoolMember made = begun.isPresent()
                    ? NetworkCodec.member(own, begun.get())
                    : training.initial(own, dataset.train(), request.getNetwork());
            while (version < request.getVersion()) {
                version++;
                NDManager next = scope.newSubManager();
                made = training.next(
                        next,
                        dataset.train(),
                        made,
                        new NetworkSchedule.Version(request.getNetwork(), version),
                        () -> step(request));
                own.close();
                own = next;
                if (pool.getTrajectory() && version < request.getVersion()) {
                    publish(request, NetworkCodec.prior(id, version, made, dataset.normalization()));
                }
            }
            publish(request, NetworkCodec.prior(id, request.getVersion(), made, dataset.normalization()));
        }
    }

    private void publish(PoolRequest request, Network network) {
        network.setAttempt(request.getAttempt());
        networks.send(sender, network);
        sender.flush();
    }

    /** The network of the pool before that one begins with; empty where it begins with drawn parameters. */
    private Optional<Network> carried(PoolRequest request) {
        List<String> carried = request.getPool().getCarried();
        if (request.getNetwork() >= carried.size()) {
            return Optional.empty();
        }
        String key = carried.get(request.getNetwork());
        networks.awaitCurrent();
        Network found = networks.find(key)
                .filter(network -> network.getError() == null)
                .orElseThrow(() -> new InvalidRecordException("the network " + key
                        + " of the window before, with which it begins, is not there. Submit the experiment under another id"
                        + " to begin anew, or with distillation.fresh: true."));
        if (!found.getArchitecture().equals(request.getPool().getNetwork())) {
            throw new InvalidRecordException("the network " + key + " is of another architecture than the pool's.");
        }
        return Optional.of(found);
    }

    /** The newest version before one that is there, if any is. */
    private Optional<Network> earlier(String id, int target) {
        for (int version = target - 1; version >= 0; version--) {
            String key = NetworkCodec.key(id, version);
            if (networks.contains(key)) {
                Optional<Network> found = networks.find(key).filter(network -> network.getError() == null);
                if (found.isPresent()) {
                    return found;
                }
            }
        }
        return Optional.empty();
    }

    @Override
    protected void answerFailure(PoolRequest request, String reason) {
        String id = Pools.networkId(request.getPool(), request.getNetwork());
        NetworkSpec architecture = request.getPool().getNetwork();
        Network failed = NetworkCodec.failed(id, request.getVersion(), architecture, reason);
        failed.setAttempt(request.getAttempt());
        sender.send(Topic.NETWORKS, NetworkCodec.key(id, request.getVersion()), failed);
        sender.flush();
    }
}
