package dev.romestream.messaging.topic;

import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.service.ServiceThread;
import dev.romestream.schemas.Topic;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;

/** Reads a whole topic from its beginning and then follows it, on a thread of its own, without a consumer group. */
public final class TopicReader implements AutoCloseable {
    private static final Duration POLL = Duration.ofMillis(500);

    private final Consumer<String, byte[]> consumer;
    private final String topic;
    private final java.util.function.Consumer<ConsumerRecord<String, byte[]>> listener;
    private final CountDownLatch caughtUp = new CountDownLatch(1);
    private final ServiceThread thread;
    private volatile boolean closed;

    /**
     * Starts reading.
     *
     * @param listener is called on the reader's thread, record by record; what it throws ends the reader
     */
    public TopicReader(
            RomeConfig config, Topic topic, java.util.function.Consumer<ConsumerRecord<String, byte[]>> listener) {
        this.topic = TopicNames.of(config).of(topic);
        this.listener = listener;
        this.consumer = consumer(config);
        this.thread = ServiceThread.start("reader-" + this.topic, this::run);
    }

    static Consumer<String, byte[]> consumer(RomeConfig config) {
        Map<String, Object> settings = config.consumer();
        settings.remove("value.deserializer");
        settings.put("enable.auto.commit", false);
        settings.put("auto.offset.reset", "earliest");
        settings.put("isolation.level", "read_committed");
        settings.remove("group.id");
        return new KafkaConsumer<>(settings, new StringDeserializer(), new ByteArrayDeserializer());
    }

    private void run() {
        try {
            var partitions = consumer.partitionsFor(topic).stream()
                    .map(info -> new TopicPartition(info.topic(), info.partition()))
                    .toList();
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            while (!closed) {
                if (caughtUp.getCount() > 0 && reached(ends)) {
                    caughtUp.countDown();
                }
                consumer.poll(caughtUp.getCount() > 0 ? Duration.ofMillis(20) : POLL)
                        .forEach(listener);
            }
        } catch (WakeupException e) {
            if (!closed) {
                throw e;
            }
        } finally {
            close(consumer);
        }
    }

    /** At once: there is no group to leave and no fetch worth waiting for. */
    static void close(Consumer<?, ?> consumer) {
        consumer.close(CloseOptions.timeout(Duration.ZERO));
    }

    private boolean reached(Map<TopicPartition, Long> ends) {
        Map<TopicPartition, Long> positions =
                ends.keySet().stream().collect(Collectors.toMap(partition -> partition, consumer::position));
        return ends.entrySet().stream().allMatch(end -> positions.get(end.getKey()) >= end.getValue());
    }

    /** Waits until all that was in the topic when the reader started has been read. */
    public void awaitCaughtUp(Duration limit) {
        long deadline = System.nanoTime() + limit.toNanos();
        try {
            while (!caughtUp.await(50, TimeUnit.MILLISECONDS)) {
                thread.throwFailure();
                if (System.nanoTime() > deadline) {
                    throw new KafkaException("The topic " + topic + " was not read to its end within "
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
        thread.join();
    }
}
