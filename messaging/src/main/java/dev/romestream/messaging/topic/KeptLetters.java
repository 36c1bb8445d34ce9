package dev.romestream.messaging.topic;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.failure.Backoff;
import dev.romestream.schemas.Topic;
import java.time.Duration;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** Which records are on the dead letters' topic already, by where they came from. */
public final class KeptLetters implements AutoCloseable {
    private static final Duration FOR_EVER = Duration.ofMillis(-1);
    private static final Duration RETENTION = Duration.ofDays(7);
    private static final int MOST_REMEMBERED = 1_000_000;

    private final RomeConfig config;
    private final TopicTail tail;
    private final Cache<Origin, Boolean> kept = Caffeine.newBuilder()
            .expireAfterWrite(RETENTION)
            .maximumSize(MOST_REMEMBERED)
            .build();

    private record Origin(String topic, String partition, String offset) {}

    /** @param isolation as a consumer's {@code isolation.level} */
    public KeptLetters(RomeConfig config, String isolation) {
        this.config = config;
        this.tail = new TopicTail(config, Topic.DEAD_LETTERS, isolation, letter -> {
            Origin origin = new Origin(
                    DeadLetters.header(letter, "topic"),
                    DeadLetters.header(letter, "partition"),
                    DeadLetters.header(letter, "offset"));
            kept.put(origin, true);
        });
    }

    /** Reads the topic on to its present end. */
    void read() {
        Backoff.await(config.outages(), "the brokers", FOR_EVER, () -> {
            tail.read();
            return true;
        });
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
        tail.close();
    }
}
