package dev.romestream.attacker;

import ai.djl.ndarray.NDManager;
import dev.romestream.exchange.store.DatasetStore;
import dev.romestream.exchange.store.Demand;
import dev.romestream.exchange.store.NetworkStore;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.config.Settings;
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
import java.util.Map;
import java.util.Optional;

/**
 * Takes prior and attack requests from their queues, some at a time, so that a long evaluation holds up neither a distiller nor a
 * short evaluation; answers each with perturbed images. It keeps nothing.
 */
public final class AttackerService implements Service {
    /**
     * Requests that are in hand at the same time: of priors the next one while one is worked on; of attacks so many that a short
     * evaluation finds a place beside a long one, which asks for three requests of one attacker.
     */
    private static final Map<Topic, Integer> TAKERS = Map.of(Topic.PRIOR_REQUESTS, 2, Topic.ATTACK_REQUESTS, 5);

    private final Resources resources = new Resources();
    private final RomeConfig config;
    private final NetworkStore networks;
    private final AttackWorker worker;
    private final List<WorkQueue> queues = new ArrayList<>();

    public AttackerService(RomeConfig config, MeterRegistry metrics) {
        this.config = config;
        NDManager manager = resources.add(
                Tensors.manager(config.string(Settings.ENGINE_DEVICE), config.integer(Settings.ENGINE_THREADS)));
        this.networks = resources.add(new NetworkStore(config));
        RecordSender sender = resources.add(new RecordSender(config));
        var inputs = new AttackWorker.Inputs(
                networks,
                resources.add(new DatasetStore(config)),
                resources.add(new Demand(config)),
                resources.add(new RequestProgress(config, sender)));
        this.worker = resources.add(new AttackWorker(config, manager, inputs, sender, metrics));
    }

    @Override
    public String name() {
        return "attacker";
    }

    @Override
    public void start() {
        networks.awaitCaughtUp();
        TAKERS.forEach((topic, takers) -> {
            for (int taker = 0; taker < takers; taker++) {
                queues.add(resources.add(WorkQueue.open(config, WorkGroup.ATTACKERS, List.of(topic), worker)));
            }
        });
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
