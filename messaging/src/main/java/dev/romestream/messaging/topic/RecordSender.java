package dev.romestream.messaging.topic;

import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.failure.UnprocessableException;
import dev.romestream.schemas.Topic;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.StringSerializer;

/** Writes records to the catalogue's topics through one idempotent producer. Safe for use by several threads. */
public final class RecordSender implements AutoCloseable {
    /** Header with the id under which a {@link RecordIndex} finds the record. */
    public static final String ID_HEADER = "rome.id";

    private static final Duration CLOSE_LIMIT = Duration.ofSeconds(10);
    /** A thread that never flushes keeps no more than so many. */
    private static final int MOST_UNTOLD = 1000;

    private final KafkaProducer<String, SpecificRecord> producer;
    private final TopicNames names;
    private final ThreadLocal<Deque<Sent>> sent = ThreadLocal.withInitial(ArrayDeque::new);

    /** What a thread has sent, and is to be told of. */
    private record Sent(ProducerRecord<String, SpecificRecord> record, Future<RecordMetadata> delivery) {
        RuntimeException notTaken(Throwable reason) {
            String message = "The broker did not take the record " + record.key() + " on " + record.topic() + ": "
                    + reason.getMessage();
            return reason instanceof RecordTooLargeException
                    ? new UnprocessableException(message, reason)
                    : new KafkaException(message, reason);
        }
    }

    public RecordSender(RomeConfig config) {
        var settings = config.producer();
        this.producer = config.clients().producer("records", settings, new StringSerializer(), null);
        this.names = TopicNames.of(config);
    }

    /** Hands the record to the producer; that it was not delivered is thrown once, by the next {@link #flush} of this thread. */
    public void send(Topic topic, String key, SpecificRecord value) {
        dispatch(record(topic, key, value));
    }

    private ProducerRecord<String, SpecificRecord> record(Topic topic, String key, SpecificRecord value) {
        return new ProducerRecord<>(names.of(topic), key, value);
    }

    /** As {@link #send(Topic, String, SpecificRecord)}, to be found under {@code id}. */
    public void send(Topic topic, String key, String id, SpecificRecord value) {
        var record = record(topic, key, value);
        record.headers().add(ID_HEADER, id.getBytes(StandardCharsets.UTF_8));
        dispatch(record);
    }

    /** Retires the record with this key. */
    public void tombstone(Topic topic, String key, Header... headers) {
        var record = record(topic, key, null);
        for (Header header : headers) {
            record.headers().add(header);
        }
        dispatch(record);
    }

    private void dispatch(ProducerRecord<String, SpecificRecord> record) {
        Deque<Sent> own = sent.get();
        if (own.size() >= MOST_UNTOLD) {
            own.removeIf(earlier -> isDelivered(earlier.delivery()));
        }
        own.add(new Sent(record, producer.send(record)));
    }

    private static boolean isDelivered(Future<RecordMetadata> delivery) {
        try {
            return delivery.isDone() && delivery.get() != null;
        } catch (ExecutionException e) {
            return false; // for flush to tell
        } catch (InterruptedException e) {
            throw new InterruptException(e);
        }
    }

    /**
     * Returns when every record that this thread has sent so far is with the broker.
     *
     * @throws UnprocessableException where one was too large; the sender itself goes on
     * @throws KafkaException where the broker did not take one
     */
    public void flush() {
        producer.flush();
        Deque<Sent> own = sent.get();
        RuntimeException thrown = null;
        while (!own.isEmpty()) {
            Sent next = own.remove();
            try {
                next.delivery().get();
            } catch (ExecutionException e) {
                thrown = thrown == null ? next.notTaken(e.getCause()) : thrown;
            } catch (InterruptedException e) {
                throw new InterruptException(e);
            }
        }
        if (thrown != null) {
            throw thrown;
        }
    }

    @Override
    public void close() {
        producer.close(CLOSE_LIMIT);
    }
}
