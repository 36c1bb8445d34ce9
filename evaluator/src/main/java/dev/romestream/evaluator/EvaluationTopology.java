package dev.romestream.evaluator;

import dev.romestream.exchange.InvalidRecordException;
import dev.romestream.messaging.topic.TopicNames;
import dev.romestream.schemas.EvaluationContext;
import dev.romestream.schemas.Mode;
import dev.romestream.schemas.PerturbedBatch;
import dev.romestream.schemas.RobustnessMetrics;
import dev.romestream.schemas.Tally;
import dev.romestream.schemas.Topic;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;

/**
 * Perturbed batches to running metrics. Batches are keyed by victim, so all outcomes of a victim meet in one task; the tally is
 * the only state.
 */
final class EvaluationTopology {
    static final String SOURCE = "perturbed-batches";
    static final String PROCESSOR = "score";
    static final String STORE = "tallies";
    static final String METRICS_SINK = "robustness-metrics";
    static final String LATEST_SINK = "robustness-latest";

    private EvaluationTopology() {}

    /** Classifies a batch; throws where the batch makes no sense. */
    @FunctionalInterface
    interface Scorer extends Function<PerturbedBatch, BatchScorer.Outcome>, AutoCloseable {
        @Override
        default void close() {}
    }

    /** Makes a configured Avro serde. */
    interface SerdeFactory {
        <T extends SpecificRecord> Serde<T> create();
    }

    /** @param scorers makes a scorer for each task */
    static Topology build(TopicNames names, SerdeFactory serdes, Supplier<Scorer> scorers) {
        Serde<PerturbedBatch> batches = serdes.create();
        Serde<RobustnessMetrics> metrics = serdes.create();
        Serde<Tally> tallies = serdes.create();
        return new Topology()
                .addSource(
                        SOURCE,
                        Serdes.String().deserializer(),
                        batches.deserializer(),
                        names.of(Topic.PERTURBED_BATCHES))
                .addProcessor(PROCESSOR, () -> new TallyProcessor(scorers.get()), SOURCE)
                .addStateStore(
                        Stores.keyValueStoreBuilder(Stores.inMemoryKeyValueStore(STORE), Serdes.String(), tallies)
                                .withLoggingEnabled(Map.of()),
                        PROCESSOR)
                .addSink(
                        METRICS_SINK,
                        names.of(Topic.ROBUSTNESS_METRICS),
                        Serdes.String().serializer(),
                        metrics.serializer(),
                        PROCESSOR)
                .addSink(
                        LATEST_SINK,
                        names.of(Topic.ROBUSTNESS_LATEST),
                        Serdes.String().serializer(),
                        metrics.serializer(),
                        PROCESSOR);
    }

    /** Folds a batch's outcome into its tally and forwards what has changed. */
    private static final class TallyProcessor implements Processor<String, PerturbedBatch, String, RobustnessMetrics> {
        private final Scorer scorer;
        private ProcessorContext<String, RobustnessMetrics> context;
        private KeyValueStore<String, Tally> store;

        TallyProcessor(Scorer scorer) {
            this.scorer = scorer;
        }

        @Override
        public void init(ProcessorContext<String, RobustnessMetrics> given) {
            this.context = given;
            this.store = given.getStateStore(STORE);
        }

        @Override
        public void process(Record<String, PerturbedBatch> record) {
            PerturbedBatch batch = record.value();
            if (batch == null || batch.getEvaluation() == null) {
                throw new InvalidRecordException("A record on perturbed-batches counts towards no evaluation.");
            }
            EvaluationContext evaluation = batch.getEvaluation();
            String key = Tallies.key(evaluation);
            Tally stored = store.get(key);
            Tally before = stored == null ? Tallies.empty(evaluation) : stored;
            if (!before.getContext().getPlan().equals(evaluation.getPlan())) {
                throw new InvalidRecordException("PerturbedBatch " + batch.getRequestId()
                        + " is of another plan than the" + " figure " + key + " began with.");
            }
            Tally after = batch.getError() == null
                    ? Tallies.apply(before, batch, scorer.apply(batch))
                    : Tallies.failed(before, batch);
            if (after.equals(stored)) {
                return;
            }
            store.put(key, after);
            for (Mode mode : evaluation.getPlan().get(evaluation.getCell()).getModes()) {
                RobustnessMetrics metrics = MetricsCalculation.of(after, mode);
                context.forward(new Record<>(evaluation.getExperiment(), metrics, record.timestamp()), METRICS_SINK);
                String latest = key + "/" + mode.name().toLowerCase(Locale.ROOT);
                context.forward(new Record<>(latest, metrics, record.timestamp()), LATEST_SINK);
            }
        }

        @Override
        public void close() {
            scorer.close();
        }
    }
}
