package dev.romestream.producer;

import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.failure.UnprocessableException;
import dev.romestream.messaging.topic.DeadLetters;
import dev.romestream.schemas.DatasetSpec;
import dev.romestream.schemas.Split;
import java.time.Duration;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A topic that users fill: the value of a record is an image file, its key the class, and its header {@code split} is
 * {@code train}, which it need not have, or {@code test}. It is read from its beginning to the end that it has at that time; where a
 * transaction is open before that end, it is waited for, because what is behind it may be images, or not. Where it has
 * more images than are wanted, some of them are {@link TakenImages}. What is no image is kept in the dead letters.
 */
final class TopicImages {
    private static final Logger log = LoggerFactory.getLogger(TopicImages.class);
    private static final Duration POLL = Duration.ofMillis(200);
    private static final long TELL_NANOS = 2_000_000_000L;
    private static final int MOST_CLASSES = 10_000;

    private final RomeConfig config;
    private final DatasetSpec spec;
    private final Consumer<String> tell;
    private final BooleanSupplier cancelled;
    private final Map<Split, TakenImages> taken = new EnumMap<>(Split.class);
    private final ImageRecords images;
    private long seen;
    private long refused;

    TopicImages(RomeConfig config, DatasetSpec spec, Consumer<String> tell, BooleanSupplier cancelled) {
        this.config = config;
        this.spec = spec;
        this.tell = tell;
        this.cancelled = cancelled;
        this.images = new ImageRecords(spec.getResize());
        int most = spec.getImages() == null ? Integer.MAX_VALUE : spec.getImages();
        for (Split split : Split.values()) {
            taken.put(split, new TakenImages(most));
        }
    }

    /** @throws SourceException where the topic is not there, or has not images of at least two classes in both splits */
    ImageDataset read() {
        if (spec.getPath() == null) {
            throw new SourceException(
                    "dataset.name is topic, and dataset.path is not set; give the topic's name there.");
        }
        Map<String, Object> settings = ImageRecords.settings(config, "earliest");
        try (var consumer = consumer(settings);
                DeadLetters deadLetters = new DeadLetters(config)) {
            settings.put("isolation.level", "read_uncommitted");
            read(consumer, settings, deadLetters);
        }
        return dataset();
    }

    private KafkaConsumer<String, byte[]> consumer(Map<String, Object> settings) {
        return config.clients().consumer("images", settings, new StringDeserializer(), new ByteArrayDeserializer());
    }

    /** @param uncommitted settings of a consumer that sees all records: who reads what is committed is told the end of that alone */
    private void read(
            KafkaConsumer<String, byte[]> consumer, Map<String, Object> uncommitted, DeadLetters deadLetters) {
        List<TopicPartition> partitions = consumer.partitionsFor(spec.getPath()).stream()
                .map(info -> new TopicPartition(info.topic(), info.partition()))
                .sorted(Comparator.comparingInt(TopicPartition::partition))
                .toList();
        if (partitions.isEmpty()) {
            throw new SourceException(
                    "There is no topic '" + spec.getPath() + "' (dataset.path); create it, and fill it.");
        }
        Map<TopicPartition, Long> ends;
        try (var all = consumer(uncommitted)) {
            ends = all.endOffsets(partitions);
        }
        long toldAt = System.nanoTime();
        // one after the other: the first image is always the same one
        for (TopicPartition partition : partitions) {
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
            while (consumer.position(partition) < ends.get(partition)) {
                if (cancelled.getAsBoolean()) {
                    throw new CancellationException("the producer is closing");
                }
                ConsumerRecords<String, byte[]> records = consumer.poll(POLL);
                for (ConsumerRecord<String, byte[]> record : records) {
                    if (record.offset() < ends.get(partition)) {
                        take(record, deadLetters);
                    }
                }
                if (System.nanoTime() - toldAt > TELL_NANOS) {
                    toldAt = System.nanoTime();
                    tell.accept(activity(consumer, partition, ends.get(partition), records.isEmpty()));
                }
            }
        }
    }

    private String activity(
            KafkaConsumer<String, byte[]> consumer, TopicPartition partition, long end, boolean isStill) {
        long position = consumer.position(partition);
        boolean open = isStill
                && position < end
                && consumer.endOffsets(List.of(partition)).get(partition) <= position;
        return "reading the topic " + spec.getPath() + ", " + seen + " images"
                + (open
                        ? ": waiting for the end of a transaction that is open in partition " + partition.partition()
                                + " from offset " + position + " on"
                        : "");
    }

    private void take(ConsumerRecord<String, byte[]> record, DeadLetters deadLetters) {
        try {
            add(record);
            seen++;
        } catch (SourceException e) {
            refused++;
            deadLetters.keep(record, new UnprocessableException(e.getMessage(), e), () -> true);
        }
        if (taken.values().stream().mapToLong(TakenImages::bytes).sum() > Integer.MAX_VALUE) {
            throw new SourceException("The topic " + spec.getPath()
                    + " has more than 2 GiB of pixels; give a smaller dataset.images or dataset.resize.");
        }
    }

    private void add(ConsumerRecord<String, byte[]> record) {
        ImageRecords.Head head = images.head(record);
        Split split = head.split().orElse(Split.TRAIN);
        taken.get(split).add(record, split, head.label(), images);
    }

    private ImageDataset dataset() {
        Set<String> classes = taken.get(Split.TRAIN).labels(Split.TRAIN);
        String counts = "The topic " + spec.getPath() + " has "
                + taken.get(Split.TRAIN).count(Split.TRAIN) + " images of " + classes.size() + " classes to train on, "
                + taken.get(Split.TEST).count(Split.TEST) + " to test, and " + refused + " records that are no images";
        if (classes.size() < 2
                || classes.size() > MOST_CLASSES
                || taken.get(Split.TEST).count(Split.TEST) == 0) {
            throw new SourceException(counts + (refused > 0 ? " (see rome dead-letters)" : "") + "; needed are 2 to "
                    + MOST_CLASSES + " classes, and images with the header split=test.");
        }
        if (refused > seen) {
            throw new SourceException(
                    counts + " or are of another size (see rome dead-letters); mend what writes them, or"
                            + " give dataset.resize.");
        }
        if (refused > 0) {
            log.warn("{} or are of another size; these are in the dead letters.", counts);
        }
        List<String> names = List.copyOf(classes);
        return ImageDataset.measured(
                spec.getPath(),
                names,
                ImageFile.CHANNELS,
                images.height(),
                images.width(),
                taken.get(Split.TRAIN).images(Split.TRAIN, names),
                test(names));
    }

    private ImageDataset.Images test(List<String> names) {
        taken.get(Split.TEST).labels(Split.TEST).stream()
                .filter(label -> !names.contains(label))
                .findFirst()
                .ifPresent(label -> {
                    throw new SourceException("The topic " + spec.getPath() + " has test images of the class '" + label
                            + "', and none to train on; write some, or take a larger dataset.images.");
                });
        return taken.get(Split.TEST).images(Split.TEST, names);
    }
}
