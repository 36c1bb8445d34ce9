package dev.romestream.evaluator;

import ai.djl.ndarray.NDManager;
import dev.romestream.exchange.store.DatasetStore;
import dev.romestream.exchange.store.NetworkStore;
import dev.romestream.exchange.store.SnapshotStore;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.queue.WorkQueue;
import dev.romestream.messaging.service.Resources;
import dev.romestream.messaging.service.Service;
import dev.romestream.messaging.streams.StreamsApplication;
import dev.romestream.messaging.topic.RecordSender;
import dev.romestream.robustness.tensor.Tensors;
import dev.romestream.schemas.Topic;
import dev.romestream.schemas.WorkGroup;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Scores every snapshot of every experiment, and every network that a user brings: a planner's and scorer's topology, and a worker. */
public final class EvaluatorService implements Service {
    private static final String NAME = "evaluator";
    private static final String WEBHOOK_GROUP = "alert-webhook";

    private final Resources resources = new Resources();
    private final RomeConfig config;
    private final NetworkStore networks;
    private final StreamsApplication stream;
    private final VictimWorker worker;
    private final Optional<AlertWebhook> webhook;
    private final FigureGauges gauges;
    private final List<WorkQueue> queues = new ArrayList<>();
    private boolean started;

    public EvaluatorService(RomeConfig config, MeterRegistry metrics) {
        this.config = config;
        NDManager manager = resources.add(
                Tensors.manager(config.string(RomeConfig.ENGINE_DEVICE), config.integer(RomeConfig.ENGINE_THREADS)));
        DatasetStore datasets = resources.add(new DatasetStore(config));
        this.networks = resources.add(new NetworkStore(config));
        SnapshotStore snapshots = resources.add(new SnapshotStore(config));
        Evaluations evaluations = resources.add(new Evaluations(config));
        RecordSender sender = resources.add(new RecordSender(config));
        this.worker = resources.add(new VictimWorker(config, manager, snapshots, networks, datasets, sender));
        Timer time = Timer.builder("rome.scoring.time")
                .description("Time to check and classify one perturbed batch")
                .register(metrics);
        this.webhook = config.string(RomeConfig.WEBHOOK_URL).isEmpty()
                ? Optional.empty()
                : Optional.of(resources.add(new AlertWebhook(config)));
        this.gauges = resources.add(new FigureGauges(config, metrics));
        this.stream = resources.add(new StreamsApplication(
                config,
                NAME,
                EvaluationTopology.build(
                        config, () -> new TopicScorer(config, manager, evaluations, networks, datasets, time))));
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public void start() {
        networks.awaitCaughtUp();
        queues.add(resources.add(
                WorkQueue.open(config, WorkGroup.VICTIM_TRAINERS, WorkGroup.VICTIM_TRAINERS.topics(), worker)));
        webhook.ifPresent(hook ->
                queues.add(resources.add(WorkQueue.inOrder(config, WEBHOOK_GROUP, List.of(Topic.ALERTS), hook))));
        stream.start();
        started = true;
    }

    @Override
    public boolean isAlive() {
        return started && queues.stream().allMatch(WorkQueue::isAlive) && stream.isAlive() && gauges.isAlive();
    }

    @Override
    public Optional<String> stalled() {
        return worker.stalled().or(stream::stalled);
    }

    @Override
    public void close() {
        worker.cancel();
        webhook.ifPresent(AlertWebhook::cancel);
        resources.close();
    }
}
