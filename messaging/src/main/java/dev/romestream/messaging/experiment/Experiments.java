package dev.romestream.messaging.experiment;

import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.queue.UnprocessableException;
import dev.romestream.messaging.topic.RecordReader;
import dev.romestream.messaging.topic.RefusedRecords;
import dev.romestream.schemas.DesiredState;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.Ranges;
import dev.romestream.schemas.Topic;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.apache.kafka.common.errors.InterruptException;

/**
 * The experiments as their topic has them now. A service takes them one by one, in the order in which they were first written.
 * Safe for use by several threads.
 */
public final class Experiments implements AutoCloseable {
    private static final Pattern ID = Pattern.compile("[a-z0-9][a-z0-9._-]{0,199}");

    private final Map<String, Experiment> newest = new LinkedHashMap<>();
    private final BlockingQueue<String> changed = new LinkedBlockingQueue<>();
    private final RecordReader<Experiment> reader;

    public Experiments(RomeConfig config, RefusedRecords refused) {
        this.reader = new RecordReader<>(config, Topic.EXPERIMENTS, Experiment.class, refused, this::accept);
    }

    private synchronized void accept(String key, Experiment experiment) {
        if (experiment != null) {
            check(key, experiment);
            newest.put(key, experiment);
        } else {
            newest.remove(key);
        }
        if (!changed.contains(key)) {
            changed.add(key);
        }
    }

    /**
     * Checks an experiment.
     *
     * @throws UnprocessableException naming the field, the value and what is allowed
     */
    public static void check(String key, Experiment experiment) {
        if (key == null || !key.equals(experiment.getId()) || !ID.matcher(key).matches()) {
            throw new UnprocessableException("The experiment's key is '" + key + "' and its id '" + experiment.getId()
                    + "'; they must be equal, of lower-case letters, digits, '.', '_' and '-'.");
        }
        List<String> violations = Ranges.violations(experiment);
        if (!violations.isEmpty()) {
            throw new UnprocessableException("Experiment " + key + ": " + String.join(" ", violations));
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
