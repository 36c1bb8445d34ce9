package dev.romestream.evaluator;

import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.streams.ControlStream;
import dev.romestream.messaging.topic.TopicNames;
import dev.romestream.schemas.Alert;
import dev.romestream.schemas.AlertSeries;
import dev.romestream.schemas.AttackRequest;
import dev.romestream.schemas.DatasetDescriptor;
import dev.romestream.schemas.Evaluation;
import dev.romestream.schemas.EvaluationState;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.ExperimentStatus;
import dev.romestream.schemas.FigureProgress;
import dev.romestream.schemas.FlatFigure;
import dev.romestream.schemas.Network;
import dev.romestream.schemas.NetworkRole;
import dev.romestream.schemas.PerturbedBatch;
import dev.romestream.schemas.PlannerEvent;
import dev.romestream.schemas.RobustnessMetrics;
import dev.romestream.schemas.SnapshotManifest;
import dev.romestream.schemas.SnapshotTaken;
import dev.romestream.schemas.SyntheticSnapshot;
import dev.romestream.schemas.Tally;
import dev.romestream.schemas.TallyEvent;
import dev.romestream.schemas.Topic;
import dev.romestream.schemas.VictimRequest;
import dev.romestream.schemas.WorkAnswer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Named;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.Repartitioned;
import org.apache.kafka.streams.state.Stores;

