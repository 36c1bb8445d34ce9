package dev.romestream.evaluator;

import dev.romestream.evaluator.alert.AlertProcessor;
import dev.romestream.evaluator.plan.PlanProcessor;
import dev.romestream.evaluator.tally.OpenRequests;
import dev.romestream.evaluator.tally.TallyProcessor;
import dev.romestream.exchange.codec.NetworkCodec;
import dev.romestream.exchange.identity.Identity;
import dev.romestream.exchange.metric.NamedMetric;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.config.Settings;
import dev.romestream.messaging.streams.ControlStream;
import dev.romestream.messaging.topic.TopicNames;
import dev.romestream.robustness.tensor.Precision;
import dev.romestream.schemas.Alert;
import dev.romestream.schemas.AlertAction;
import dev.romestream.schemas.AlertSeries;
import dev.romestream.schemas.AlertState;
import dev.romestream.schemas.AttackProgress;
import dev.romestream.schemas.DatasetDescriptor;
import dev.romestream.schemas.DatasetRetired;
import dev.romestream.schemas.Evaluation;
import dev.romestream.schemas.EvaluationState;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.FigureProgress;
import dev.romestream.schemas.Network;
import dev.romestream.schemas.NetworkRole;
import dev.romestream.schemas.NetworkSeen;
import dev.romestream.schemas.NetworkVersion;
import dev.romestream.schemas.PlannedEvaluation;
import dev.romestream.schemas.PlannerEvent;
import dev.romestream.schemas.RecordChecks;
import dev.romestream.schemas.RobustnessMetrics;
import dev.romestream.schemas.SnapshotManifest;
import dev.romestream.schemas.SnapshotTaken;
import dev.romestream.schemas.SyntheticSnapshot;
import dev.romestream.schemas.Tally;
import dev.romestream.schemas.TallyEvent;
import dev.romestream.schemas.Topic;
import dev.romestream.schemas.WorkAnswer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Named;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.Repartitioned;
import org.apache.kafka.streams.state.Stores;

/**
 * Two streams. Of the facts about experiments, data sets, snapshots, networks, victims and figures, the
 * {@link PlanProcessor} makes requests for victims, and evaluations, and the {@link AlertProcessor} alerts. Of evaluations and of what
 * becomes of their requests, the {@link TallyProcessor} makes requests for attacks, and running metrics. What a task keeps lies behind
 * topics with a fixed number of partitions, so that partitions may be added to all others.
 */
final class EvaluationTopology {
    private static final int TALLY_PARTITIONS = 4;

    private final RomeConfig config;
    private final TopicNames names;
    private final StreamsBuilder builder = new StreamsBuilder();

    private EvaluationTopology(RomeConfig config) {
        this.config = config;
        this.names = TopicNames.of(config);
    }

    /**
     * Both of them.
     *
     * @param fastest the precision of attacks that leave it open
     * @param labels that have come of a data set's images, by its id and fingerprint
     */
    static Topology build(
            RomeConfig config, Precision fastest, OpenRequests open, BiFunction<String, String, List<Integer>> labels) {
        EvaluationTopology topology = new EvaluationTopology(config);
        topology.planning(fastest);
        topology.tallying(open, labels);
        return topology.builder.build();
    }

    private <T extends SpecificRecord> Serde<T> serde() {
        return ControlStream.serde(config);
    }

    private <T extends SpecificRecord> void store(String name) {
        Serde<T> serde = ControlStream.internal(config);
        builder.addStateStore(Stores.keyValueStoreBuilder(Stores.inMemoryKeyValueStore(name), Serdes.String(), serde)
                .withLoggingEnabled(Map.of()));
    }

