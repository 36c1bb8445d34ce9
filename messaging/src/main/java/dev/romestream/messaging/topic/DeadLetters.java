package dev.romestream.messaging.topic;

import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.schemas.Topic;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps records that cannot be processed, with their bytes, key and headers as they came and the reason in the headers that
 * Kafka Streams uses for its own dead letters. A record that is kept already, by this worker or another, is not kept again.
 */
public final class DeadLetters implements AutoCloseable {
    /** Prefix of the headers that tell where a dead letter comes from and why. */
    public static final String PREFIX = "__streams.errors.";

    /** Header of a letter that has not the bytes, with their number. */
    public static final String CUT = "cut.bytes";

    private static final Logger log = LoggerFactory.getLogger(DeadLetters.class);
    private static final int STACK_TRACE_CHARACTERS = 4000;
    private static final int MESSAGE_CHARACTERS = 2000;

    private final KafkaProducer<String, byte[]> producer;
    private final String topic;
    private final KeptLetters kept;

    public DeadLetters(RomeConfig config) {
        Map<String, Object> settings = config.producer();
        settings.remove("value.serializer");
        // an inspector's open transaction must not hide what workers wrote after it began
        this.kept = new KeptLetters(config, "read_uncommitted");
        this.producer =
                config.clients().producer("dead-letters", settings, new StringSerializer(), new ByteArraySerializer());
        this.topic = TopicNames.of(config).of(Topic.DEAD_LETTERS);
    }

    /**
     * Keeps {@code record}, unless it is kept already; returns when the broker has it.
     *
     * @param mine asked last of all: whether the record is still this worker's, and not another's to keep
     * @return whether it is kept
     */
    public synchronized boolean keep(ConsumerRecord<String, byte[]> record, Throwable reason, BooleanSupplier mine) {
        kept.read();
        if (kept.contains(record)) {
            return true;
        }
        if (!mine.getAsBoolean()) {
            return false;
        }
        Headers headers = headers(record, reason);
        try {
            Sending.await(producer.send(new ProducerRecord<>(topic, null, record.key(), record.value(), headers)));
        } catch (KafkaException e) {
            if (!(e.getCause() instanceof RecordTooLargeException)) {
                throw e;
            }
            log.warn("The dead letter is kept without its bytes: {}", e.getMessage());
            Headers own = withoutBytes(record, headers);
            Sending.await(producer.send(new ProducerRecord<>(topic, null, (String) null, null, own)));
        }
        kept.add(record);
        return true;
    }

    /** Where what was dead is larger than a dead letter can be: why it is dead, and where it still stands. */
    private static Headers withoutBytes(ConsumerRecord<?, byte[]> record, Headers headers) {
        Headers own = new RecordHeaders();
        headers.forEach(header -> {
            if (header.key().startsWith(PREFIX)) {
                own.add(header);
            }
        });
        add(own, CUT, Integer.toString(record.value() == null ? 0 : record.value().length));
        return own;
    }

    /** The text of one of a dead letter's headers; empty where it lacks it. */
    public static String header(ConsumerRecord<?, byte[]> letter, String name) {
        Header header = letter.headers().lastHeader(PREFIX + name);
        return header == null || header.value() == null ? "" : new String(header.value(), StandardCharsets.UTF_8);
    }

    /** A dead letter, for a topic of them. */
    public static ProducerRecord<byte[], byte[]> letter(
            String topic, ConsumerRecord<byte[], byte[]> record, Throwable reason) {
        return new ProducerRecord<>(topic, null, record.key(), record.value(), headers(record, reason));
    }

    /** A record's own headers and the reason why it is dead. */
    private static Headers headers(ConsumerRecord<?, byte[]> record, Throwable reason) {
        Headers headers = new RecordHeaders(record.headers().toArray());
        add(headers, "exception", reason.getClass().getName());
        add(headers, "message", cut(String.valueOf(reason.getMessage()), MESSAGE_CHARACTERS));
        add(headers, "stacktrace", cut(stackTrace(reason), STACK_TRACE_CHARACTERS));
        add(headers, "topic", record.topic());
        add(headers, "partition", Integer.toString(record.partition()));
        add(headers, "offset", Long.toString(record.offset()));
        log.warn(
                "Dead letter: {} partition {} offset {}: {}",
                record.topic(),
                record.partition(),
                record.offset(),
                reason.getMessage());
        return headers;
    }

    private static void add(Headers headers, String name, String value) {
        headers.add(PREFIX + name, value.getBytes(StandardCharsets.UTF_8));
    }

    private static String cut(String text, int most) {
        return text.length() <= most ? text : text.substring(0, most) + " ...";
    }

    private static String stackTrace(Throwable reason) {
        StringWriter text = new StringWriter();
        reason.printStackTrace(new PrintWriter(text));
        return text.toString();
    }

    @Override
    public synchronized void close() {
        producer.close();
        kept.close();
    }
}
