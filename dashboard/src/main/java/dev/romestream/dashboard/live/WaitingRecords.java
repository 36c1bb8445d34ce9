package dev.romestream.dashboard.live;

import dev.romestream.messaging.config.RomeConfig;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.admin.SharePartitionOffsetInfo;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What waits where a group stands, and how old the first of it is. Where a group stands still for two turns, the first record is looked
 * up, once: one that goes on has nothing old. What stands between there and the end may be no record at all but the mark by which a
 * transaction ended.
 */
final class WaitingRecords implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(WaitingRecords.class);
    private static final Duration FETCH = Duration.ofSeconds(1);

    private final KafkaConsumer<byte[], byte[]> consumer;
    private final Clock clock;
    private Map<Place, First> before = new HashMap<>();
    private Map<Place, First> now = new HashMap<>();

    /** Where a group stands. */
    private record Place(String group, TopicPartition partition, long offset) {}

    /** The first record from a place on; none before an end, or not known. */
    private record First(Optional<Long> offset, long timestamp, long end) {
        static final First UNKNOWN = new First(Optional.empty(), 0, 0);

        static First noneBefore(long end) {
            return new First(Optional.empty(), 0, end);
        }

        boolean isKnown(long newEnd) {
            return offset.isPresent() || end >= newEnd;
        }
    }

    /**
     * What waits in a partition.
     *
     * @param records with the marks of transactions that stand among them
     * @param oldestSeconds since the first of them was written; 0 where the group goes on
     */
    record Waiting(long records, long oldestSeconds) {
        static final Waiting NOTHING = new Waiting(0, 0);
    }

    WaitingRecords(RomeConfig config, Clock clock) {
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
     * What waits where a group stands.
     *
     * @param end the offset after the last in the partition
     */
    Waiting at(String group, TopicPartition partition, long offset, long end) {
        if (offset >= end) {
            return Waiting.NOTHING;
        }
        Place place = new Place(group, partition, offset);
        First first = before.getOrDefault(place, First.UNKNOWN);
        if (before.containsKey(place) && !first.isKnown(end)) {
            first = first(partition, offset, end);
        }
        now.put(place, first);
        if (first.offset().isPresent()) {
            long age = Duration.ofMillis(clock.millis() - first.timestamp()).toSeconds();
            return new Waiting(end - first.offset().get(), age);
        }
        return first.isKnown(end) ? Waiting.NOTHING : new Waiting(end - offset, 0);
    }

    /**
     * What waits where a share group stands. Its start is written with an acknowledgement, and so is one behind where all is done; the
     * brokers count what is done from there on.
     */
    Waiting at(String group, TopicPartition partition, SharePartitionOffsetInfo stand, long end) {
        long behind = end - stand.startOffset();
        long undone = stand.lag().orElse(behind);
        if (undone <= 0) {
            return Waiting.NOTHING;
        }
        Waiting found = at(group, partition, undone < behind ? stand.startOffset() + 1 : stand.startOffset(), end);
        return new Waiting(Math.min(undone, found.records()), found.oldestSeconds());
    }

    private First first(TopicPartition partition, long offset, long end) {
        long deadline = System.nanoTime() + FETCH.toNanos();
        try {
            consumer.assign(List.of(partition));
            consumer.seek(partition, offset);
            while (consumer.position(partition, FETCH) < end && System.nanoTime() < deadline) {
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(FETCH)) {
                    return new First(Optional.of(record.offset()), record.timestamp(), end);
                }
            }
            return consumer.position(partition, FETCH) < end ? First.UNKNOWN : First.noneBefore(end);
        } catch (KafkaException e) {
            log.debug("The record at {} offset {} cannot be read", partition, offset, e);
            return First.UNKNOWN;
        }
    }

    @Override
    public void close() {
        consumer.close(CloseOptions.timeout(Duration.ofSeconds(1)));
    }
}
