package dev.romestream.messaging.queue;

import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicIdPartition;

/** Where a record stands. */
record Place(String topic, int partition, long offset) {
    static Place of(ConsumerRecord<?, ?> record) {
        return new Place(record.topic(), record.partition(), record.offset());
    }

    static Place of(TopicIdPartition partition, long offset) {
        return new Place(partition.topic(), partition.partition(), offset);
    }

    /** The names of topics have no slash. */
    String key() {
        return topic + "/" + partition + "/" + offset;
    }
}
