package dev.romestream.messaging.topic;

import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.slf4j.LoggerFactory;

/** Where records go that a reader cannot make sense of. A service keeps them ({@link DeadLetters}); a mere onlooker does not. */
@FunctionalInterface
public interface RefusedRecords {
    void keep(ConsumerRecord<String, byte[]> record, Throwable reason);

    /** Passes over them: the service that they were meant for keeps them. */
    static RefusedRecords passedOver() {
        return (record, reason) -> LoggerFactory.getLogger(RefusedRecords.class)
                .info("Passed over {} offset {}: {}", record.topic(), record.offset(), reason.getMessage());
    }
}
