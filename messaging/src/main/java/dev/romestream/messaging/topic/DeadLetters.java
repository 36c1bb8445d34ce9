package dev.romestream.messaging.topic;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.failure.Backoff;
import dev.romestream.schemas.Topic;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
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

    private static final Logger log = LoggerFactory.getLogger(DeadLetters.class);
    private static final Duration FOR_EVER = Duration.ofMillis(-1);
    private static final Duration RETENTION = Duration.ofDays(7);
    private static final int MOST_REMEMBERED = 1_000_000;
    private static final int STACK_TRACE_CHARACTERS = 4000;
    private static final int MESSAGE_CHARACTERS = 2000;

    private final RomeConfig config;
    private final KafkaProducer<String, byte[]> producer;
    private final String topic;
    private final Cache<Origin, Boolean> kept = Caffeine.newBuilder()
            .expireAfterWrite(RETENTION)
            .maximumSize(MOST_REMEMBERED)
            .build();
    private Consumer<String, byte[]> reader;

    private record Origin(String topic, String partition, String offset) {}

    public DeadLetters(RomeConfig config) {
        Map<String, Object> settings = config.producer();
        settings.remove("value.serializer");
        this.config = config;
        this.producer = new KafkaProducer<>(settings, new StringSerializer(), new ByteArraySerializer());
        this.topic = TopicNames.of(config).of(Topic.DEAD_LETTERS);
    }

    /** Keeps {@code record}, unless it is kept already; returns when the broker has it. */
    public synchronized void keep(ConsumerRecord<String, byte[]> record, Throwable reason) {
        var origin = new Origin(record.topic(), Integer.toString(record.partition()), Long.toString(record.offset()));
        Backoff.await(config.outages(), "the brokers", FOR_EVER, () -> {
            readKept();
            return true;
        });
        if (kept.getIfPresent(origin) == null) {
            Headers headers = headers(record, reason);
            Sending.await(producer.send(new ProducerRecord<>(topic, null, record.key(), record.value(), headers)));
            kept.put(origin, true);
        }
    }

    /** Reads the topic on to its present end. */
    private void readKept() {
        List<TopicPartition> partitions;
        if (reader == null) {
            // an inspector's open transaction must not hide what workers wrote after it began
            reader = TopicReader.consumer(config, "read_uncommitted");
            partitions = reader.partitionsFor(topic).stream()
                    .map(info -> new TopicPartition(topic, info.partition()))
                    .toList();
            reader.assign(partitions);
            reader.seekToBeginning(partitions);
        } else {
            partitions = List.copyOf(reader.assignment());
        }
        Map<TopicPartition, Long> ends = reader.endOffsets(partitions);
        while (ends.entrySet().stream().anyMatch(end -> reader.position(end.getKey()) < end.getValue())) {
            for (ConsumerRecord<String, byte[]> letter : reader.poll(Duration.ofMillis(100))) {
                kept.put(
                        new Origin(header(letter, "topic"), header(letter, "partition"), header(letter, "offset")),
                        true);
            }
        }
    }

    /** The text of one of a dead letter's headers; empty where it lacks it. */
    public static String header(ConsumerRecord<?, byte[]> letter, String name) {
        Header header = letter.headers().lastHeader(PREFIX + name);
        return header == null || header.value() == null ? "" : new String(header.value(), StandardCharsets.UTF_8);
    }

    /** A record's own headers and the reason why it is dead. */
    static Headers headers(ConsumerRecord<?, byte[]> record, Throwable reason) {
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
        if (reader != null) {
            TopicReader.close(reader);
        }
    }
}
