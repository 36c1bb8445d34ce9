package dev.romestream.evaluator.score;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDManager;
import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.romestream.evaluator.plan.EvaluationPlan;
import dev.romestream.exchange.codec.AttackCodec;
import dev.romestream.exchange.codec.EngineFaults;
import dev.romestream.exchange.codec.InvalidRecordException;
import dev.romestream.exchange.identity.NetworkReference;
import dev.romestream.exchange.store.DatasetStore;
import dev.romestream.exchange.store.NetworkCache;
import dev.romestream.exchange.store.NetworkStore;
import dev.romestream.exchange.store.PlanStore;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.failure.UnprocessableException;
import dev.romestream.messaging.queue.RequestWorker;
import dev.romestream.messaging.service.WorkTimer;
import dev.romestream.messaging.topic.RecordSender;
import dev.romestream.schemas.AttackProgress;
import dev.romestream.schemas.BatchOutcome;
import dev.romestream.schemas.Evaluation;
import dev.romestream.schemas.PerturbedBatch;
import dev.romestream.schemas.Sample;
import dev.romestream.schemas.Topic;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * Perturbed batches to outcomes: each is checked against the plan that asked for it, and classified anew. What another plan asked for
 * than the evaluation has now is passed over.
 */
public final class ScoringWorker extends RequestWorker<PerturbedBatch> {
    /** Predictions of one attack that travel with the figures, for people to look at. */
    private static final int MOST_SHOWN = 10;

    private static final int MOST_PLANS = 64;

    private final PlanStore plans;
    private final NetworkStore networks;
    private final NetworkCache cache;
    private final DatasetStore datasets;
    private final BatchScorer scorer;
    private final RecordSender sender;
    private final Timer time;
    private final Cache<Evaluation, Map<String, EvaluationPlan.Slot>> slots =
            Caffeine.newBuilder().maximumSize(MOST_PLANS).build();

    public ScoringWorker(
            RomeConfig config,
            NDManager manager,
            PlanStore plans,
            NetworkStore networks,
            DatasetStore datasets,
            RecordSender sender,
            MeterRegistry metrics) {
        super(config, PerturbedBatch.class);
        this.plans = plans;
        this.networks = networks;
        this.cache = new NetworkCache(config, manager, networks);
        this.datasets = datasets;
        this.scorer = new BatchScorer(manager);
        this.sender = sender;
        this.time = WorkTimer.of("rome.scoring.time", "Time to check and classify one perturbed batch", metrics);
    }

    @Override
    protected void carryOut(PerturbedBatch batch, ConsumerRecord<String, byte[]> record) {
        if (record.key() == null) {
            throw new InvalidRecordException("A record on perturbed-batches has no key; it is the evaluation's.");
        }
        Optional<Evaluation> evaluation = plans.find(record.key(), batch.getPlan());
        if (evaluation.isEmpty()) {
            return;
        }
        try {
            outcome(evaluation.get(), batch, record).ifPresent(outcome -> {
                sender.send(
                        Topic.ATTACK_PROGRESS,
                        record.key(),
                        AttackProgress.newBuilder()
                                .setPlan(batch.getPlan())
                                .setRequest(batch.getRequestId())
                                .setAttempt(batch.getAttempt())
                                .setOutcome(outcome)
                                .build());
                sender.flush();
            });
        } catch (EngineException e) {
            throw EngineFaults.classified(e);
        } catch (IllegalArgumentException e) {
            throw new UnprocessableException("PerturbedBatch " + batch.getRequestId() + ": " + e.getMessage(), e);
        }
    }

    /** Empty where the network is another one than the plan's. */
    private Optional<BatchOutcome> outcome(
            Evaluation evaluation, PerturbedBatch batch, ConsumerRecord<String, byte[]> record) {
        EvaluationPlan.Slot slot =
                slots.get(anyRun(evaluation), EvaluationPlan::byId).get(batch.getRequestId());
        if (slot == null) {
            throw new InvalidRecordException("PerturbedBatch " + batch.getRequestId()
                    + " answers no request of the evaluation " + record.key() + ".");
        }
        if (batch.getError() != null) {
            return Optional.of(
                    BatchOutcome.newBuilder().setFailure(batch.getError()).build());
        }
        if (datasets.isRetired(evaluation.getDataset())) {
            return Optional.empty();
        }
        NetworkReference victim = NetworkReference.victim(evaluation);
        Optional<NetworkCache.Loaded> lent = cache.lend(victim);
        if (lent.isEmpty() && networks.contains(victim.key())) {
            return Optional.empty();
        }
        try (NetworkCache.Loaded network = lent.orElseThrow(() -> new InvalidRecordException("PerturbedBatch "
                + batch.getRequestId() + " is for the network " + victim.key() + ", which is not on its topic."))) {
            var dataset = datasets.await(
                    evaluation.getDataset(),
                    evaluation.getFingerprint(),
                    () -> isCancelled() || !plans.isActive(record.key(), batch.getPlan()));
            BatchScorer.Scores scores =
                    time.record(() -> scorer.score(evaluation, slot, batch, dataset.test(), network));
            BatchOutcome outcome = outcome(batch, scores, record);
            if (EvaluationPlan.isPredicted(evaluation)) {
                outcome.setPredicted(AttackCodec.boxed(scores.predicted()));
            }
            return Optional.of(outcome);
        }
    }

    /** Its requests are the same in every run. */
    private static Evaluation anyRun(Evaluation evaluation) {
        return Evaluation.newBuilder(evaluation).setRun(0).setActive(true).build();
    }

    private static BatchOutcome outcome(
            PerturbedBatch batch, BatchScorer.Scores scores, ConsumerRecord<String, byte[]> record) {
        byte[] correct = new byte[scores.correct().length];
        for (int i = 0; i < correct.length; i++) {
            correct[i] = (byte) (scores.correct()[i] ? 1 : 0);
        }
        return BatchOutcome.newBuilder()
                .setImageIds(batch.getImageIds())
                .setCorrect(ByteBuffer.wrap(correct))
                .setDiffering(scores.differing())
                .setSeconds(batch.getSeconds())
                .setGradientEvaluations(batch.getGradientEvaluations())
                .setForwardEvaluations(batch.getForwardEvaluations())
                .setZeroGradients(batch.getZeroGradients())
                .setUnmoved(batch.getUnmoved())
                .setSample(new Sample(
                        record.partition(),
                        record.offset(),
                        IntStream.of(scores.predicted())
                                .limit(MOST_SHOWN)
                                .boxed()
                                .toList()))
                .build();
    }

    /** The tally asks again, once the patience is over. */
    @Override
    protected void answerFailure(PerturbedBatch batch, String reason) {}

    @Override
    public void close() {
        cache.close();
        super.close();
    }
}
