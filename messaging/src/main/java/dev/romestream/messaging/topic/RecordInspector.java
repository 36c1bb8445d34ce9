package dev.romestream.messaging.topic;

import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.failure.Backoff;
import dev.romestream.messaging.failure.Fault;
import dev.romestream.messaging.serde.Decoder;
import dev.romestream.messaging.thread.ServiceThread;
import dev.romestream.schemas.RecordChecks;
import dev.romestream.schemas.Topic;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps what makes no sense on the topics that views follow. Views are many and start over; the inspectors of all processes are
 * one consumer group, and a dead letter is written in the transaction that commits the offset, so each is kept exactly once.
 */
public final class RecordInspector implements AutoCloseable {
    /** Base name of the consumer group of all inspectors. */
    public static final String GROUP = "inspectors";

    /** Base name of their transactional ids, before a hyphen. */
    public static final String TRANSACTIONS = "inspector";

    private static final Logger log = LoggerFactory.getLogger(RecordInspector.class);
    private static final Duration POLL = Duration.ofMillis(500);
    private static final Duration FOR_EVER = Duration.ofMillis(-1);
    private static final int MOST_WAITING_MS = 3_600_000;
    private static final int BATCH_BYTES = 1024 * 1024;
    private static final int BATCH_MS = 500;

    /** Topics whose one reader keeps their dead letters itself. */
    private static final Set<Topic> OTHERS = EnumSet.of(
            Topic.DISTILLATION_REQUESTS,
            Topic.VICTIM_REQUESTS,
            Topic.POOL_REQUESTS,
            Topic.PRIOR_REQUESTS,
            Topic.ATTACK_REQUESTS,
            Topic.PERTURBED_BATCHES);

    private final RomeConfig config;
    private final KafkaConsumer<byte[], byte[]> consumer;
    private final KafkaProducer<byte[], byte[]> producer;
    private final String deadLetters;
    private final Map<String, Topic> topics = new HashMap<>();
    private final Decoder decoder;
    private final KeptLetters kept;
    private final ServiceThread thread;
    private volatile boolean closed;

    public RecordInspector(RomeConfig config) {
        TopicNames names = TopicNames.of(config);
        this.config = config;
        this.deadLetters = names.of(Topic.DEAD_LETTERS);
        topics().forEach(topic -> topics.put(names.of(topic), topic));
        Map<String, Object> reading = config.member(names.prefix() + GROUP);
        reading.put("auto.offset.reset", "earliest");
        reading.put("isolation.level", "read_committed");
        reading.putIfAbsent("max.poll.interval.ms", MOST_WAITING_MS);
        // nobody waits for it: a few records at once cost the brokers fewer fetches and commits
        reading.putIfAbsent("fetch.min.bytes", BATCH_BYTES);
        reading.putIfAbsent("fetch.max.wait.ms", BATCH_MS);
        this.consumer = config.clients()
                .consumer("inspector", reading, new ByteArrayDeserializer(), new ByteArrayDeserializer());
        Map<String, Object> writing = config.producer();
        writing.remove("value.serializer");
        // offsets are fenced by the group's generation, so the id need not be the same after a restart
        writing.put("transactional.id", names.prefix() + TRANSACTIONS + "-" + UUID.randomUUID());
        writing.put("transaction.timeout.ms", 10_000);
        writing.remove("delivery.timeout.ms");
        this.producer =
                config.clients().producer("inspector", writing, new ByteArraySerializer(), new ByteArraySerializer());
        this.decoder = new Decoder(config);
        this.kept = new KeptLetters(config, "read_committed");
        this.thread = ServiceThread.start("inspector", this::run);
    }

    /** What is inspected. */
    public static Set<Topic> topics() {
        Set<Topic> inspected = EnumSet.allOf(Topic.class);
        inspected.removeIf(topic -> topic.isRaw() || OTHERS.contains(topic));
        return inspected;
    }

