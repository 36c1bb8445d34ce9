package dev.romestream.evaluator;

import ai.djl.ndarray.NDManager;
import dev.romestream.exchange.codec.InvalidRecordException;
import dev.romestream.exchange.codec.NetworkCodec;
import dev.romestream.exchange.store.DatasetStore;
import dev.romestream.exchange.store.NetworkCache;
import dev.romestream.exchange.store.NetworkStore;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.schemas.Evaluation;
import dev.romestream.schemas.PerturbedBatch;
import io.micrometer.core.instrument.Timer;
import java.util.Optional;

/** Scores with plans, networks and images from their topics. For one thread. */
final class TopicScorer implements ScoringProcessor.Scorer {
    private final Evaluations evaluations;
    private final NetworkCache cache;
    private final DatasetStore datasets;
    private final BatchScorer scorer;
    private final Timer time;

    TopicScorer(
            RomeConfig config,
            NDManager manager,
            Evaluations evaluations,
            NetworkStore networks,
            DatasetStore datasets,
            Timer time) {
        this.evaluations = evaluations;
        this.cache = new NetworkCache(config, manager, networks);
        this.datasets = datasets;
        this.scorer = new BatchScorer(manager);
        this.time = time;
    }

    @Override
    public Optional<Evaluation> plan(String key) {
        return evaluations.find(key);
    }

    @Override
    public Optional<EvaluationPlan.Slot> slot(Evaluation evaluation, String requestId) {
        return evaluations.slot(evaluation, requestId);
    }

    @Override
    public BatchScorer.Scores score(Evaluation evaluation, EvaluationPlan.Slot slot, PerturbedBatch batch) {
        return time.record(() -> {
            NetworkCache.Loaded victim = cache.get(evaluation.getVictim(), evaluation.getVersion())
                    .orElseThrow(() -> new InvalidRecordException("PerturbedBatch " + batch.getRequestId()
                            + " is for the network "
                            + NetworkCodec.key(evaluation.getVictim(), evaluation.getVersion())
                            + ", which is not on its topic."));
            var dataset = datasets.await(evaluation.getDataset(), evaluation.getFingerprint(), () -> false);
            return scorer.score(evaluation, slot, batch, dataset.test(), victim);
        });
    }

    @Override
    public void close() {
        cache.close();
    }
}
