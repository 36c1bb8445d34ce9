package dev.romestream.producer;

import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.failure.UnprocessableException;
import dev.romestream.messaging.topic.DeadLetters;
import dev.romestream.schemas.DatasetSpec;
import dev.romestream.schemas.Split;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A topic that users fill: the value of a record is an image file, its key the class, and its header {@code split} is
 * {@code train}, which it need not have, or {@code test}. It is read from its beginning to the end that it has at that time; where a
 * transaction is open before that end, it is waited for, because what is behind it may be images, or not. Where it has more images than are wanted, each is as likely as any other to be among those that are taken, and the same topic always
 * gives the same ones. What is no image is kept in the dead letters.
 */
final class TopicImages {
    static final String NAME = "topic";

    private static final Logger log = LoggerFactory.getLogger(TopicImages.class);
    private static final Duration POLL = Duration.ofMillis(200);
    private static final long TELL_NANOS = 2_000_000_000L;
    private static final int MOST_CLASSES = 10_000;

    private final RomeConfig config;
    private final DatasetSpec spec;
    private final Consumer<String> tell;
    private final BooleanSupplier cancelled;
    private final Map<Split, PriorityQueue<Sample>> taken = new EnumMap<>(Split.class);
    /** The first image of the first partition that has one, whose size all others have. */
    private String first;

    private int height;
    private int width;
    private long bytes;
    private long seen;
    private long refused;

    /** @param priority the smallest are taken */
    private record Sample(int partition, long offset, long priority, String label, byte[] pixels) {
        static final Comparator<Sample> LAST_FIRST =
                Comparator.comparingLong(Sample::priority).reversed();
        static final Comparator<Sample> IN_ORDER =
                Comparator.comparingInt(Sample::partition).thenComparingLong(Sample::offset);
    }

    TopicImages(RomeConfig config, DatasetSpec spec, Consumer<String> tell, BooleanSupplier cancelled) {
        this.config = config;
        this.spec = spec;
        this.tell = tell;
        this.cancelled = cancelled;
        for (Split split : Split.values()) {
            taken.put(split, new PriorityQueue<>(Sample.LAST_FIRST));
        }
    }

    /** @throws SourceException where the topic is not there, or has not images of at least two classes in both splits */
    ImageDataset read() {
        if (spec.getPath() == null) {
            throw new SourceException(
                    "dataset.name is topic, and dataset.path is not set; give the topic's name there.");
        }
        Map<String, Object> settings = config.consumer();
        settings.remove("value.deserializer");
        settings.remove("group.id");
        settings.put("enable.auto.commit", false);
        settings.put("allow.auto.create.topics", false);
        settings.put("auto.offset.reset", "earliest");
        settings.put("isolation.level", "read_committed");
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
        if (bytes > Integer.MAX_VALUE) {
            throw new SourceException("The topic " + spec.getPath()
                    + " has more than 2 GiB of pixels; give a smaller dataset.images or dataset.resize.");
        }
    }

    private void add(ConsumerRecord<String, byte[]> record) {
        String origin = record.topic() + " partition " + record.partition() + " offset " + record.offset();
        if (record.key() == null || record.key().isBlank() || record.value() == null) {
            throw new SourceException(origin + " has no " + (record.value() == null ? "image" : "key")
                    + "; needed are the class as key and an image file as value.");
        }
        Split split = split(record, origin);
        PriorityQueue<Sample> queue = taken.get(split);
        long priority = new SplittableRandom(((long) record.partition() << 48) ^ record.offset()).nextLong();
        boolean full = spec.getImages() != null && queue.size() >= spec.getImages();
        if (full && queue.peek().priority() <= priority) {
            return;
        }
        queue.add(new Sample(
                record.partition(), record.offset(), priority, record.key(), pixels(origin, record.value())));
        if (full) {
            bytes -= queue.remove().pixels().length;
        }
    }

    private static Split split(ConsumerRecord<String, byte[]> record, String origin) {
        Header header = record.headers().lastHeader("split");
        String name =
                header == null || header.value() == null ? "train" : new String(header.value(), StandardCharsets.UTF_8);
        for (Split split : Split.values()) {
            if (split.name().toLowerCase(Locale.ROOT).equals(name)) {
                return split;
            }
        }
        throw new SourceException(origin + " has the header split '" + name + "'; allowed are train and test.");
    }

    private byte[] pixels(String origin, byte[] content) {
        ImageFile read = ImageFile.read(origin, content);
        ImageFile image = spec.getResize() == null ? read : ImageFiles.resized(origin, read, spec.getResize());
        if (first == null) {
            first = origin;
            height = image.height();
            width = image.width();
        }
        if (image.height() != height || image.width() != width) {
            throw new SourceException(first + " is " + width + " x " + height + " pixels and " + origin + " is "
                    + image.width() + " x " + image.height() + "; write images of one size, or give dataset.resize.");
        }
        bytes += image.pixels().length;
        return image.pixels();
    }

    private ImageDataset dataset() {
        TreeSet<String> classes = new TreeSet<>();
        taken.get(Split.TRAIN).forEach(sample -> classes.add(sample.label()));
        String counts = "The topic " + spec.getPath() + " has "
                + taken.get(Split.TRAIN).size() + " images of " + classes.size() + " classes to train on, "
                + taken.get(Split.TEST).size() + " to test, and " + refused + " records that are no images";
        if (classes.size() < 2
                || classes.size() > MOST_CLASSES
                || taken.get(Split.TEST).isEmpty()) {
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
                height,
                width,
                images(Split.TRAIN, names),
                images(Split.TEST, names));
    }

    private ImageDataset.Images images(Split split, List<String> names) {
        List<Sample> samples = taken.get(split).stream().sorted(Sample.IN_ORDER).toList();
        int imageBytes = ImageFile.CHANNELS * height * width;
        byte[] pixels = new byte[samples.size() * imageBytes];
        int[] labels = new int[samples.size()];
        for (int i = 0; i < labels.length; i++) {
            Sample sample = samples.get(i);
            labels[i] = names.indexOf(sample.label());
            if (labels[i] < 0) {
                throw new SourceException("The topic " + spec.getPath() + " has test images of the class '"
                        + sample.label() + "', and none to train on; write some, or take a larger dataset.images.");
            }
            System.arraycopy(sample.pixels(), 0, pixels, i * imageBytes, imageBytes);
        }
        return new ImageDataset.Images(pixels, labels);
    }
}
