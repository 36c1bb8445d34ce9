package dev.romestream.standalone.cli;

import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.topic.RecordReader;
import dev.romestream.messaging.topic.TopicReader;
import dev.romestream.messaging.topic.TopicView;
import dev.romestream.schemas.Alert;
import dev.romestream.schemas.AlertState;
import dev.romestream.schemas.Mode;
import dev.romestream.schemas.Topic;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Predicate;

/** Tells of the alerts that are raised when it begins, and then of every change. */
final class AlertFollower implements TopicView {
    private final Predicate<String> experiments;
    private final Consumer<Alert> listener;
    private final Map<String, Alert> raised = new LinkedHashMap<>();
    private final RecordReader<Alert> reader;
    private boolean current;

    /**
     * Begins.
     *
     * @param experiments tells by its id whether one is followed
     * @param limit for reading what is there
     * @param listener is given alerts, one at a time
     */
    AlertFollower(RomeConfig config, Predicate<String> experiments, Duration limit, Consumer<Alert> listener) {
        this.experiments = experiments;
        this.listener = listener;
        this.reader = new RecordReader<>(config, Topic.ALERTS, Alert.class, this::accept);
        reader.awaitCaughtUp(limit);
        begin();
    }

    private synchronized void begin() {
        raised.values().forEach(listener);
        raised.clear();
        current = true;
    }

    private synchronized void accept(String key, Alert alert) {
        if (alert == null || !experiments.test(alert.getExperiment())) {
            return;
        }
        if (current) {
            listener.accept(alert);
        } else if (alert.getState() == AlertState.RAISED) {
            raised.put(key, alert);
        } else {
            raised.remove(key);
        }
    }

    /** An alert in words. */
    static String line(Alert alert) {
        String position = alert.getNow() == null
                ? ""
                : alert.getNow().getWindow() == null
                        ? " at " + alert.getNow().getPosition()
                        : " on window " + alert.getNow().getWindow();
        return "%s %s: %s: %s%s, %s%s: %s"
                .formatted(
                        alert.getState() == AlertState.RAISED ? "ALERT     " : "alert over",
                        alert.getName(),
                        alert.getRule(),
                        alert.getNetwork(),
                        position,
                        alert.getSuite(),
                        alert.getMode() == Mode.TARGETED ? " targeted" : "",
                        alert.getReason());
    }

    /** When its state changed. */
    static String time(Alert alert) {
        return Instant.ofEpochMilli(alert.getChangedAt())
                .truncatedTo(ChronoUnit.SECONDS)
                .toString();
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
