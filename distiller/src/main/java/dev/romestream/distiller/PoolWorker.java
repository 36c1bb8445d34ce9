package dev.romestream.distiller;

import ai.djl.ndarray.NDManager;
import dev.romestream.exchange.DatasetStore;
import dev.romestream.exchange.InvalidRecordException;
import dev.romestream.exchange.NetworkCodec;
import dev.romestream.exchange.NetworkRecords;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.failure.UnprocessableException;
import dev.romestream.messaging.queue.WorkQueue;
import dev.romestream.messaging.serde.Decoder;
import dev.romestream.messaging.topic.RecordIndex;
import dev.romestream.messaging.topic.RecordSender;
import dev.romestream.robustness.distill.PoolMember;
import dev.romestream.robustness.distill.PoolSchedule;
import dev.romestream.robustness.distill.PoolTraining;
import dev.romestream.schemas.Network;
import dev.romestream.schemas.NetworkSpec;
import dev.romestream.schemas.Pool;
import dev.romestream.schemas.PoolRequest;
import dev.romestream.schemas.Ranges;
import dev.romestream.schemas.Topic;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.errors.SerializationException;

/** Makes one version of one pool network for each request, unless it is there already. */
final class PoolWorker implements WorkQueue.Worker, AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final NDManager manager;
    private final DatasetStore datasets;
    private final RecordIndex<Network> networks;
    private final RecordSender sender;
    private final Decoder decoder;
    private final Timer time;

    PoolWorker(
            RomeConfig config,
            NDManager manager,
            DatasetStore datasets,
            RecordIndex<Network> networks,
            RecordSender sender,
            MeterRegistry metrics) {
        this.manager = manager;
        this.datasets = datasets;
        this.networks = networks;
        this.sender = sender;
        this.decoder = new Decoder(config);
        this.time = Timer.builder("rome.pool.training.time")
                .description("Time to make one version of a pool network")
                .register(metrics);
    }

    @Override
    public void process(ConsumerRecord<String, byte[]> record) {
        PoolRequest request;
        try {
            request = decoder.decode(record, PoolRequest.class);
        } catch (SerializationException e) {
            throw new UnprocessableException(e.getMessage(), e);
        }
        check(request);
        String id = Pools.networkId(request.getPool(), request.getNetwork());
        String key = NetworkCodec.key(id, request.getVersion());
        if (!networks.contains(key)) {
            try {
                time.record(() -> make(request, id));
            } catch (IllegalArgumentException e) {
                throw new UnprocessableException("PoolRequest " + key + ": " + e.getMessage(), e);
            }
        }
    }

    private static void check(PoolRequest request) {
        List<String> violations = Ranges.violations(request);
        if (!violations.isEmpty()) {
            throw new InvalidRecordException("PoolRequest: " + String.join(" ", violations));
        }
        Pool pool = request.getPool();
        if (!Pools.id(pool).equals(pool.getId())) {
            throw new InvalidRecordException(
                    "The pool's id is " + pool.getId() + "; its fields give " + Pools.id(pool) + ".");
        }
    }

    private void make(PoolRequest request, String id) {
        Pool pool = request.getPool();
        try (NDManager scope = manager.newSubManager()) {
            DatasetStore.Dataset dataset = datasets.await(
                    pool.getDataset(), PATIENCE, () -> Thread.currentThread().isInterrupted());
            String fingerprint = dataset.descriptor().getFingerprint();
            if (!fingerprint.equals(pool.getFingerprint())) {
                throw new InvalidRecordException("The pool is of the data set " + pool.getDataset()
                        + " with fingerprint " + pool.getFingerprint() + "; on the topics is " + fingerprint + ".");
            }
            PoolTraining training = Pools.training(pool, dataset.normalization());
            PoolMember made;
            if (request.getVersion() == 0) {
                made = training.initial(scope, dataset.train(), request.getNetwork());
            } else {
                Network previous =
                        NetworkRecords.await(networks, NetworkCodec.key(id, request.getVersion() - 1), PATIENCE);
                made = training.next(
                        scope,
                        dataset.train(),
                        NetworkCodec.member(scope, previous),
                        new PoolSchedule.Version(request.getNetwork(), request.getVersion()));
            }
            NetworkRecords.send(sender, NetworkCodec.prior(id, request.getVersion(), made, dataset.normalization()));
            sender.flush();
        } catch (TimeoutException e) {
            throw new IllegalStateException(e.getMessage(), e);
        }
    }

    @Override
    public void givenUp(ConsumerRecord<String, byte[]> record, Throwable reason) {
        PoolRequest request;
        try {
            request = decoder.decode(record, PoolRequest.class);
        } catch (SerializationException unreadable) {
            return;
        }
        String id = Pools.networkId(request.getPool(), request.getNetwork());
        NetworkSpec architecture = request.getPool().getNetwork();
        Network failed =
                NetworkCodec.failed(id, request.getVersion(), architecture, String.valueOf(reason.getMessage()));
        sender.send(Topic.NETWORKS, NetworkCodec.key(id, request.getVersion()), failed);
        sender.flush();
    }

    @Override
    public void close() {
        decoder.close();
    }
}
