package dev.romestream.messaging.streams;

import dev.romestream.messaging.topic.DeadLetters;
import dev.romestream.messaging.topic.KeptLetters;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.streams.errors.ErrorHandlerContext;

/**
 * The dead letters of a topology: Streams writes them in the transaction that passes the record over.
 *
 * @param kept what is among them is not kept again
 * @param topic where they go
 */
record StreamLetters(KeptLetters kept, String topic) {
    /** Setting of the fault handlers with these, as an object. */
    static final String SETTING = "rome.stream.letters";

    static StreamLetters of(Map<String, ?> configs) {
        return (StreamLetters) configs.get(SETTING);
    }

    /** What is to be written of a record that cannot be processed; nothing where it is kept already. */
    List<ProducerRecord<byte[], byte[]>> of(ErrorHandlerContext context, Exception reason) {
        if (kept.containsNow(context.topic(), context.partition(), context.offset())) {
            return List.of();
        }
        var record = new ConsumerRecord<>(
                context.topic(),
                context.partition(),
                context.offset(),
                context.timestamp(),
                TimestampType.NO_TIMESTAMP_TYPE,
                ConsumerRecord.NULL_SIZE,
                ConsumerRecord.NULL_SIZE,
                context.sourceRawKey(),
                context.sourceRawValue(),
                context.headers(),
                Optional.empty());
        return List.of(DeadLetters.letter(topic, record, reason));
    }
}