    private void planning(Precision fastest) {
        this.<EvaluationState>store(PlanProcessor.STATES);
        this.<PlannedEvaluation>store(PlanProcessor.PLANS);
        this.<DatasetDescriptor>store(PlanProcessor.DATASETS);
        KStream<String, PlannerEvent> facts = new ControlStream<PlannerEvent>(config, builder)
                        .with(Topic.EXPERIMENTS, Experiment.class, (key, value) -> event(key, value))
                        .with(Topic.DATASETS, DatasetDescriptor.class, (key, value) -> dataset(key, value))
                        .with(Topic.SYNTHETIC_SNAPSHOTS, SyntheticSnapshot.class, (key, value) -> snapshot(value))
                        .with(Topic.NETWORKS, Network.class, (key, value) -> network(value))
                        .with(
                                Topic.VICTIM_ANSWERS,
                                WorkAnswer.class,
                                (key, value) -> value == null ? Optional.empty() : event(value.getExperiment(), value))
                        .with(Topic.ROBUSTNESS_LATEST, RobustnessMetrics.class, EvaluationTopology::figure)
                        .stream();
        ControlStream.write(
                config,
                facts.process(
                        () -> new PlanProcessor(fastest),
                        Named.as("plan"),
                        PlanProcessor.STATES,
                        PlanProcessor.PLANS,
                        PlanProcessor.DATASETS),
                "planned-out");
        this.<Experiment>store(AlertProcessor.EXPERIMENTS);
        this.<AlertSeries>store(AlertProcessor.SERIES);
        KStream<String, Alert> alerts = facts.process(
                AlertProcessor::new, Named.as("alert"), AlertProcessor.EXPERIMENTS, AlertProcessor.SERIES);
        alerts.to(
                names.of(Topic.ALERTS),
                Produced.with(Serdes.String(), this.<Alert>serde()).withName("alerts-out"));
        alerts.filter(
                        (key, alert) ->
                                alert != null && alert.getState() == AlertState.RAISED && alert.getAction() != null,
                        Named.as("asking"))
                .map(
                        (key, alert) -> KeyValue.pair(RecordChecks.actionKey(alert.getAction()), alert.getAction()),
                        Named.as("actions"))
                .to(
                        names.of(Topic.ACTIONS),
                        Produced.with(Serdes.String(), this.<AlertAction>serde())
                                .withName("actions-out"));
    }

    private static Optional<KeyValue<String, PlannerEvent>> event(String key, SpecificRecord fact) {
        return Optional.of(KeyValue.pair(key, new PlannerEvent(fact)));
    }

    private static Optional<KeyValue<String, PlannerEvent>> dataset(String key, DatasetDescriptor descriptor) {
        return event(key, descriptor == null ? new DatasetRetired(key) : descriptor);
    }

    private static Optional<KeyValue<String, PlannerEvent>> snapshot(SyntheticSnapshot record) {
        return record != null && record.getPart() instanceof SnapshotManifest manifest
                ? event(record.getExperiment(), new SnapshotTaken(record.getSnapshot(), manifest))
                : Optional.empty();
    }

    private static Optional<KeyValue<String, PlannerEvent>> network(Network network) {
        return network != null && network.getRole() != NetworkRole.PRIOR && network.getExperiment() != null
                ? event(
                        network.getExperiment(),
                        new NetworkSeen(
                                new NetworkVersion(network.getId(), network.getVersion(), ""),
                                network.getRole(),
                                NetworkCodec.architecture(network),
                                network.getSources(),
                                Identity.revision(network),
                                network.getClasses()))
                : Optional.empty();
    }

    private static Optional<KeyValue<String, PlannerEvent>> figure(String key, RobustnessMetrics metrics) {
        if (metrics == null) {
            return Optional.empty();
        }
        long outcomes =
                metrics.getAttacks().stream().mapToLong(NamedMetric::images).sum();
        String failure = metrics.getAttacks().stream()
                .filter(attack -> attack.getFailure() != null)
                .map(attack -> attack.getAttack() + ": " + attack.getFailure())
                .findFirst()
                .orElse(null);
        return event(
                metrics.getExperiment(),
                new FigureProgress(
                        Identity.evaluationKey(metrics),
                        metrics.getPlan(),
                        metrics.getMode(),
                        outcomes,
                        metrics.getComplete(),
                        failure,
                        metrics.getComplete() ? metrics : null));
    }

    private void tallying(OpenRequests open, BiFunction<String, String, List<Integer>> labels) {
        this.<Evaluation>store(TallyProcessor.PLANS);
        this.<Tally>store(TallyProcessor.STORE);
        KStream<String, TallyEvent> evaluations = new ControlStream<TallyEvent>(config, builder)
                .valid(Topic.EVALUATIONS, Evaluation.class)
                .mapValues(TallyEvent::new, Named.as("evaluation-events"));
        KStream<String, TallyEvent> progress = new ControlStream<TallyEvent>(config, builder)
                .valid(Topic.ATTACK_PROGRESS, AttackProgress.class)
                .filter((key, value) -> value != null, Named.as("progress"))
                .mapValues(TallyEvent::new, Named.as("progress-events"));
        Duration patience = Duration.ofMillis(config.number(Settings.EVALUATION_PATIENCE));
        ControlStream.write(
                config,
                evaluations
                        .merge(progress, Named.as("tally-events"))
                        .repartition(Repartitioned.with(Serdes.String(), ControlStream.<TallyEvent>internal(config))
                                .withName("outcomes")
                                .withNumberOfPartitions(TALLY_PARTITIONS))
                        .process(
                                () -> new TallyProcessor(patience, open, labels),
                                Named.as("tally"),
                                TallyProcessor.PLANS,
                                TallyProcessor.STORE),
                "tallied-out");
    }
}
