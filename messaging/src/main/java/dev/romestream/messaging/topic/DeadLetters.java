package dev.romestream.messaging.topic;

import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.schemas.Topic;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps records that cannot be processed, with their bytes, key and headers as they came and the reason in the headers that
 * Kafka Streams uses for its own dead letters.
 */
public final class DeadLetters implements RefusedRecords, AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(DeadLetters.class);
    private static final String PREFIX = "__streams.errors.";

    private final KafkaProducer<String, byte[]> producer;
    private final String topic;

    public DeadLetters(RomeConfig config) {
        Map<String, Object> settings = config.producer();
        settings.remove("value.serializer");
        this.producer = new KafkaProducer<>(settings, new StringSerializer(), new ByteArraySerializer());
        this.topic = TopicNames.of(config).of(Topic.DEAD_LETTERS);
    }

    /** Keeps {@code record}; returns when the broker has it. */
    @Override
    public void keep(ConsumerRecord<String, byte[]> record, Throwable reason) {
        Headers headers = new RecordHeaders(record.headers().toArray());
        add(headers, "exception", reason.getClass().getName());
        add(headers, "message", String.valueOf(reason.getMessage()));
        add(headers, "stacktrace", stackTrace(reason));
        add(headers, "topic", record.topic());
        add(headers, "partition", Integer.toString(record.partition()));
        add(headers, "offset", Long.toString(record.offset()));
        log.warn(
                "Dead letter: {} partition {} offset {}: {}",
                record.topic(),
                record.partition(),
                record.offset(),
                reason.getMessage());
        Sending.await(producer.send(new ProducerRecord<>(topic, null, record.key(), record.value(), headers)));
    }

    private static void add(Headers headers, String name, String value) {
        headers.add(PREFIX + name, value.getBytes(StandardCharsets.UTF_8));
    }

    private static String stackTrace(Throwable reason) {
        StringWriter text = new StringWriter();
        reason.printStackTrace(new PrintWriter(text));
        return text.toString();
    }

    @Override
    public void close() {
        producer.close();
    }
}
