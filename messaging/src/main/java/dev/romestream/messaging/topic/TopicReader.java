package dev.romestream.messaging.topic;

import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.failure.Backoff;
import dev.romestream.messaging.thread.ServiceThread;
import dev.romestream.schemas.Topic;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads a whole topic from its beginning and then follows it, on a thread of its own, without a consumer group. Brokers that are
 * away are waited for; partitions that are added are read too.
 */
public final class TopicReader implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(TopicReader.class);
    private static final Duration POLL = Duration.ofSeconds(2);
    private static final Duration AWAITED_POLL = Duration.ofMillis(20);
    private static final Duration START_PATIENCE = Duration.ofMinutes(1);
    private static final long PARTITIONS_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final RomeConfig config;
    private final String topic;
    private final java.util.function.Consumer<ConsumerRecord<String, byte[]>> listener;
    private final Queue<Mark> marks = new ConcurrentLinkedQueue<>();
    private final Mark start = new Mark();
    private final Set<TopicPartition> assigned = new HashSet<>();
    private final Map<TopicPartition, Long> positions = new HashMap<>();
    private final AtomicBoolean stuck = new AtomicBoolean();
    private final PartitionCount partitions;
    private final ServiceThread thread;
    private volatile Consumer<String, byte[]> consumer;
    private volatile boolean closed;

    /** An end of the topic, and whether it is reached. */
    private static final class Mark {
        private final CountDownLatch reached = new CountDownLatch(1);
        private Map<TopicPartition, Long> ends = Map.of();
    }

    /**
     * Starts reading.
     *
     * @param listener is called on the reader's thread, record by record; what it throws ends the reader
     */
    public TopicReader(
            RomeConfig config, Topic topic, java.util.function.Consumer<ConsumerRecord<String, byte[]>> listener) {
        this.config = config;
        this.topic = TopicNames.of(config).of(topic);
        this.listener = listener;
        this.consumer = consumer(config);
        this.partitions = new PartitionCount(config, this.topic);
        this.thread = ServiceThread.start("reader-" + this.topic, this::run);
    }

    /** A consumer of raw records that belongs to no group. */
    static Consumer<String, byte[]> consumer(RomeConfig config) {
        return consumer(config, "read_committed");
    }

    static Consumer<String, byte[]> consumer(RomeConfig config, String isolation) {
        Map<String, Object> settings = config.consumer();
        settings.remove("value.deserializer");
        settings.put("enable.auto.commit", false);
        settings.put("auto.offset.reset", "earliest");
        settings.put("isolation.level", isolation);
        settings.remove("group.id");
        // what is new ends the wait
        settings.putIfAbsent("fetch.max.wait.ms", 2000);
        return config.clients().consumer("view", settings, new StringDeserializer(), new ByteArrayDeserializer());
    }

    /**
     * The record at a place; empty where there is none.
     *
     * @throws TimeoutException where it did not come within {@code limit}
     */
    public static Optional<ConsumerRecord<String, byte[]>> fetch(
            RomeConfig config, Topic topic, int partition, long offset, Duration limit) {
        Consumer<String, byte[]> consumer = consumer(config);
        String name = TopicNames.of(config).of(topic);
        try {
            return consumer.partitionsFor(name, limit).stream().noneMatch(info -> info.partition() == partition)
                    ? Optional.empty()
                    : fetch(consumer, new TopicPartition(name, partition), offset, limit);
        } finally {
            close(consumer);
        }
    }

    static Optional<ConsumerRecord<String, byte[]>> fetch(
            Consumer<String, byte[]> consumer, TopicPartition partition, long offset, Duration limit) {
        consumer.assign(List.of(partition));
        consumer.seek(partition, offset);
        long deadline = System.nanoTime() + limit.toNanos();
        long end = consumer.endOffsets(List.of(partition), limit).get(partition);
        while (consumer.position(partition) < end) {
            for (ConsumerRecord<String, byte[]> record : consumer.poll(Duration.ofMillis(200))) {
                return Optional.of(record).filter(found -> found.offset() == offset);
            }
            if (System.nanoTime() > deadline) {
                throw new TimeoutException("The record at " + partition + " offset " + offset + " did not come within "
                        + limit.toSeconds() + " s; do the brokers answer?");
            }
        }
        return Optional.empty();
    }

    private void run() {
        try {
            List<Mark> awaited = new ArrayList<>();
            awaited.add(start);
            available(() -> {
                assignNew();
                start.ends = consumer.endOffsets(assigned);
                return true;
            });
            long lookedAt = System.nanoTime();
            while (!closed) {
                renewIfStuck();
                for (Mark mark = marks.poll(); mark != null; mark = marks.poll()) {
                    Mark added = mark;
                    available(() -> {
                        assignNew(partitions.now());
                        added.ends = consumer.endOffsets(assigned);
                        return true;
                    });
                    awaited.add(added);
                }
                awaited.removeIf(mark -> {
                    boolean reached = available(() -> reached(mark.ends));
                    if (reached) {
                        mark.reached.countDown();
                    }
                    return reached;
                });
                poll(awaited.isEmpty() ? POLL : AWAITED_POLL);
                if (System.nanoTime() - lookedAt > PARTITIONS_NANOS) {
                    available(this::assignNew);
                    lookedAt = System.nanoTime();
                }
            }
        } catch (WakeupException | InterruptException e) {
            if (!closed) {
                throw e;
            }
        } finally {
            close(consumer);
            partitions.close();
        }
    }

    private void poll(Duration limit) {
        try {
            ConsumerRecords<String, byte[]> records = consumer.poll(limit);
            records.forEach(listener);
            records.nextOffsets().forEach((partition, next) -> positions.put(partition, next.offset()));
        } catch (WakeupException e) {
            if (closed) {
                throw e;
            }
        }
    }

    private <T> T available(dev.failsafe.function.CheckedSupplier<T> call) {
        return Backoff.await(config.outages(), "the brokers", Duration.ofMillis(-1), () -> {
            while (true) {
                try {
                    return call.get();
                } catch (WakeupException e) {
                    if (closed) {
                        throw e;
                    }
                    renewIfStuck();
                }
            }
        });
    }

    /** Goes on with another consumer: after a broker was killed, one has been seen to wait for an answer for ever. */
    private void renewIfStuck() {
        if (stuck.getAndSet(false)) {
            log.warn("{} is read on by another consumer, because this one came to no end.", topic);
            close(consumer);
            consumer = consumer(config);
            consumer.assign(assigned);
            assigned.forEach(partition -> {
                if (positions.containsKey(partition)) {
                    consumer.seek(partition, positions.get(partition));
                } else {
                    consumer.seekToBeginning(List.of(partition));
                }
            });
        }
    }

    private boolean assignNew() {
        return assignNew(consumer.partitionsFor(topic).size());
    }

    /** Reads partitions that are new from their beginning, and the others on from where they are. */
    private boolean assignNew(int count) {
        List<TopicPartition> fresh = IntStream.range(0, count)
                .mapToObj(partition -> new TopicPartition(topic, partition))
                .filter(partition -> !assigned.contains(partition))
                .toList();
        if (!fresh.isEmpty()) {
            assigned.addAll(fresh);
            consumer.assign(assigned);
            consumer.seekToBeginning(fresh);
        }
        return !fresh.isEmpty();
    }

    /** At once: there is no group to leave and no fetch worth waiting for. */
    @SuppressWarnings("ResultOfMethodCallIgnored") // a pending interruption would end the closing
    static void close(Consumer<?, ?> consumer) {
        boolean interrupted = Thread.interrupted();
        consumer.close(CloseOptions.timeout(Duration.ZERO));
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private boolean reached(Map<TopicPartition, Long> ends) {
        Map<TopicPartition, Long> positions =
                ends.keySet().stream().collect(Collectors.toMap(partition -> partition, consumer::position));
        return ends.entrySet().stream().allMatch(end -> positions.get(end.getKey()) >= end.getValue());
    }

    /** As {@link #awaitCaughtUp(Duration)}, for as long as it takes; after a minute it is said what is waited for. */
    public void awaitCaughtUp() {
        String what = "the end of the topic " + topic;
        boolean caughtUp = false;
        while (!caughtUp) {
            try {
                await(start, START_PATIENCE);
                caughtUp = true;
            } catch (TimeoutException e) {
                config.outages().begin(what, e.getMessage());
            }
        }
        config.outages().end(what);
    }

    /**
     * Waits until all that was in the topic when the reader started has been read.
     *
     * @throws TimeoutException if it was not within {@code limit}
     */
    public void awaitCaughtUp(Duration limit) {
        await(start, limit);
    }

    /** Waits until all that is in the topic now has been read, in whichever partition. */
    public void awaitCurrent(Duration limit) {
        Mark now = new Mark();
        marks.add(now);
        consumer.wakeup();
        await(now, limit);
    }

    private void await(Mark mark, Duration limit) {
        long deadline = System.nanoTime() + limit.toNanos();
        try {
            while (!mark.reached.await(50, TimeUnit.MILLISECONDS)) {
                thread.throwFailure();
                if (System.nanoTime() > deadline) {
                    stuck.set(true);
                    consumer.wakeup();
                    throw new TimeoutException("The topic " + topic + " was not read to its end within "
                            + limit.toSeconds() + " s; does the broker answer?");
                }
            }
        } catch (InterruptedException e) {
            throw new InterruptException(e);
        }
    }

    /** @throws RuntimeException that ended the reader, if one did */
    public void throwFailure() {
        thread.throwFailure();
    }

    @Override
    public void close() {
        closed = true;
        consumer.wakeup();
        thread.stop();
    }
}
