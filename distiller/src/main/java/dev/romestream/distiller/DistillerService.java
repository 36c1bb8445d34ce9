package dev.romestream.distiller;

import ai.djl.ndarray.NDManager;
import dev.romestream.exchange.store.DatasetStore;
import dev.romestream.exchange.store.NetworkStore;
import dev.romestream.exchange.store.SnapshotStore;
import dev.romestream.experiments.Experiments;
import dev.romestream.experiments.Removals;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.config.Settings;
import dev.romestream.messaging.queue.WorkQueue;
import dev.romestream.messaging.service.Resources;
import dev.romestream.messaging.service.Service;
import dev.romestream.messaging.streams.StreamsApplication;
import dev.romestream.messaging.topic.ChunkStore;
import dev.romestream.messaging.topic.RecordIndex;
import dev.romestream.messaging.topic.RecordSender;
import dev.romestream.robustness.tensor.Tensors;
import dev.romestream.schemas.PriorAnswer;
import dev.romestream.schemas.Topic;
import dev.romestream.schemas.WorkGroup;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.List;
import java.util.Optional;

/** Plans and carries out distillations: segment by segment, shared among all distillers, with a snapshot every so often. */
public final class DistillerService implements Service {
    private static final String NAME = "distiller";
    private static final long CACHE_BYTES = 256L * 1024 * 1024;

    private final Resources resources = new Resources();
    private final RomeConfig config;
    private final Experiments experiments;
    private final NetworkStore networks;
    private final Checkpoints checkpoints;
    private final Removals removals;
    private final StreamsApplication planner;
    private final SegmentWorker worker;
    private WorkQueue queue;

    public DistillerService(RomeConfig config, MeterRegistry metrics) {
        this.config = config;
        NDManager manager = resources.add(
                Tensors.manager(config.string(Settings.ENGINE_DEVICE), config.integer(Settings.ENGINE_THREADS)));
        this.experiments = resources.add(new Experiments(config));
        this.networks = resources.add(new NetworkStore(config));
        ChunkStore chunks = resources.add(new ChunkStore(config));
        this.checkpoints = resources.add(new Checkpoints(config, chunks));
        RecordSender sender = resources.add(new RecordSender(config));
        DatasetStore datasets = resources.add(new DatasetStore(config));
        var inputs = new SegmentWorker.Inputs(
                experiments,
                datasets,
                networks,
                resources.add(new RecordIndex<>(config, Topic.PRIOR_ANSWERS, PriorAnswer.class, CACHE_BYTES)),
                checkpoints,
                resources.add(new SnapshotStore(config)));
        this.worker = resources.add(new SegmentWorker(config, manager, inputs, chunks, sender, metrics));
        PoolRetirement retirement = new PoolRetirement(networks, checkpoints, sender);
        this.removals =
                resources.add(new Removals(config, any -> retirement.retireOthers(experiments, datasets, List.of())));
        this.planner = resources.add(new StreamsApplication(config, NAME, DistillationTopology.build(config)));
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public void start() {
        experiments.awaitCaughtUp();
        networks.awaitCaughtUp();
        checkpoints.awaitCaughtUp();
        queue = resources.add(WorkQueue.open(config, WorkGroup.DISTILLERS, WorkGroup.DISTILLERS.topics(), worker));
        planner.start();
        removals.start();
    }

    @Override
    public boolean isAlive() {
        return queue != null && queue.isAlive() && planner.isAlive() && removals.isAlive();
    }

    @Override
    public Optional<String> stalled() {
        return worker.stalled().or(planner::stalled);
    }

    @Override
    public void close() {
        worker.cancel();
        resources.close();
    }
}
