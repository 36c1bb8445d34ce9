package dev.romestream.producer;

import dev.romestream.experiments.WindowSettings;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.schemas.OffsetRange;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads a user's topic from given offsets on: what is committed, partition by partition, as far as a window wants it. */
final class StreamReader implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(StreamReader.class);
    private static final Duration POLL = Duration.ofMillis(200);
    private static final long LOOK_NANOS = 1_000_000_000L;

    private final String topic;
    private final BooleanSupplier cancelled;
    private final KafkaConsumer<String, byte[]> consumer;
    private final Admin admin;
    /** When each partition last had something new. */
    private final Map<Integer, Long> news = new HashMap<>();

    private Map<Integer, Long> ends = Map.of();
    private long lookedAt;
    /** Whether records of the topic go where newer ones have their key. */
    private boolean compacted;

    /**
     * A topic as it is now.
     *
     * @param topicId Kafka's
     */
    record Source(String topicId, int partitions) {}

    /**
     * How far reading is behind.
     *
     * @param records that are not read yet
     * @param timeMs record time of the newest one that was; empty before the first
     */
    record Lag(long records, OptionalLong timeMs) {
        static final Lag NONE = new Lag(0, OptionalLong.empty());
    }

    /** Is told what happens while a window is filled. */
    interface Listener {
        /** A record is no image for the stream; it is passed over once this has returned. */
        void refused(ConsumerRecord<String, byte[]> record, SourceException reason);

        /** @param waiting what is waited for, where something is */
        void filling(Lag lag, Optional<String> waiting);
    }

    /** @param cancelled ends every wait, with a CancellationException */
    StreamReader(RomeConfig config, String topic, BooleanSupplier cancelled) {
        this.topic = topic;
        this.cancelled = cancelled;
        Map<String, Object> settings = ImageRecords.settings(config, "none");
        this.consumer =
                config.clients().consumer("stream", settings, new StringDeserializer(), new ByteArrayDeserializer());
        this.admin = config.clients().admin("stream", config.admin());
    }

    /**
     * The topic, once it is there.
     *
     * @param waiting is told what is waited for
     */
    Source source(Consumer<String> waiting) {
        while (true) {
            requireOpen();
            Optional<Source> source = find();
            if (source.isPresent()) {
                return source.get();
            }
            waiting.accept("waiting for the topic '" + topic + "' (dataset.path), which is not there; create it");
            pause();
        }
    }

    private Optional<Source> find() {
        try {
            TopicDescription description =
                    admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic);
            return Optional.of(new Source(
                    description.topicId().toString(), description.partitions().size()));
        } catch (ExecutionException e) {
            if (e.getCause() instanceof UnknownTopicOrPartitionException) {
                return Optional.empty();
            }
            throw failure(e);
        } catch (InterruptedException e) {
            throw new InterruptException(e);
        }
    }

    private static RuntimeException failure(ExecutionException e) {
        return e.getCause() instanceof KafkaException kafka ? kafka : new KafkaException(e.getCause());
    }

    private static void pause() {
        try {
            Thread.sleep(LOOK_NANOS / 1_000_000);
        } catch (InterruptedException e) {
            throw new InterruptException(e);
        }
    }

    private void requireOpen() {
        if (cancelled.getAsBoolean()) {
            throw new CancellationException("the producer is closing");
        }
    }

    /** Empty ranges at the offsets with which a stream begins. */
    List<OffsetRange> start(Source source, WindowSettings.Start start, OptionalLong startMs) {
        Map<Integer, Long> begins = offsets(
                source,
                switch (start) {
                    case EARLIEST -> OffsetSpec.earliest();
                    case LATEST -> OffsetSpec.latest();
                    case TIME -> OffsetSpec.forTimestamp(startMs.orElseThrow());
                });
        if (start == WindowSettings.Start.TIME) {
            // where nothing is as new, what comes is
            Map<Integer, Long> latest = offsets(source, OffsetSpec.latest());
            begins.replaceAll((partition, offset) -> offset < 0 ? latest.get(partition) : offset);
        }
        List<OffsetRange> ranges = new ArrayList<>();
        begins.forEach((partition, offset) -> ranges.add(new OffsetRange(partition, offset, offset)));
        return ranges;
    }

    /** Of all records, whether or not their transactions have ended. */
    private Map<Integer, Long> offsets(Source source, OffsetSpec spec) {
        Map<TopicPartition, OffsetSpec> wanted = IntStream.range(0, source.partitions())
                .mapToObj(partition -> new TopicPartition(topic, partition))
                .collect(Collectors.toMap(partition -> partition, partition -> spec));
        try {
            Map<Integer, Long> offsets = new TreeMap<>();
            admin.listOffsets(wanted, new ListOffsetsOptions(IsolationLevel.READ_UNCOMMITTED))
                    .all()
                    .get()
                    .forEach((partition, found) -> offsets.put(partition.partition(), found.offset()));
            return offsets;
        } catch (ExecutionException e) {
            throw failure(e);
        } catch (InterruptedException e) {
            throw new InterruptException(e);
        }
    }

    /** The offsets after ranges. */
    static Map<Integer, Long> ends(List<OffsetRange> ranges) {
        Map<Integer, Long> ends = new TreeMap<>();
        ranges.forEach(range -> ends.put(range.getPartition(), range.getTo()));
        return ends;
    }

    /**
     * Reads until the window is complete.
     *
     * @return false where the topic is not {@code source} any more, so that nothing of the window is to be kept
     */
    boolean fill(WindowAssembly window, Source source, WindowSettings settings, Listener listener) {
        Source now = source;
        compacted = isCompacted();
        assign(window, now);
        while (true) {
            requireOpen();
            ConsumerRecords<String, byte[]> records = poll(window);
            boolean complete = take(records, window, listener);
            if (complete || window.isComplete(idle(window, settings))) {
                return find().filter(found -> found.topicId().equals(source.topicId()))
                        .isPresent();
            }
            if (System.nanoTime() - lookedAt > LOOK_NANOS) {
                Optional<Source> found = find();
                if (found.filter(same -> same.topicId().equals(source.topicId()))
                        .isEmpty()) {
                    return false;
                }
                if (found.get().partitions() != now.partitions()) {
                    now = found.get();
                    assign(window, now);
                }
                ends = offsets(now, OffsetSpec.latest());
                lookedAt = System.nanoTime();
                listener.filling(lag(window), waiting(window));
            }
        }
    }

    /** Whether the topic is; not where its settings may not be read. */
    private boolean isCompacted() {
        var resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
        try {
            return admin.describeConfigs(List.of(resource))
                    .all()
                    .get()
                    .get(resource)
                    .get(TopicConfig.CLEANUP_POLICY_CONFIG)
                    .value()
                    .contains(TopicConfig.CLEANUP_POLICY_COMPACT);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof TopicAuthorizationException
                    || e.getCause() instanceof UnknownTopicOrPartitionException) {
                log.debug(
                        "What compaction has taken of {} is not told: {}",
                        topic,
                        e.getCause().getMessage());
                return false;
            }
            throw failure(e);
        } catch (InterruptedException e) {
            throw new InterruptException(e);
        }
    }

    /** Where the window goes on; partitions that are new to it are read from their beginning. */
    private void assign(WindowAssembly window, Source source) {
        for (int partition = 0; partition < source.partitions(); partition++) {
            if (!window.partitions().contains(partition)) {
                window.add(partition);
            }
            news.putIfAbsent(partition, System.nanoTime());
        }
        Set<TopicPartition> all =
                window.partitions().stream().map(this::partition).collect(Collectors.toSet());
        consumer.assign(all);
        consumer.resume(all);
        window.partitions().forEach(partition -> consumer.seek(partition(partition), window.next(partition)));
        window.partitions().stream().filter(window::isCut).forEach(cut -> consumer.pause(Set.of(partition(cut))));
    }

    private TopicPartition partition(int number) {
        return new TopicPartition(topic, number);
    }

    private ConsumerRecords<String, byte[]> poll(WindowAssembly window) {
        try {
            return consumer.poll(POLL);
        } catch (OffsetOutOfRangeException e) {
            e.offsetOutOfRangePartitions().forEach((partition, offset) -> {
                long begin = consumer.beginningOffsets(Set.of(partition)).get(partition);
                if (begin > offset) {
                    log.warn(
                            "{} has lost offsets {} to {} before they were read: its retention is too short.",
                            partition,
                            offset,
                            begin - 1);
                    window.miss(partition.partition(), begin);
                    consumer.seek(partition, begin);
                } else {
                    long end = consumer.endOffsets(Set.of(partition)).get(partition);
                    log.warn("{} ends at offset {}, before {}, which is to be read next.", partition, end, offset);
                    pause();
                }
            });
            return ConsumerRecords.empty();
        }
    }

    /** @return whether the window is complete; what comes after it is not read */
    private boolean take(ConsumerRecords<String, byte[]> records, WindowAssembly window, Listener listener) {
        boolean complete = false;
        for (ConsumerRecord<String, byte[]> record : records) {
            int partition = record.partition();
            news.put(partition, System.nanoTime());
            if (!complete && !window.isCut(partition)) {
                if (compacted && record.offset() > window.next(partition)) {
                    window.miss(partition, record.offset());
                }
                try {
                    window.take(record, System.currentTimeMillis());
                } catch (SourceException e) {
                    listener.refused(record, e);
                }
                complete = window.isComplete(Set.of());
            }
        }
        for (TopicPartition partition : records.partitions()) {
            boolean cut = window.isCut(partition.partition());
            if (complete || cut) {
                consumer.seek(partition, window.next(partition.partition()));
            }
            if (cut) {
                consumer.pause(Set.of(partition));
            }
        }
        if (!complete) {
            // of partitions whose end has been put off
            consumer.resume(consumer.paused().stream()
                    .filter(partition -> !window.isCut(partition.partition()))
                    .toList());
        }
        return complete;
    }

    /** Partitions that have had nothing new for long, and of which everything is read. */
    private Set<Integer> idle(WindowAssembly window, WindowSettings settings) {
        Set<Integer> idle = new HashSet<>();
        long now = System.nanoTime();
        for (int partition : window.partitions()) {
            boolean read = ends.containsKey(partition)
                    && consumer.position(partition(partition)) >= ends.get(partition)
                    && lookedAt > news.get(partition);
            if (read && now - news.get(partition) > settings.idle().toNanos()) {
                idle.add(partition);
            }
        }
        return idle;
    }

    /** How far it is behind now, while nothing is read. */
    Lag lag(WindowAssembly window, Source source) {
        ends = offsets(source, OffsetSpec.latest());
        return lag(window);
    }

    private Lag lag(WindowAssembly window) {
        long records = window.partitions().stream()
                .mapToLong(partition ->
                        Math.max(0, ends.getOrDefault(partition, 0L) - consumer.position(partition(partition))))
                .sum();
        return new Lag(records, window.lastTime());
    }

    /** A transaction whose end is not known: what is behind it cannot be read. */
    private Optional<String> waiting(WindowAssembly window) {
        Set<TopicPartition> behind = window.partitions().stream()
                .map(this::partition)
                .filter(partition -> consumer.position(partition) < ends.getOrDefault(partition.partition(), 0L))
                .collect(Collectors.toSet());
        if (behind.isEmpty()) {
            return Optional.empty();
        }
        Map<TopicPartition, Long> committed = consumer.endOffsets(behind);
        return behind.stream()
                .filter(partition -> committed.get(partition) <= consumer.position(partition))
                .findFirst()
                .map(partition -> "waiting for the end of a transaction that is open in partition "
                        + partition.partition() + " from offset " + consumer.position(partition) + " on");
    }

    @Override
    public void close() {
        consumer.close(CloseOptions.timeout(Duration.ZERO));
        admin.close(Duration.ofSeconds(1));
    }
}
