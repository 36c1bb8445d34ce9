package dev.romestream.messaging.topic;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.serde.Decoder;
import dev.romestream.schemas.Topic;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeoutException;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.header.Header;

/**
 * Finds records of a topic by id without keeping them: it follows the topic, remembers where each id stands, and fetches
 * the record when it is asked for. The newest records are kept at hand, up to a byte budget. The id is the
 * {@link RecordSender#ID_HEADER} header, or the key where there is none. Safe for use by several threads.
 */
public final class RecordIndex<T extends SpecificRecord> implements TopicView {
    private static final int MOST_RETIRED = 100_000;
    private static final Duration FETCH = Duration.ofSeconds(30);

    private final Class<T> type;
    private final Decoder decoder;
    private final long cacheBytes;
    private final Cache<String, Position> positions;
    private final Cache<String, Long> retired =
            Caffeine.newBuilder().maximumSize(MOST_RETIRED).build();
    private final LinkedHashMap<String, ConsumerRecord<String, byte[]>> recent = new LinkedHashMap<>();
    private final RomeConfig single;
    private final Object fetching = new Object();
    private final TopicReader reader;
    private Consumer<String, byte[]> fetcher;
    private long recentBytes;
    private long retirements;

    private record Position(TopicPartition partition, long offset) {}

    public RecordIndex(RomeConfig config, Topic topic, Class<T> type, long cacheBytes) {
        this.type = type;
        this.decoder = new Decoder(config);
        this.cacheBytes = cacheBytes;
        Caffeine<Object, Object> kept = Caffeine.newBuilder();
        topic.retention().ifPresent(kept::expireAfterWrite);
        this.positions = kept.build();
        this.single = config.with(Map.of("consumer.max.poll.records", "1", "consumer.fetch.max.wait.ms", "50"));
        this.fetcher = TopicReader.consumer(single);
        this.reader = new TopicReader(config, topic, this::index);
    }

    private synchronized void index(ConsumerRecord<String, byte[]> record) {
        Header header = record.headers().lastHeader(RecordSender.ID_HEADER);
        String id = header == null || header.value() == null
                ? record.key()
                : new String(header.value(), StandardCharsets.UTF_8);
        if (id == null) {
            return;
        }
        forget(recent.remove(id));
        if (record.value() == null) {
            positions.invalidate(id);
            retired.put(id, ++retirements);
        } else {
            TopicPartition partition = new TopicPartition(record.topic(), record.partition());
            positions.put(id, new Position(partition, record.offset()));
            retired.invalidate(id);
            recent.put(id, record);
            recentBytes += record.value().length;
            var oldest = recent.values().iterator();
            while (recentBytes > cacheBytes && oldest.hasNext()) {
                forget(oldest.next());
                oldest.remove();
            }
        }
        notifyAll();
    }

    private void forget(ConsumerRecord<String, byte[]> record) {
        if (record != null) {
            recentBytes -= record.value().length;
        }
    }

    @Override
    public TopicReader reader() {
        return reader;
    }

    /** Whether a record was there under this id, and was retired. */
    public boolean isRetired(String id) {
        return retirement(id) > 0;
    }

    /** Which of the retirements that were seen was the last of this id; 0 where a record is there, or none was. */
    public long retirement(String id) {
        Long last = retired.getIfPresent(id);
        return last == null ? 0 : last;
    }

    /** The ids of the records that are there. */
    public Set<String> ids() {
        return Set.copyOf(positions.asMap().keySet());
    }

    public synchronized boolean contains(String id) {
        reader.throwFailure();
        return positions.getIfPresent(id) != null;
    }

    /**
     * The record with this id, when it is there.
     *
     * @throws TimeoutException where it does not come within {@code limit}
     */
    public T await(String id, Duration limit) throws TimeoutException {
        long deadline = System.nanoTime() + limit.toNanos();
        synchronized (this) {
            while (!contains(id)) {
                long left = (deadline - System.nanoTime()) / 1_000_000;
                if (left <= 0) {
                    throw new TimeoutException(
                            "No " + type.getSimpleName() + " " + id + " within " + limit.toMillis() + " ms.");
                }
                try {
                    wait(Math.min(left, 1000));
                } catch (InterruptedException e) {
                    throw new InterruptException(e);
                }
            }
        }
        return get(id).orElseThrow(() -> new TimeoutException(
                type.getSimpleName() + " " + id + " is no longer in the topic; its retention is too short."));
    }

    /** The record with this id, if it is in the topic. */
    public Optional<T> get(String id) {
        Position position;
        synchronized (this) {
            ConsumerRecord<String, byte[]> record = recent.get(id);
            if (record != null && positions.getIfPresent(id) != null) {
                return Optional.of(decoder.decode(record, type));
            }
            position = positions.getIfPresent(id);
        }
        return position == null ? Optional.empty() : fetch(position).map(record -> decoder.decode(record, type));
    }

    private Optional<ConsumerRecord<String, byte[]>> fetch(Position position) {
        synchronized (fetching) {
            try {
                return TopicReader.fetch(fetcher, position.partition(), position.offset(), FETCH);
            } catch (org.apache.kafka.common.errors.TimeoutException e) {
                // it may be one that waits for an answer for ever
                TopicReader.close(fetcher);
                fetcher = TopicReader.consumer(single);
                throw e;
            }
        }
    }

    /** Waits for a new record, at most {@code limit}. It may return early, so callers check their condition in a loop. */
    @SuppressWarnings("WaitNotInLoop")
    public synchronized void awaitChange(Duration limit) {
        reader.throwFailure();
        try {
            wait(Math.max(1, limit.toMillis()));
        } catch (InterruptedException e) {
            throw new InterruptException(e);
        }
    }

    @Override
    public void close() {
        reader.close();
        synchronized (fetching) {
            TopicReader.close(fetcher);
        }
        decoder.close();
    }
}
