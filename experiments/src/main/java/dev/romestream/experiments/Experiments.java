package dev.romestream.experiments;

import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.topic.RecordReader;
import dev.romestream.messaging.topic.TopicReader;
import dev.romestream.messaging.topic.TopicView;
import dev.romestream.schemas.DesiredState;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.Topic;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The experiments as their topic has them now. Safe for use by several threads. */
public final class Experiments implements TopicView {
    private static final Duration LIMIT = Duration.ofMinutes(1);

    private final Map<String, Experiment> newest = new LinkedHashMap<>();
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
    }

    /** The newest records of all, in the order in which the experiments were first written. */
    public synchronized List<Experiment> all() {
        reader.throwFailure();
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

    /** Whether what is asked for an experiment is wanted: where it seems not to be, as of now; for none, it always is. */
    public boolean isWanted(String id) {
        if (id.isEmpty() || desiredState(id) == DesiredState.RUN) {
            return true;
        }
        reader.awaitCurrent(LIMIT);
        return desiredState(id) == DesiredState.RUN;
    }

    @Override
    public TopicReader reader() {
        return reader.reader();
    }

    @Override
    public void close() {
        reader.close();
    }
}
