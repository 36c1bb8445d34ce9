package dev.romestream.distiller;

import ai.djl.ndarray.NDManager;
import dev.romestream.exchange.store.DatasetStore;
import dev.romestream.exchange.store.NetworkStore;
import dev.romestream.experiments.Experiments;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.config.Settings;
import dev.romestream.messaging.queue.WorkQueue;
import dev.romestream.messaging.service.Resources;
import dev.romestream.messaging.service.Service;
import dev.romestream.messaging.topic.RecordSender;
import dev.romestream.robustness.tensor.Tensors;
import dev.romestream.schemas.WorkGroup;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Optional;

/** Trains pool networks adversarially, version by version, as requests ask for. */
public final class PoolTrainerService implements Service {

    private final Resources resources = new Resources();
    private final RomeConfig config;
    private final NetworkStore networks;
    private final Experiments experiments;
    private final PoolWorker worker;
    private WorkQueue queue;

    public PoolTrainerService(RomeConfig config, MeterRegistry metrics) {
        this.config = config;
        NDManager manager = resources.add(
                Tensors.manager(config.string(Settings.ENGINE_DEVICE), config.integer(Settings.ENGINE_THREADS)));
        this.experiments = resources.add(new Experiments(config));
        DatasetStore datasets = resources.add(new DatasetStore(config));
        this.networks = resources.add(new NetworkStore(config));
        RecordSender sender = resources.add(new RecordSender(config));
        this.worker = resources.add(new PoolWorker(config, manager, experiments, datasets, networks, sender, metrics));
    }

    @Override
    public String name() {
        return "pool-trainer";
    }

    @Override
    public void start() {
        networks.awaitCaughtUp();
        experiments.awaitCaughtUp();
        queue = resources.add(
                WorkQueue.open(config, WorkGroup.POOL_TRAINERS, WorkGroup.POOL_TRAINERS.topics(), worker));
    }

    @Override
    public boolean isAlive() {
        return queue != null && queue.isAlive();
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
