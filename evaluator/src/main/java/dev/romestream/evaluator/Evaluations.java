package dev.romestream.evaluator;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.topic.RecordReader;
import dev.romestream.schemas.Evaluation;
import dev.romestream.schemas.Topic;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** The plans on their topic, and the requests of each. Safe for use by several threads. */
final class Evaluations implements AutoCloseable {
    private static final Duration LIMIT = Duration.ofMinutes(1);
    private static final int MOST_PLANS = 64;

    private final Map<String, Evaluation> plans = new ConcurrentHashMap<>();
    private final Cache<Evaluation, Map<String, EvaluationPlan.Slot>> slots =
            Caffeine.newBuilder().maximumSize(MOST_PLANS).build();
    private final RecordReader<Evaluation> reader;

    Evaluations(RomeConfig config) {
        this.reader = new RecordReader<>(config, Topic.EVALUATIONS, Evaluation.class, this::accept);
    }

    private void accept(String key, Evaluation evaluation) {
        if (evaluation == null) {
            plans.remove(key);
        } else {
            plans.put(key, evaluation);
        }
    }

    /** The plan with this key; empty where there is none, now and on the topic. */
    Optional<Evaluation> find(String key) {
        if (!plans.containsKey(key)) {
            reader.awaitCurrent(LIMIT);
        }
        return Optional.ofNullable(plans.get(key));
    }

    /** The place of a request in a plan; empty where the plan has no such request. */
    Optional<EvaluationPlan.Slot> slot(Evaluation evaluation, String requestId) {
        // the requests are the same in every run
        Evaluation anyRun =
                Evaluation.newBuilder(evaluation).setRun(0).setActive(true).build();
        return Optional.ofNullable(slots.get(anyRun, EvaluationPlan::byId).get(requestId));
    }

    @Override
    public void close() {
        reader.close();
    }
}
