package dev.romestream.experiments;

import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.failure.Backoff;
import dev.romestream.messaging.thread.ServiceThread;
import dev.romestream.messaging.topic.TopicReader;
import dev.romestream.schemas.Topic;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.errors.InterruptException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Does what a service has to do for experiments that were removed, also while it was not there. As workers may still write what they have
 * in hand, it is done again at growing intervals, for two minutes; not for one that has come back.
 */
public final class Removals implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Removals.class);
    private static final Duration FIRST = Duration.ofSeconds(1);
    private static final Duration LONGEST = Duration.ofSeconds(64);
    private static final Duration FOR_EVER = Duration.ofMillis(-1);

    private final RomeConfig config;
    private final Action action;
    private final Map<String, Pending> pending = new HashMap<>();
    private final TopicReader reader;
    private ServiceThread thread;
    private boolean closed;

    /** What is to be done for removed experiments; done twice it does no harm. */
    @FunctionalInterface
    public interface Action {
        void remove(Collection<Removal> removals);
    }

    /**
     * @param dueAt by {@code System.nanoTime}
     * @param delay until the next time
     */
    private record Pending(Removal removal, long dueAt, Duration delay) {}

    public Removals(RomeConfig config, Action action) {
        this.config = config;
        this.action = action;
        this.reader = new TopicReader(config, Topic.EXPERIMENTS, this::follow);
    }

    /** Begins, with what was removed before. */
    public void start() {
        reader.awaitCaughtUp();
        thread = ServiceThread.start("removals", this::run);
    }

    private synchronized void follow(ConsumerRecord<String, byte[]> record) {
        pending.remove(record.key());
        Removal.of(record)
                .ifPresent(removal -> pending.put(record.key(), new Pending(removal, System.nanoTime(), FIRST)));
        notifyAll();
    }

    private void run() {
        try {
            for (List<Removal> due = due(); !due.isEmpty(); due = due()) {
                carryOut(due);
            }
        } catch (InterruptedException | InterruptException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Those whose time has come, once there are some; none where this is closed. */
    private synchronized List<Removal> due() throws InterruptedException {
        while (!closed) {
            long now = System.nanoTime();
            List<Pending> due = pending.values().stream()
                    .filter(next -> next.dueAt() - now <= 0)
                    .toList();
            if (!due.isEmpty()) {
                due.forEach(done -> later(done, now));
                return due.stream().map(Pending::removal).toList();
            }
            long wait = pending.values().stream()
                    .mapToLong(next -> next.dueAt() - now)
                    .min()
                    .orElse(LONGEST.toNanos());
            wait(wait / 1_000_000 + 1);
        }
        return List.of();
    }

    private void later(Pending done, long now) {
        String experiment = done.removal().experiment();
        if (done.delay().compareTo(LONGEST) > 0) {
            pending.remove(experiment);
        } else {
            pending.put(
                    experiment,
                    new Pending(
                            done.removal(),
                            now + done.delay().toNanos(),
                            done.delay().multipliedBy(2)));
        }
    }

    private void carryOut(List<Removal> due) {
        try {
            Backoff.await(config.outages(), "the brokers", FOR_EVER, () -> {
                action.remove(due);
                return true;
            });
        } catch (InterruptException e) {
            throw e;
        } catch (RuntimeException e) {
            log.error("What belonged to the removed experiments {} is not all removed", due, e);
        }
    }

    public boolean isAlive() {
        return thread != null && thread.isAlive();
    }

    @Override
    public void close() {
        synchronized (this) {
            closed = true;
            notifyAll();
        }
        if (thread != null) {
            thread.stop();
        }
        reader.close();
    }
}
