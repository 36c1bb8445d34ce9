package dev.romestream.messaging.topic;

import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.schemas.Topic;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;

/** Reads a topic on to its present end, when it is asked to, without a group. */
public final class TopicTail implements AutoCloseable {
    private static final Duration POLL = Duration.ofMillis(100);

    private final RomeConfig config;
    private final String isolation;
    private final String topic;
    private final java.util.function.Consumer<ConsumerRecord<String, byte[]>> listener;
    private Consumer<String, byte[]> reader;

    /** @param isolation as a consumer's {@code isolation.level} */
    public TopicTail(
            RomeConfig config,
            Topic topic,
            String isolation,
            java.util.function.Consumer<ConsumerRecord<String, byte[]>> listener) {
        this.config = config;
        this.isolation = isolation;
        this.topic = TopicNames.of(config).of(topic);
        this.listener = listener;
    }

    /**
     * From where it ended the last time; at first, from the topic's beginning.
     *
     * @throws org.apache.kafka.common.KafkaException where the brokers do not answer; another try goes on from where this one came
     */
    public synchronized void read() {
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
            reader.poll(POLL).forEach(listener);
        }
    }

    @Override
    public synchronized void close() {
        if (reader != null) {
            TopicReader.close(reader);
        }
    }
}
