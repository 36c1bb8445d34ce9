package dev.romestream.exchange.store;

import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.topic.RecordReader;
import dev.romestream.schemas.Evaluation;
import dev.romestream.schemas.Topic;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** The plans of evaluations, as their topic has them now. Safe for use by several threads. */
public final class PlanStore implements AutoCloseable {
    private static final Duration LIMIT = Duration.ofMinutes(1);

    private final Map<String, Evaluation> plans = new ConcurrentHashMap<>();
    private final RecordReader<Evaluation> reader;

    public PlanStore(RomeConfig config) {
        this.reader = new RecordReader<>(config, Topic.EVALUATIONS, Evaluation.class, this::accept);
    }

    private void accept(String key, Evaluation evaluation) {
        if (evaluation == null) {
            plans.remove(key);
        } else {
            plans.put(key, evaluation);
        }
    }

    /** The evaluation under a key, if this plan is its, now and on the topic. */
    public Optional<Evaluation> find(String key, String plan) {
        return known(key, plan).or(() -> current(key, plan));
    }

    private Optional<Evaluation> known(String key, String plan) {
        return Optional.ofNullable(plans.get(key))
                .filter(evaluation -> evaluation.getPlan().equals(plan));
    }

    /** Whether what this plan asks for is wanted: where it seems not to be, as of now. */
    public boolean isActive(String key, String plan) {
        return known(key, plan).filter(Evaluation::getActive).isPresent()
                || current(key, plan).filter(Evaluation::getActive).isPresent();
    }

    private Optional<Evaluation> current(String key, String plan) {
        reader.awaitCurrent(LIMIT);
        return known(key, plan);
    }

    @Override
    public void close() {
        reader.close();
    }
}
