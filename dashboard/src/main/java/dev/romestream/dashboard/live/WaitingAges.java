package dev.romestream.dashboard.live;

import dev.romestream.messaging.config.RomeConfig;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How old the first record is that a group has not dealt with. It is looked up, once, where the group stands at it for two turns: one
 * that goes on has nothing old.
 */
final class WaitingAges implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(WaitingAges.class);
    private static final Duration FETCH = Duration.ofSeconds(1);
    private static final long UNKNOWN = -1;

    private final KafkaConsumer<byte[], byte[]> consumer;
    private final Clock clock;
    private Map<Place, Long> before = new HashMap<>();
    private Map<Place, Long> now = new HashMap<>();

    /** Where a group stands. */
    private record Place(String group, TopicPartition partition, long offset) {}

    WaitingAges(RomeConfig config, Clock clock) {
        Map<String, Object> settings = config.consumer();
        settings.remove("value.deserializer");
        settings.remove("group.id");
        settings.put("enable.auto.commit", false);
        settings.put("auto.offset.reset", "earliest");
        settings.put("max.poll.records", 1);
        // one record is had whatever it weighs
        settings.put("max.partition.fetch.bytes", 1);
        settings.put("fetch.max.wait.ms", 100);
        this.consumer =
                config.clients().consumer("system", settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
        this.clock = clock;
    }

    /** A turn begins: what is not asked for in it is forgotten. */
    void turn() {
        before = now;
        now = new HashMap<>();
    }

    /**
     * The seconds since the record was written at which a group stands; empty where it has only just come there.
     *
     * @param offset of a record that is there
     */
    OptionalLong age(String group, TopicPartition partition, long offset) {
        Place place = new Place(group, partition, offset);
        if (!before.containsKey(place)) {
            now.put(place, UNKNOWN);
            return OptionalLong.empty();
        }
        long written = before.get(place);
        if (written == UNKNOWN) {
            written = timestamp(partition, offset);
        }
        now.put(place, written);
        return written == UNKNOWN
                ? OptionalLong.empty()
                : OptionalLong.of(Duration.ofMillis(clock.millis() - written).toSeconds());
    }

    private long timestamp(TopicPartition partition, long offset) {
        try {
            consumer.assign(List.of(partition));
            consumer.seek(partition, offset);
            for (ConsumerRecord<byte[], byte[]> record : consumer.poll(FETCH)) {
                return record.timestamp();
            }
        } catch (KafkaException e) {
            log.debug("The record at {} offset {} cannot be read", partition, offset, e);
        }
        return UNKNOWN;
    }

    @Override
    public void close() {
        consumer.close(CloseOptions.timeout(Duration.ofSeconds(1)));
    }
}