/**
 * Two streams. Of the facts about experiments, data sets, snapshots, networks, victims and figures, the
 * {@link PlanProcessor} makes requests for victims, and evaluations, and the {@link AlertProcessor} alerts. Of evaluations and perturbed batches, which the
 * {@link ScoringProcessor} classifies, the {@link TallyProcessor} makes requests for attacks, and running metrics. What a
 * task keeps lies behind a topic of its own with a fixed number of partitions, so that partitions may be added to all others.
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

    /** @param scorers makes a scorer for each task */
    static Topology build(RomeConfig config, Supplier<ScoringProcessor.Scorer> scorers) {
        EvaluationTopology topology = new EvaluationTopology(config);
        topology.planning();
        topology.tallying(scorers);
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

    private void write(
            KStream<String, SpecificRecord> records,
            Topic topic,
            Class<? extends SpecificRecord> type,
            boolean latest) {
        String name = topic.baseName() + "-out";
        // tombstones are of evaluations, and of rows
        KStream<String, SpecificRecord> own = records.filter(
                (key, value) -> value == null ? topic == Topic.EVALUATIONS : type.isInstance(value),
                Named.as(name + "-filter"));
        KStream<String, SpecificRecord> keyed = latest
                ? own
                : own.selectKey(
                        (key, value) -> value instanceof RobustnessMetrics metrics ? metrics.getExperiment() : key,
                        Named.as(name + "-key"));
        keyed.to(
                names.of(topic),
                Produced.with(Serdes.String(), this.<SpecificRecord>serde()).withName(name));
    }

    private void planning() {
        this.<EvaluationState>store(PlanProcessor.STATES);
        this.<DatasetDescriptor>store(PlanProcessor.DATASETS);
        KStream<String, PlannerEvent> facts = new ControlStream(config, builder)
                        .with(Topic.EXPERIMENTS, Experiment.class, (key, value) -> event(key, value))
                        .with(Topic.DATASETS, DatasetDescriptor.class, (key, value) -> present(key, value))
                        .with(Topic.SYNTHETIC_SNAPSHOTS, SyntheticSnapshot.class, (key, value) -> snapshot(value))
                        .with(Topic.NETWORKS, Network.class, (key, value) -> network(value))
                        .with(
                                Topic.VICTIM_ANSWERS,
                                WorkAnswer.class,
                                (key, value) -> value == null ? Optional.empty() : event(value.getExperiment(), value))
                        .with(Topic.ROBUSTNESS_LATEST, RobustnessMetrics.class, EvaluationTopology::figure)
                        .stream();
        KStream<String, SpecificRecord> planned =
                facts.process(PlanProcessor::new, Named.as("plan"), PlanProcessor.STATES, PlanProcessor.DATASETS);
        write(planned, Topic.VICTIM_REQUESTS, VictimRequest.class, true);
        write(planned, Topic.EVALUATIONS, Evaluation.class, true);
        write(planned, Topic.EXPERIMENT_STATUS, ExperimentStatus.class, true);
        this.<Experiment>store(AlertProcessor.EXPERIMENTS);
        this.<AlertSeries>store(AlertProcessor.SERIES);
        facts.process(AlertProcessor::new, Named.as("alert"), AlertProcessor.EXPERIMENTS, AlertProcessor.SERIES)
                .to(
                        names.of(Topic.ALERTS),
                        Produced.with(Serdes.String(), this.<Alert>serde()).withName("alerts-out"));
    }

    private static Optional<KeyValue<String, PlannerEvent>> event(String key, SpecificRecord fact) {
        return Optional.of(KeyValue.pair(key, new PlannerEvent(fact)));
    }

    private static Optional<KeyValue<String, PlannerEvent>> present(String key, SpecificRecord fact) {
        return fact == null ? Optional.empty() : event(key, fact);
    }

    private static Optional<KeyValue<String, PlannerEvent>> snapshot(SyntheticSnapshot record) {
        return record != null && record.getPart() instanceof SnapshotManifest manifest
                ? event(record.getExperiment(), new SnapshotTaken(record.getSnapshot(), manifest))
                : Optional.empty();
    }

    private static Optional<KeyValue<String, PlannerEvent>> network(Network network) {
        return network != null && network.getRole() == NetworkRole.MONITORED
                ? event(
                        network.getExperiment(),
                        Network.newBuilder(network)
                                .setParameters(List.of())
                                .setChunks(List.of())
                                .build())
                : Optional.empty();
    }

    private static Optional<KeyValue<String, PlannerEvent>> figure(String key, RobustnessMetrics metrics) {
        if (metrics == null) {
            return Optional.empty();
        }
        long outcomes = metrics.getAttacks().stream()
                .mapToLong(attack -> attack.getCount())
                .sum();
        String failure = metrics.getUndefined().entrySet().stream()
                .filter(entry -> entry.getKey().startsWith(MetricsCalculation.FAILED_PREFIX))
                .map(Map.Entry::getValue)
                .findFirst()
                .orElse(null);
        String evaluation = key.substring(0, Math.max(0, key.lastIndexOf('/')));
        return event(
                metrics.getExperiment(),
                new FigureProgress(
                        evaluation,
                        metrics.getMode(),
                        outcomes,
                        metrics.getComplete(),
                        failure,
                        metrics.getComplete() ? metrics : null));
    }

    private void tallying(Supplier<ScoringProcessor.Scorer> scorers) {
        this.<Tally>store(TallyProcessor.STORE);
        KStream<String, TallyEvent> evaluations = new ControlStream(config, builder)
                .valid(Topic.EVALUATIONS, Evaluation.class)
                .mapValues(evaluation -> new TallyEvent(evaluation), Named.as("evaluation-events"));
        KStream<String, TallyEvent> outcomes = builder.stream(
                        names.of(Topic.PERTURBED_BATCHES),
                        Consumed.with(Serdes.String(), ControlStream.serde(config, PerturbedBatch.class))
                                .withName("perturbed-batches"))
                .process(() -> new ScoringProcessor(scorers.get()), Named.as("score"));
        Duration patience = Duration.ofMillis(config.number(RomeConfig.EVALUATION_PATIENCE));
        KStream<String, SpecificRecord> tallied = evaluations
                .merge(outcomes, Named.as("tally-events"))
                .repartition(Repartitioned.with(Serdes.String(), ControlStream.<TallyEvent>internal(config))
                        .withName("outcomes")
                        .withNumberOfPartitions(TALLY_PARTITIONS))
                .process(() -> new TallyProcessor(patience), Named.as("tally"), TallyProcessor.STORE);
        write(tallied, Topic.ATTACK_REQUESTS, AttackRequest.class, true);
        write(tallied, Topic.ROBUSTNESS_METRICS, RobustnessMetrics.class, false);
        write(tallied, Topic.ROBUSTNESS_LATEST, RobustnessMetrics.class, true);
        tallied.flatMap(EvaluationTopology::rows, Named.as("robustness-flat-rows"))
                .to(
                        names.of(Topic.ROBUSTNESS_FLAT),
                        Produced.with(Serdes.String(), this.<FlatFigure>serde()).withName("robustness-flat-out"));
    }

    /** A figure's rows; a tombstone is of a row. */
    private static List<KeyValue<String, FlatFigure>> rows(String key, SpecificRecord record) {
        if (record == null) {
            return List.of(KeyValue.pair(key, null));
        }
        return record instanceof RobustnessMetrics metrics
                ? FlatFigures.of(metrics).entrySet().stream()
                        .map(row -> KeyValue.pair(key + "/" + row.getKey(), row.getValue()))
                        .toList()
                : List.of();
    }
}
