package dev.romestream.distiller;

import ai.djl.ndarray.NDManager;
import dev.romestream.exchange.DatasetStore;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.queue.WorkQueue;
import dev.romestream.messaging.service.Service;
import dev.romestream.messaging.topic.DeadLetters;
import dev.romestream.messaging.topic.RecordIndex;
import dev.romestream.messaging.topic.RecordSender;
import dev.romestream.robustness.tensor.Tensors;
import dev.romestream.schemas.Network;
import dev.romestream.schemas.Topic;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.List;

/** Trains pool networks adversarially, version by version, as requests ask for. */
public final class PoolTrainerService implements Service {
    private static final String GROUP = "pool-trainers";
    private static final Duration START_LIMIT = Duration.ofMinutes(2);
    private static final long CACHE_BYTES = 64L * 1024 * 1024;

    private final RomeConfig config;
    private final NDManager manager;
    private final DeadLetters deadLetters;
    private final DatasetStore datasets;
    private final RecordIndex<Network> networks;
    private final RecordSender sender;
    private final PoolWorker worker;
    private WorkQueue queue;

    public PoolTrainerService(RomeConfig config, MeterRegistry metrics) {
        this.config = config;
        this.manager =
                Tensors.manager(config.string(RomeConfig.ENGINE_DEVICE), config.integer(RomeConfig.ENGINE_THREADS));
        this.deadLetters = new DeadLetters(config);
        this.datasets = new DatasetStore(config, deadLetters);
        this.networks = new RecordIndex<>(config, Topic.NETWORKS, Network.class, CACHE_BYTES);
        this.sender = new RecordSender(config);
        this.worker = new PoolWorker(config, manager, datasets, networks, sender, metrics);
    }

    @Override
    public String name() {
        return "pool-trainer";
    }

    @Override
    public void start() {
        networks.awaitCaughtUp(START_LIMIT);
        queue = WorkQueue.open(config, GROUP, List.of(Topic.POOL_REQUESTS), worker);
    }

    @Override
    public boolean isAlive() {
        return queue != null && queue.isAlive();
    }

    @Override
    public void close() {
        if (queue != null) {
            queue.close();
        }
        sender.close();
        worker.close();
        networks.close();
        datasets.close();
        deadLetters.close();
        manager.close();
    }
}
