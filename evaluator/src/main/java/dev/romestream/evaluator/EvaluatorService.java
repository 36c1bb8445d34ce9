package dev.romestream.evaluator;

import ai.djl.ndarray.NDManager;
import dev.romestream.evaluator.alert.AlertWebhook;
import dev.romestream.evaluator.publish.MetricGauges;
import dev.romestream.evaluator.score.ScoringWorker;
import dev.romestream.evaluator.tally.OpenRequests;
import dev.romestream.evaluator.victim.VictimWorker;
import dev.romestream.exchange.store.DatasetStore;
import dev.romestream.exchange.store.NetworkStore;
import dev.romestream.exchange.store.PlanStore;
import dev.romestream.exchange.store.SnapshotStore;
import dev.romestream.experiments.Experiments;
import dev.romestream.experiments.Removals;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.config.Settings;
import dev.romestream.messaging.failure.Backoff;
import dev.romestream.messaging.queue.WorkQueue;
import dev.romestream.messaging.service.Resources;
import dev.romestream.messaging.service.Service;
import dev.romestream.messaging.streams.StreamsApplication;
import dev.romestream.messaging.topic.RecordReader;
import dev.romestream.messaging.topic.RecordSender;
import dev.romestream.messaging.topic.TopicNames;
import dev.romestream.robustness.tensor.Precision;
import dev.romestream.robustness.tensor.Tensors;
import dev.romestream.schemas.Topic;
import dev.romestream.schemas.WindowLabels;
import dev.romestream.schemas.WorkGroup;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListTopicsOptions;
import org.apache.kafka.common.config.ConfigException;

/** Scores every snapshot of every experiment, and every network that a user brings: a planner's and scorer's topology, and a worker. */
public final class EvaluatorService implements Service {
    private static final String NAME = "evaluator";
    private static final String OLD_STATE = "-evaluation-states-changelog";
    private static final String SCORERS = "scorers";
    private static final String WEBHOOK_GROUP = "alert-webhook";

    private final Resources resources = new Resources();
    private final RomeConfig config;
    private final NetworkStore networks;
    private final Experiments experiments;
    private final ScoringWorker scorer;
    private final StreamsApplication stream;
    private final VictimWorker worker;
    private final Removals removals;
    private final Optional<AlertWebhook> webhook;
    private final MetricGauges gauges;
    private final RecordReader<WindowLabels> labelled;
    private final List<WorkQueue> queues = new ArrayList<>();
    /** Of windows whose images had none. */
    private final Map<String, WindowLabels> labels = new ConcurrentHashMap<>();

    private boolean started;

    public EvaluatorService(RomeConfig config, MeterRegistry metrics) {
        this.config = config;
        NDManager manager = resources.add(
                Tensors.manager(config.string(Settings.ENGINE_DEVICE), config.integer(Settings.ENGINE_THREADS)));
        DatasetStore datasets = resources.add(new DatasetStore(config));
        this.networks = resources.add(new NetworkStore(config));
        SnapshotStore snapshots = resources.add(new SnapshotStore(config));
        PlanStore plans = resources.add(new PlanStore(config));
        this.experiments = resources.add(new Experiments(config));
        RecordSender sender = resources.add(new RecordSender(config));
        this.worker =
                resources.add(new VictimWorker(config, manager, experiments, snapshots, networks, datasets, sender));
        this.scorer = resources.add(new ScoringWorker(config, manager, plans, networks, datasets, sender, metrics));
        this.removals =
                resources.add(new Removals(config, new ExperimentRemover(config, networks, snapshots, sender)::remove));
        this.webhook = config.string(Settings.WEBHOOK_URL).isEmpty()
                ? Optional.empty()
                : Optional.of(resources.add(new AlertWebhook(config)));
        this.gauges = resources.add(new MetricGauges(config, metrics));
        this.labelled =
                resources.add(new RecordReader<>(config, Topic.WINDOW_LABELS, WindowLabels.class, (key, value) -> {
                    if (value == null) {
                        labels.remove(key);
                    } else {
                        labels.put(key, value);
                    }
                }));
        this.stream = resources.add(new StreamsApplication(
                config,
                NAME,
                EvaluationTopology.build(
                        config, Precision.fastest(manager.getDevice()), new OpenRequests(metrics), this::labels)));
    }

    private List<Integer> labels(String dataset, String fingerprint) {
        WindowLabels found = labels.get(dataset);
        return found != null && found.getFingerprint().equals(fingerprint) ? found.getLabels() : List.of();
    }

    @Override
    public String name() {
        return NAME;
    }

    /** State kept by version 0.1.0 does not say which images and parameters its figures are of. */
    private void requireNoOldState() {
        String application = TopicNames.of(config).prefix() + NAME;
        Set<String> topics = Backoff.await(config.outages(), "the brokers", Duration.ofMillis(-1), () -> {
            try (Admin admin = config.clients().admin("setup", config.admin())) {
                return admin.listTopics(new ListTopicsOptions().listInternal(true))
                        .names()
                        .get();
            }
        });
        if (topics.contains(application + OLD_STATE)) {
            throw new ConfigException("The topics " + application
                    + "-* are of version 0.1.0, which this one does not go"
                    + " on from: stop every evaluator, and delete these topics and the consumer group " + application
                    + "; experiments that are to run are then evaluated anew. Or set another topic.prefix.");
        }
    }

    @Override
    public void start() {
        requireNoOldState();
        networks.awaitCaughtUp();
        experiments.awaitCaughtUp();
        queues.add(resources.add(WorkQueue.inOrder(config, SCORERS, List.of(Topic.PERTURBED_BATCHES), scorer)));
        queues.add(resources.add(
                WorkQueue.open(config, WorkGroup.VICTIM_TRAINERS, WorkGroup.VICTIM_TRAINERS.topics(), worker)));
        webhook.ifPresent(hook ->
                queues.add(resources.add(WorkQueue.inOrder(config, WEBHOOK_GROUP, List.of(Topic.ALERTS), hook))));
        stream.start();
        removals.start();
        started = true;
    }

    @Override
    public boolean isAlive() {
        return started
                && queues.stream().allMatch(WorkQueue::isAlive)
                && stream.isAlive()
                && gauges.isAlive()
                && labelled.isAlive()
                && removals.isAlive();
    }

    @Override
    public Optional<String> stalled() {
        return worker.stalled().or(scorer::stalled).or(stream::stalled);
    }

    @Override
    public void close() {
        worker.cancel();
        scorer.cancel();
        webhook.ifPresent(AlertWebhook::cancel);
        resources.close();
    }
}
