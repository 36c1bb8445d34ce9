package dev.romestream.attacker;

import ai.djl.ndarray.NDManager;
import dev.romestream.exchange.store.DatasetStore;
import dev.romestream.exchange.store.NetworkStore;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.queue.WorkQueue;
import dev.romestream.messaging.service.Resources;
import dev.romestream.messaging.service.Service;
import dev.romestream.messaging.topic.RecordSender;
import dev.romestream.robustness.tensor.Tensors;
import dev.romestream.schemas.Topic;
import dev.romestream.schemas.WorkGroup;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Takes prior and attack requests from their queues, in turn where both have some, so that a long evaluation does not hold up a
 * distiller; answers each with perturbed images. It keeps nothing.
 */
public final class AttackerService implements Service {
    /** While one taker's request is worked on, the other fetches the next. */
    private static final int TAKERS = 2;

    private final Resources resources = new Resources();
    private final RomeConfig config;
    private final NetworkStore networks;
    private final AttackWorker worker;
    private final List<WorkQueue> queues = new ArrayList<>();

    public AttackerService(RomeConfig config, MeterRegistry metrics) {
        this.config = config;
        NDManager manager = resources.add(
                Tensors.manager(config.string(RomeConfig.ENGINE_DEVICE), config.integer(RomeConfig.ENGINE_THREADS)));
        this.networks = resources.add(new NetworkStore(config));
        DatasetStore datasets = resources.add(new DatasetStore(config));
        RecordSender sender = resources.add(new RecordSender(config));
        this.worker = resources.add(new AttackWorker(config, manager, networks, datasets, sender, metrics));
    }

    @Override
    public String name() {
        return "attacker";
    }

    @Override
    public void start() {
        networks.awaitCaughtUp();
        for (Topic topic : List.of(Topic.PRIOR_REQUESTS, Topic.ATTACK_REQUESTS)) {
            for (int taker = 0; taker < TAKERS; taker++) {
                queues.add(resources.add(WorkQueue.open(config, WorkGroup.ATTACKERS, List.of(topic), worker)));
            }
        }
    }

    @Override
    public boolean isAlive() {
        return !queues.isEmpty() && queues.stream().allMatch(WorkQueue::isAlive);
    }

    @Override
    public Optional<String> stalled() {
        return worker.stalled();
    }

    @Override
    public void close() {
        worker.cancel();
        resources.close();
    }
}
