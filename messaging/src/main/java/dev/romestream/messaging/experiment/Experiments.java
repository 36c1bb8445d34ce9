package dev.romestream.messaging.experiment;

import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.topic.RecordReader;
import dev.romestream.schemas.DesiredState;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.Topic;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.errors.InterruptException;

/**
 * The experiments as their topic has them now. A service takes them one by one, in the order in which they were first written.
 * Safe for use by several threads.
 */
public final class Experiments implements AutoCloseable {
    private final Map<String, Experiment> newest = new LinkedHashMap<>();
    private final BlockingQueue<String> changed = new LinkedBlockingQueue<>();
    private final RecordReader<Experiment> reader;

    public Experiments(RomeConfig config) {
        this.reader = new RecordReader<>(config, Topic.EXPERIMENTS, Experiment.class, this::accept);
    }

    private synchronized void accept(String key, Experiment experiment) {
        if (experiment != null) {
            newest.put(key, experiment);
        } else {
            newest.remove(key);
        }
        if (!changed.contains(key)) {
            changed.add(key);
        }
    }

    /** The next experiment that was written since it was last given out; empty where none was within {@code limit}. */
    public Optional<Experiment> next(Duration limit) {
        reader.throwFailure();
        try {
            String id = changed.poll(limit.toMillis(), TimeUnit.MILLISECONDS);
            return id == null ? Optional.empty() : get(id);
        } catch (InterruptedException e) {
            throw new InterruptException(e);
        }
    }

    /** The newest records of all. */
    public synchronized List<Experiment> all() {
        return List.copyOf(newest.values());
    }

    /** The newest record of an experiment. */
    public synchronized Optional<Experiment> get(String id) {
        return Optional.ofNullable(newest.get(id));
    }

    /** What is wanted of an experiment now; one that was removed is to stop. */
    public DesiredState desiredState(String id) {
        return get(id).map(Experiment::getDesiredState).orElse(DesiredState.STOP);
    }

    public void awaitCaughtUp(Duration limit) {
        reader.awaitCaughtUp(limit);
    }

    @Override
    public void close() {
        reader.close();
    }
}
