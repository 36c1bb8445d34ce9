package dev.romestream.attacker;

import ai.djl.ndarray.NDManager;
import dev.romestream.exchange.NetworkCache;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.queue.WorkQueue;
import dev.romestream.messaging.service.Service;
import dev.romestream.messaging.topic.RecordIndex;
import dev.romestream.messaging.topic.RecordSender;
import dev.romestream.robustness.tensor.Tensors;
import dev.romestream.schemas.Network;
import dev.romestream.schemas.Topic;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.List;

/** Takes attack and prior requests from the queue and answers each with perturbed images. It keeps nothing. */
public final class AttackerService implements Service {
    private static final String GROUP = "attackers";
    private static final Duration START_LIMIT = Duration.ofMinutes(2);
    private static final long NETWORK_CACHE_BYTES = 64L * 1024 * 1024;

    private final RomeConfig config;
    private final NDManager manager;
    private final RecordIndex<Network> networks;
    private final NetworkCache cache;
    private final RecordSender sender;
    private final AttackWorker worker;
    private WorkQueue queue;

    public AttackerService(RomeConfig config, MeterRegistry metrics) {
        this.config = config;
        this.manager =
                Tensors.manager(config.string(RomeConfig.ENGINE_DEVICE), config.integer(RomeConfig.ENGINE_THREADS));
        this.networks = new RecordIndex<>(config, Topic.NETWORKS, Network.class, NETWORK_CACHE_BYTES);
        this.cache = new NetworkCache(manager, networks, config.integer(RomeConfig.NETWORK_CACHE));
        this.sender = new RecordSender(config);
        this.worker = new AttackWorker(config, manager, cache, sender, metrics);
    }

    @Override
    public String name() {
        return "attacker";
    }

    @Override
    public void start() {
        networks.awaitCaughtUp(START_LIMIT);
        queue = WorkQueue.open(config, GROUP, List.of(Topic.PRIOR_REQUESTS, Topic.ATTACK_REQUESTS), worker);
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
        cache.close();
        networks.close();
        manager.close();
    }
}
