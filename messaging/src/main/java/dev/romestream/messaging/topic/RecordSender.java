package dev.romestream.messaging.topic;

import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.failure.UnprocessableException;
import dev.romestream.schemas.Topic;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.serialization.StringSerializer;

/** Writes records to the catalogue's topics through one idempotent producer. Safe for use by several threads. */
public final class RecordSender implements AutoCloseable {
    /** Header with the id under which a {@link RecordIndex} finds the record. */
    public static final String ID_HEADER = "rome.id";

    private static final Duration CLOSE_LIMIT = Duration.ofSeconds(10);

    private final KafkaProducer<String, SpecificRecord> producer;
    private final TopicNames names;
    private final AtomicReference<RuntimeException> failure = new AtomicReference<>();

    public RecordSender(RomeConfig config) {
        var settings = config.producer();
        this.producer = config.clients().producer("records", settings, new StringSerializer(), null);
        this.names = TopicNames.of(config);
    }

    /** Hands the record to the producer; that it was not delivered is thrown once, by the next {@link #flush}. */
    public void send(Topic topic, String key, SpecificRecord value) {
        dispatch(new ProducerRecord<>(names.of(topic), key, value));
    }

    /** As {@link #send(Topic, String, SpecificRecord)}, to be found under {@code id}. */
    public void send(Topic topic, String key, String id, SpecificRecord value) {
        var record = new ProducerRecord<>(names.of(topic), key, value);
        record.headers().add(ID_HEADER, id.getBytes(StandardCharsets.UTF_8));
        dispatch(record);
    }

    /** Retires the record with this key. */
    public void tombstone(Topic topic, String key) {
        dispatch(new ProducerRecord<>(names.of(topic), key, null));
    }

    @SuppressWarnings("FutureReturnValueIgnored") // the callback keeps the outcome
    private void dispatch(ProducerRecord<String, SpecificRecord> record) {
        producer.send(record, (metadata, exception) -> {
            if (exception != null) {
                failure.compareAndSet(null, notTaken(record, exception));
            }
        });
    }

    private static RuntimeException notTaken(ProducerRecord<String, SpecificRecord> record, Exception exception) {
        String message = "The broker did not take the record " + record.key() + " on " + record.topic() + ": "
                + exception.getMessage();
        return exception instanceof RecordTooLargeException
                ? new UnprocessableException(message, exception)
                : new KafkaException(message, exception);
    }

    /**
     * Returns when every record sent so far is with the broker.
     *
     * @throws UnprocessableException where one was too large; the sender itself goes on
     * @throws KafkaException where the broker did not take one
     */
    public void flush() {
        producer.flush();
        RuntimeException thrown = failure.getAndSet(null);
        if (thrown != null) {
            throw thrown;
        }
    }

    @Override
    public void close() {
        producer.close(CLOSE_LIMIT);
    }
}
