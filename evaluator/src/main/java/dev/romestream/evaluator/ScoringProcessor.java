package dev.romestream.evaluator;

import ai.djl.engine.EngineException;
import dev.romestream.exchange.codec.EngineFaults;
import dev.romestream.exchange.codec.InvalidRecordException;
import dev.romestream.schemas.BatchOutcome;
import dev.romestream.schemas.Evaluation;
import dev.romestream.schemas.PerturbedBatch;
import dev.romestream.schemas.Sample;
import dev.romestream.schemas.TallyEvent;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.Record;

/** Perturbed batches to outcomes: each is checked against the plan that asked for it, and classified anew. It keeps nothing. */
final class ScoringProcessor extends ContextualProcessor<String, PerturbedBatch, String, TallyEvent> {
    /** Predictions of one attack that travel with the figures, for people to look at. */
    private static final int MOST_SHOWN = 10;

    private final Scorer scorer;

    /** What a batch is scored with. */
    interface Scorer extends AutoCloseable {
        /** The plan with this key, if there is one. */
        Optional<Evaluation> plan(String key);

        /** The place of a request in the plan, if it is one of the plan's. */
        Optional<EvaluationPlan.Slot> slot(Evaluation evaluation, String requestId);

        /**
         * How the victim sees a batch.
         *
         * @throws InvalidRecordException where the batch contradicts the plan, its bounds or its range
         */
        BatchScorer.Scores score(Evaluation evaluation, EvaluationPlan.Slot slot, PerturbedBatch batch);

        @Override
        default void close() {}
    }

    ScoringProcessor(Scorer scorer) {
        this.scorer = scorer;
    }

    @Override
    public void process(Record<String, PerturbedBatch> record) {
        PerturbedBatch batch = record.value();
        if (batch == null || record.key() == null) {
            throw new InvalidRecordException("A record on perturbed-batches has no key or no value.");
        }
        Evaluation evaluation = scorer.plan(record.key())
                .orElseThrow(() -> new InvalidRecordException("PerturbedBatch " + batch.getRequestId()
                        + " is for the evaluation " + record.key() + ", which there is not."));
        EvaluationPlan.Slot slot = scorer.slot(evaluation, batch.getRequestId())
                .orElseThrow(() -> new InvalidRecordException("PerturbedBatch " + batch.getRequestId()
                        + " answers no request of the evaluation " + record.key() + "."));
        try {
            BatchOutcome outcome = outcome(evaluation, slot, batch);
            context().forward(record.withValue(new TallyEvent(outcome)));
        } catch (EngineException e) {
            throw EngineFaults.classified(e);
        }
    }

    private BatchOutcome outcome(Evaluation evaluation, EvaluationPlan.Slot slot, PerturbedBatch batch) {
        BatchOutcome.Builder outcome = BatchOutcome.newBuilder()
                .setAttack(slot.attack())
                .setAttempt(batch.getAttempt())
                .setSeconds(batch.getSeconds())
                .setGradientEvaluations(batch.getGradientEvaluations())
                .setForwardEvaluations(batch.getForwardEvaluations())
                .setZeroGradients(batch.getZeroGradients());
        if (batch.getError() != null) {
            return outcome.setImageIds(List.of())
                    .setCorrect(ByteBuffer.allocate(0))
                    .setDiffering(0)
                    .setError(batch.getError())
                    .build();
        }
        BatchScorer.Scores scores = scorer.score(evaluation, slot, batch);
        byte[] correct = new byte[scores.correct().length];
        for (int i = 0; i < correct.length; i++) {
            correct[i] = (byte) (scores.correct()[i] ? 1 : 0);
        }
        return outcome.setImageIds(batch.getImageIds())
                .setCorrect(ByteBuffer.wrap(correct))
                .setDiffering(scores.differing())
                .setSample(sample(scores))
                .build();
    }

    /** Where the record that is being processed stands; tests without a topic have none. */
    private Sample sample(BatchScorer.Scores scores) {
        return context()
                .recordMetadata()
                .map(place -> new Sample(
                        place.partition(),
                        place.offset(),
                        IntStream.of(scores.predicted())
                                .limit(MOST_SHOWN)
                                .boxed()
                                .toList()))
                .orElse(null);
    }

    @Override
    public void close() {
        scorer.close();
    }
}
