package dev.romestream.messaging.queue;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.topic.TopicNames;
import dev.romestream.messaging.topic.TopicTail;
import dev.romestream.schemas.Topic;
import java.nio.charset.StandardCharsets;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.apache.kafka.clients.producer.ProducerRecord;

/**
 * Deliveries that came to nothing although their worker lives: whoever loses a record's lock, or its partition, says so on a topic as
 * soon as it can. What is left of a record's deliveries are those that ended their workers.
 */
final class LostDeliveries implements AutoCloseable {
    private static final int MOST_REMEMBERED = 100_000;

    private final String topic;
    private final byte[] name;
    private final QuickSender sender;
    private final TopicTail tail;
    private final Queue<Place> untold = new ConcurrentLinkedQueue<>();
    private final Cache<String, Integer> times = Caffeine.newBuilder()
            .expireAfterWrite(Topic.LOST_DELIVERIES.retention().orElseThrow())
            .maximumSize(MOST_REMEMBERED)
            .build();

    /** @param name of whose deliveries are told, for who reads the topic */
    LostDeliveries(RomeConfig config, String name, QuickSender sender) {
        this.topic = TopicNames.of(config).of(Topic.LOST_DELIVERIES);
        this.name = name.getBytes(StandardCharsets.UTF_8);
        this.sender = sender;
        this.tail = new TopicTail(config, Topic.LOST_DELIVERIES, "read_committed", loss -> times.asMap()
                .merge(loss.key(), 1, Integer::sum));
    }

    /** A delivery was lost; it is told with the next {@link #tell()}. */
    void add(Place place) {
        untold.add(place);
    }

    /** Tells what is not told yet, as far as the brokers take it. */
    void tell() {
        Place next = untold.peek();
        while (next != null && sender.isSent(new ProducerRecord<>(topic, next.key(), name))) {
            untold.remove();
            next = untold.peek();
        }
    }

    /** How often a record was lost so far, by any worker. */
    int of(Place place) {
        tail.read();
        return times.get(place.key(), any -> 0);
    }

    @Override
    public void close() {
        tail.close();
    }
}