    private void run() {
        try (consumer) {
            Backoff.await(config.outages(), "the brokers", FOR_EVER, () -> {
                producer.initTransactions();
                return true;
            });
            consumer.subscribe(topics.keySet());
            while (!closed) {
                inspect(consumer.poll(POLL));
            }
        } catch (WakeupException | InterruptException e) {
            if (!closed) {
                throw e;
            }
            Thread.interrupted();
        }
    }

    private void inspect(ConsumerRecords<byte[], byte[]> records) {
        Map<ConsumerRecord<byte[], byte[]>, RuntimeException> dead = new LinkedHashMap<>();
        for (ConsumerRecord<byte[], byte[]> record : records) {
            try {
                check(record);
            } catch (RuntimeException e) {
                if (Fault.of(e) == Fault.TRANSIENT) {
                    throw e;
                }
                dead.put(record, e);
            }
        }
        List<ProducerRecord<byte[], byte[]>> letters = letters(dead);
        if (letters.isEmpty()) {
            if (!records.isEmpty()) {
                consumer.commitAsync(RecordInspector::tell);
            }
        } else {
            keep(letters, records);
        }
    }

    /** What could not be committed is with the next records, and harmless until then. */
    private static void tell(Map<TopicPartition, OffsetAndMetadata> offsets, Exception failure) {
        if (failure != null) {
            log.info("Offsets are committed later: {}", failure.getMessage());
        }
    }

    /** Those that are not kept yet: brokers have been seen to forget a group's offsets. */
    private List<ProducerRecord<byte[], byte[]>> letters(Map<ConsumerRecord<byte[], byte[]>, RuntimeException> dead) {
        if (!dead.isEmpty()) {
            kept.read();
        }
        List<ProducerRecord<byte[], byte[]>> letters = new ArrayList<>();
        dead.forEach((record, reason) -> {
            if (!kept.contains(record)) {
                letters.add(DeadLetters.letter(deadLetters, record, reason));
            }
        });
        return letters;
    }

    private void check(ConsumerRecord<byte[], byte[]> record) {
        String key = record.key() == null ? null : new StringDeserializer().deserialize(record.topic(), record.key());
        var readable = new ConsumerRecord<>(
                record.topic(),
                record.partition(),
                record.offset(),
                record.timestamp(),
                record.timestampType(),
                record.serializedKeySize(),
                record.serializedValueSize(),
                key,
                record.value(),
                record.headers(),
                record.leaderEpoch());
        RecordChecks.check(topics.get(record.topic()), key, decoder.decode(readable, SpecificRecord.class));
    }

    /** Writes the letters and commits, or does neither and reads the records again. */
    @SuppressWarnings("FutureReturnValueIgnored") // the commit fails where one of them fails
    private void keep(List<ProducerRecord<byte[], byte[]>> letters, ConsumerRecords<byte[], byte[]> records) {
        Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
        for (TopicPartition partition : records.partitions()) {
            var read = records.records(partition);
            offsets.put(
                    partition, new OffsetAndMetadata(read.get(read.size() - 1).offset() + 1));
        }
        producer.beginTransaction();
        try {
            letters.forEach(producer::send);
            producer.sendOffsetsToTransaction(offsets, consumer.groupMetadata());
            producer.commitTransaction();
        } catch (InterruptException e) {
            throw e;
        } catch (KafkaException e) {
            log.info("Dead letters are written again: {}", e.getMessage());
            producer.abortTransaction();
            Set<TopicPartition> mine = consumer.assignment();
            records.partitions().stream()
                    .filter(mine::contains)
                    .forEach(partition -> consumer.seek(
                            partition, records.records(partition).get(0).offset()));
        }
    }

    public boolean isAlive() {
        return thread.isAlive();
    }

    @Override
    public void close() {
        closed = true;
        consumer.wakeup();
        thread.join();
        producer.close(Duration.ofSeconds(5));
        decoder.close();
        kept.close();
    }
}
