package dev.romestream.messaging.topic;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.failure.Backoff;
import dev.romestream.schemas.Topic;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;

/** Which records are on the dead letters' topic already, by where they came from. */
public final class KeptLetters implements AutoCloseable {
    private static final Duration FOR_EVER = Duration.ofMillis(-1);
    private static final Duration RETENTION = Duration.ofDays(7);
    private static final int MOST_REMEMBERED = 1_000_000;

    private final RomeConfig config;
    private final String isolation;
    private final String topic;
    private final Cache<Origin, Boolean> kept = Caffeine.newBuilder()
            .expireAfterWrite(RETENTION)
            .maximumSize(MOST_REMEMBERED)
            .build();
    private Consumer<String, byte[]> reader;

    private record Origin(String topic, String partition, String offset) {}

    /** @param isolation as a consumer's {@code isolation.level} */
    public KeptLetters(RomeConfig config, String isolation) {
        this.config = config;
        this.isolation = isolation;
        this.topic = TopicNames.of(config).of(Topic.DEAD_LETTERS);
    }

    /** Reads the topic on to its present end. */
    void read() {
        Backoff.await(config.outages(), "the brokers", FOR_EVER, () -> {
            readOn();
            return true;
        });
    }

    private void readOn() {
        if (reader == null) {
            reader = TopicReader.consumer(config, isolation);
        }
        List<TopicPartition> partitions = reader.partitionsFor(topic).stream()
                .map(info -> new TopicPartition(topic, info.partition()))
                .toList();
        List<TopicPartition> fresh = new ArrayList<>(partitions);
        fresh.removeAll(reader.assignment());
        if (!fresh.isEmpty()) {
            reader.assign(partitions);
            reader.seekToBeginning(fresh);
        }
        Map<TopicPartition, Long> ends = reader.endOffsets(partitions);
        while (ends.entrySet().stream().anyMatch(end -> reader.position(end.getKey()) < end.getValue())) {
            for (ConsumerRecord<String, byte[]> letter : reader.poll(Duration.ofMillis(100))) {
                Origin origin = new Origin(
                        DeadLetters.header(letter, "topic"),
                        DeadLetters.header(letter, "partition"),
                        DeadLetters.header(letter, "offset"));
                kept.put(origin, true);
            }
        }
    }

    boolean contains(ConsumerRecord<?, ?> record) {
        return contains(record.topic(), record.partition(), record.offset());
    }

    /** Whether the record that stood there is kept by now. */
    public boolean containsNow(String from, int partition, long offset) {
        read();
        return contains(from, partition, offset);
    }

    private boolean contains(String from, int partition, long offset) {
        return kept.getIfPresent(origin(from, partition, offset)) != null;
    }

    void add(ConsumerRecord<?, ?> record) {
        kept.put(origin(record.topic(), record.partition(), record.offset()), true);
    }

    private static Origin origin(String from, int partition, long offset) {
        return new Origin(from, Integer.toString(partition), Long.toString(offset));
    }

    @Override
    public void close() {
        if (reader != null) {
            TopicReader.close(reader);
        }
    }
}
