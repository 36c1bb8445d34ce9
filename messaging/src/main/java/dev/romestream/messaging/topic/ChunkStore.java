package dev.romestream.messaging.topic;

import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.failure.Backoff;
import dev.romestream.schemas.Chunk;
import dev.romestream.schemas.Topic;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.common.utils.Utils;

/**
 * Bytes too many for a record, or not worth reading with it: cut into chunks on a topic of their own, and found again by their
 * positions, which the record holds. So nobody reads more of them than needed, however many there are. Safe for several threads.
 */
public final class ChunkStore implements AutoCloseable {
    /** Bytes of a chunk. */
    public static final int CHUNK_BYTES = Topic.MAX_RECORD_BYTES / 2;

    private static final Duration FOR_EVER = Duration.ofMillis(-1);
    private static final Duration POLL = Duration.ofMillis(200);

    private final RomeConfig config;
    private final String topic;
    private final KafkaProducer<String, byte[]> producer;
    private final Consumer<String, byte[]> consumer;
    private final PartitionCount partitions;

    public ChunkStore(RomeConfig config) {
        this.config = config;
        this.topic = TopicNames.of(config).of(Topic.CHUNKS);
        Map<String, Object> settings = config.producer();
        settings.remove("value.serializer");
        this.producer =
                config.clients().producer("chunks", settings, new StringSerializer(), new ByteArraySerializer());
        String most = Integer.toString(2 * CHUNK_BYTES);
        this.consumer = TopicReader.consumer(config.with(Map.of(
                "consumer.fetch.max.wait.ms", "50",
                "consumer.fetch.max.bytes", most,
                "consumer.max.partition.fetch.bytes", most)));
        this.partitions = new PartitionCount(config, topic);
    }

    /**
     * Writes bytes; returns when the broker has them.
     *
     * @param owner of the bytes: what it wrote before is replaced
     */
    public List<Chunk> write(String owner, byte[] bytes) {
        int partitions = producer.partitionsFor(topic).size();
        int partition = Utils.toPositive(Utils.murmur2(Utils.utf8(owner))) % partitions;
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        List<Integer> lengths = new ArrayList<>();
        for (int from = 0; from < bytes.length; from += CHUNK_BYTES) {
            byte[] slice = Arrays.copyOfRange(bytes, from, Math.min(bytes.length, from + CHUNK_BYTES));
            lengths.add(slice.length);
            sent.add(producer.send(new ProducerRecord<>(topic, partition, key(owner, sent.size()), slice)));
        }
        producer.flush();
        List<Chunk> chunks = new ArrayList<>();
        for (int i = 0; i < sent.size(); i++) {
            chunks.add(new Chunk(partition, Sending.await(sent.get(i)).offset(), lengths.get(i)));
        }
        return chunks;
    }

    private static String key(String owner, int chunk) {
        return owner + "/" + chunk;
    }

    /** The bytes of these chunks in a row; empty where some are no longer there. */
    public Optional<byte[]> read(List<Chunk> chunks) {
        long length = chunks.stream().mapToLong(Chunk::getBytes).sum();
        if (length > Integer.MAX_VALUE) {
            throw new KafkaException(chunks.size() + " chunks hold " + length + " bytes; the most allowed is 2 GiB.");
        }
        byte[] bytes = new byte[(int) length];
        synchronized (consumer) {
            int at = 0;
            for (Chunk chunk : chunks) {
                Optional<byte[]> slice = Backoff.await(config.outages(), "the brokers", FOR_EVER, () -> read(chunk));
                if (slice.isEmpty() || slice.get().length != chunk.getBytes()) {
                    return Optional.empty();
                }
                System.arraycopy(slice.get(), 0, bytes, at, slice.get().length);
                at += slice.get().length;
            }
        }
        return Optional.of(bytes);
    }

    private Optional<byte[]> read(Chunk chunk) {
        var partition = new TopicPartition(topic, chunk.getPartition());
        if (chunk.getPartition() >= consumer.partitionsFor(topic).size() && chunk.getPartition() >= partitions.now()) {
            return Optional.empty();
        }
        consumer.assign(List.of(partition));
        consumer.seek(partition, chunk.getOffset());
        Long end = consumer.endOffsets(List.of(partition)).get(partition);
        while (consumer.position(partition) < end) {
            for (ConsumerRecord<String, byte[]> record : consumer.poll(POLL)) {
                return Optional.ofNullable(record.value()).filter(value -> record.offset() == chunk.getOffset());
            }
        }
        return Optional.empty();
    }

    /** Retires what an owner wrote. */
    @SuppressWarnings("FutureReturnValueIgnored") // what is not retired now costs space, no more
    public void retire(String owner, List<Chunk> chunks) {
        for (int i = 0; i < chunks.size(); i++) {
            producer.send(new ProducerRecord<>(topic, chunks.get(i).getPartition(), key(owner, i), null));
        }
    }

    @Override
    public void close() {
        producer.close(Duration.ofSeconds(10));
        synchronized (consumer) {
            TopicReader.close(consumer);
            partitions.close();
        }
    }
}
