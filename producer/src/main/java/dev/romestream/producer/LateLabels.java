package dev.romestream.producer;

import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.failure.UnprocessableException;
import dev.romestream.messaging.topic.DeadLetters;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Labels that come later than a stream's images, on a topic of the user's own: they find their images by key, in every window that is
 * still there. A label may come again, and counts as it came last; a tombstone takes it back.
 */
final class LateLabels implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(LateLabels.class);
    private static final int UNKNOWN = -1;
    /** Labels that are held for images which may still come. */
    private static final int MOST_HELD = 1_000_000;
    /** A label may be stamped before its image by another clock. */
    private static final long EARLIER_MS = Duration.ofHours(1).toMillis();

    /** Of each partition, so many of the newest are read again in any case: their times may be those of earlier events. */
    private static final long READ_AGAIN = 100_000;

    private static final Duration POLL = Duration.ofMillis(10);
    private static final Duration LONGEST_TAKE = Duration.ofMillis(300);
    private static final Duration LOOK = Duration.ofSeconds(10);

    private final String topic;
    private final List<String> classes;
    private final WindowLog windows;
    private final DeadLetters letters;
    private final KafkaConsumer<String, byte[]> consumer;
    private final Map<String, Integer> held = new LinkedHashMap<>();
    private Set<TopicPartition> partitions = Set.of();
    /** Windows whose images have been looked for, among labels that came until then. */
    private Set<Integer> joined = Set.of();
    /** Whether labels have come since. */
    private boolean isNew;

    private long lookedAt;
    private String told = "";

    /**
     * Begins with the labels of the windows that are there.
     *
     * @param classes what values call them, in label order; none: values are the numbers
     */
    LateLabels(RomeConfig config, String topic, List<String> classes, WindowLog windows, DeadLetters letters) {
        this.topic = topic;
        this.classes = classes;
        this.windows = windows;
        this.letters = letters;
        this.consumer = config.clients()
                .consumer(
                        "labels",
                        ImageRecords.settings(config, "earliest"),
                        new StringDeserializer(),
                        new ByteArrayDeserializer());
        this.lookedAt = System.nanoTime() - LOOK.toNanos();
    }

    /**
     * Takes what has come since, for a short time, and writes the labels of the windows to which it belongs. Trouble with the labels'
     * topic is told, and holds no image up.
     */
    void takeNew() {
        try {
            read();
        } catch (AuthorizationException | InterruptException e) {
            throw e;
        } catch (KafkaException e) {
            tell("The topic '" + topic + "' (dataset.window.labelTopic) cannot be read now: " + e.getMessage());
        }
        if (isNew || !joined.equals(windows.keys().keySet())) {
            join();
            isNew = false;
            joined = Set.copyOf(windows.keys().keySet());
        }
    }

    private void read() {
        look();
        if (partitions.isEmpty()) {
            return;
        }
        long until = System.nanoTime() + LONGEST_TAKE.toNanos();
        ConsumerRecords<String, byte[]> records = consumer.poll(POLL);
        while (!records.isEmpty()) {
            isNew = true;
            records.forEach(this::hold);
            records = System.nanoTime() < until ? consumer.poll(POLL) : ConsumerRecords.empty();
        }
    }

    private void tell(String trouble) {
        if (!trouble.equals(told)) {
            log.warn(trouble);
            told = trouble;
        }
    }

    private void join() {
        windows.keys().forEach((window, keys) -> {
            List<Integer> before = windows.labels(window).orElse(List.of());
            List<Integer> now = labels(keys, before);
            boolean some = now.stream().anyMatch(label -> label != UNKNOWN);
            if (!now.equals(before) && (some || !before.isEmpty())) {
                windows.label(window, now);
            }
        });
    }

    /** A label that is not held stays as it was. */
    private List<Integer> labels(List<String> keys, List<Integer> before) {
        List<Integer> labels = new ArrayList<>();
        for (int i = 0; i < keys.size(); i++) {
            int known = i < before.size() ? before.get(i) : UNKNOWN;
            labels.add(held.getOrDefault(keys.get(i), known));
        }
        return labels;
    }

    /** Finds the topic's partitions, now and again: it may come later, and grow. */
    private void look() {
        long now = System.nanoTime();
        if (now - lookedAt < LOOK.toNanos()) {
            return;
        }
        lookedAt = now;
        List<PartitionInfo> found = consumer.partitionsFor(topic);
        if (found == null || found.isEmpty()) {
            tell("The topic '" + topic
                    + "' (dataset.window.labelTopic) is not there yet; labels are taken once it is.");
            return;
        }
        Set<TopicPartition> all = found.stream()
                .map(info -> new TopicPartition(topic, info.partition()))
                .collect(Collectors.toSet());
        if (!all.equals(partitions)) {
            Map<TopicPartition, Long> positions = partitions.stream()
                    .filter(all::contains)
                    .collect(Collectors.toMap(known -> known, consumer::position));
            consumer.assign(all);
            begins(all).forEach(consumer::seek);
            positions.forEach(consumer::seek);
            partitions = all;
        }
    }

    /** With the images that are there, or a little earlier; without images, with the first label. */
    private Map<TopicPartition, Long> begins(Set<TopicPartition> all) {
        Map<TopicPartition, Long> begins = new HashMap<>(consumer.beginningOffsets(all));
        OptionalLong first = windows.firstTime();
        if (first.isPresent()) {
            long from = Math.max(0, first.getAsLong() - EARLIER_MS);
            Map<TopicPartition, Long> ends = consumer.endOffsets(all);
            Map<TopicPartition, OffsetAndTimestamp> since = consumer.offsetsForTimes(
                    all.stream().collect(Collectors.toMap(partition -> partition, partition -> from)));
            begins.replaceAll((partition, beginning) -> {
                long again = ends.get(partition) - READ_AGAIN;
                OffsetAndTimestamp known = since.get(partition);
                return Math.max(beginning, known == null ? again : Math.min(known.offset(), again));
            });
        }
        return begins;
    }

    private void hold(ConsumerRecord<String, byte[]> record) {
        try {
            ImageRecords.requireKey(record);
            // of two labels of an image, the later one is held longer
            held.remove(record.key());
            held.put(record.key(), record.value() == null ? UNKNOWN : label(record));
            if (held.size() > MOST_HELD) {
                held.remove(held.keySet().iterator().next());
            }
        } catch (SourceException e) {
            letters.keep(record, new UnprocessableException(e.getMessage(), e), () -> true);
        }
    }

    private int label(ConsumerRecord<String, byte[]> record) {
        String text = new String(record.value(), StandardCharsets.UTF_8).strip();
        if (!classes.isEmpty()) {
            int label = classes.indexOf(text);
            if (label >= 0) {
                return label;
            }
            throw new SourceException(ImageRecords.origin(record) + " has the label '" + text + "'; allowed are "
                    + String.join(", ", classes) + " (dataset.window.classes).");
        }
        try {
            int label = Integer.parseInt(text);
            if (label >= 0) {
                return label;
            }
        } catch (NumberFormatException e) {
            // told below
        }
        throw new SourceException(ImageRecords.origin(record) + " has the label '" + text
                + "'; needed is the number of a class, from 0 on, or its name, with dataset.window.classes.");
    }

    @Override
    public void close() {
        consumer.close(CloseOptions.timeout(Duration.ZERO));
    }
}
