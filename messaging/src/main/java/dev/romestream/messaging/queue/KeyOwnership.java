package dev.romestream.messaging.queue;

import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.thread.ServiceThread;
import dev.romestream.messaging.topic.TopicNames;
import dev.romestream.schemas.Topic;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.utils.Utils;

/**
 * Divides keys among the members of a consumer group: a key belongs to the member that has its partition of a topic. Of the
 * topic's records none is read. A key changes hands when a member comes, goes or dies; for a moment, it may have two owners or none.
 */
public final class KeyOwnership implements AutoCloseable {
    private static final Duration POLL = Duration.ofMillis(200);

    private final KafkaConsumer<byte[], byte[]> consumer;
    private final String topic;
    private final ServiceThread thread;
    private volatile Assignment assignment = new Assignment(Set.of(), 1);
    private volatile boolean closed;

    private record Assignment(Set<Integer> owned, int partitions) {}

    /** @param topic one that is spread over as many partitions as there are to be members at most */
    public KeyOwnership(RomeConfig config, String group, Topic topic) {
        TopicNames names = TopicNames.of(config);
        Map<String, Object> settings = config.member(names.prefix() + group);
        this.consumer =
                config.clients().consumer(group, settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
        this.topic = names.of(topic);
        this.thread = ServiceThread.start(group + "-membership", this::run);
    }

    /** Whether {@code key} belongs to this member now. */
    public boolean owns(String key) {
        Assignment now = assignment;
        int hash = Utils.murmur2(key.getBytes(StandardCharsets.UTF_8));
        return now.owned().contains(Utils.toPositive(hash) % now.partitions());
    }

    private void run() {
        try (consumer) {
            consumer.subscribe(List.of(topic), new ConsumerRebalanceListener() {
                @Override
                public void onPartitionsAssigned(Collection<TopicPartition> added) {
                    assigned();
                }

                @Override
                public void onPartitionsRevoked(Collection<TopicPartition> revoked) {
                    without(revoked);
                }
            });
            while (!closed) {
                consumer.poll(POLL);
            }
        } catch (WakeupException | InterruptException e) {
            if (!closed) {
                throw e;
            }
        }
    }

    private void assigned() {
        Set<TopicPartition> mine = consumer.assignment();
        consumer.pause(mine);
        Set<Integer> owned = new HashSet<>();
        mine.forEach(partition -> owned.add(partition.partition()));
        assignment = new Assignment(owned, consumer.partitionsFor(topic).size());
    }

    private void without(Collection<TopicPartition> revoked) {
        Set<Integer> owned = new HashSet<>(assignment.owned());
        revoked.forEach(partition -> owned.remove(partition.partition()));
        assignment = new Assignment(owned, assignment.partitions());
    }

    /** Whether the member is in touch with its group. */
    public boolean isAlive() {
        return thread.isAlive();
    }

    @Override
    public void close() {
        closed = true;
        consumer.wakeup();
        thread.join();
    }
}
