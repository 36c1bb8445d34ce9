package dev.romestream.producer;

import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.schemas.Split;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;

/**
 * The records of a topic that users fill: the value is an image file, the key its class, where images have labels, and the header
 * {@code split}, which it need not have, {@code train} or {@code test}. All images are of the size of the first one.
 */
final class ImageRecords {
    private static final String MARK = "mark";
    private static final int MOST_MARK = 100;
    private static final int LONGEST_KEY = 1000;
    /** Stands for bytes that are no UTF-8. */
    private static final char NO_CHARACTER = '\ufffd';

    private final Integer resize;
    /** The first image, whose size all others have. */
    private String first;

    private int height;
    private int width;

    /** @param resize side of the square that each image is scaled and cropped to; null for none */
    ImageRecords(Integer resize) {
        this.resize = resize;
    }

    /** Images of a size that is known already. */
    ImageRecords(Integer resize, int height, int width) {
        this(resize);
        this.first = "The stream";
        this.height = height;
        this.width = width;
    }

    /** Refuses what is no image of a topic whose images have no labels. */
    static void requireImage(ConsumerRecord<String, byte[]> record) {
        if (record.value() == null) {
            throw new SourceException(origin(record) + " has no image; needed is an image file as value.");
        }
    }

    /**
     * What stands beside an image.
     *
     * @param split empty where it is not said
     */
    record Head(String label, Optional<Split> split) {}

    /** @throws SourceException where the record is none of an image */
    Head head(ConsumerRecord<String, byte[]> record) {
        String origin = origin(record);
        if (record.key() == null || record.key().isBlank() || record.value() == null) {
            throw new SourceException(origin + " has no " + (record.value() == null ? "image" : "key")
                    + "; needed are the class as key and an image file as value.");
        }
        return new Head(record.key(), split(record, origin));
    }

    /**
     * 3 * H * W bytes, row-major, channel by channel.
     *
     * @throws SourceException where the value is no image, or one of another size
     */
    byte[] pixels(ConsumerRecord<String, byte[]> record) {
        String origin = origin(record);
        ImageFile read = ImageFile.read(origin, record.value());
        ImageFile image = resize == null ? read : ImageFiles.resized(origin, read, resize);
        if (first == null) {
            first = origin;
            height = image.height();
            width = image.width();
        }
        if (image.height() != height || image.width() != width) {
            throw new SourceException(first + " is " + width + " x " + height + " pixels and " + origin + " is "
                    + image.width() + " x " + image.height() + "; write images of one size, or give dataset.resize.");
        }
        return image.pixels();
    }

    /** A generator that depends on the record's place alone. */
    static SplittableRandom random(ConsumerRecord<?, ?> record) {
        return new SplittableRandom(((long) record.partition() << 48) ^ record.offset());
    }

    int height() {
        return height;
    }

    int width() {
        return width;
    }

    /**
     * Settings of a consumer of raw records that belongs to no group.
     *
     * @param reset as {@code auto.offset.reset}
     */
    static Map<String, Object> settings(RomeConfig config, String reset) {
        Map<String, Object> settings = config.consumer();
        settings.remove("value.deserializer");
        settings.remove("group.id");
        settings.put("enable.auto.commit", false);
        settings.put("allow.auto.create.topics", false);
        settings.put("auto.offset.reset", reset);
        settings.put("isolation.level", "read_committed");
        return settings;
    }

    /** What a record says has changed with it, in its header {@value #MARK}. */
    static Optional<String> mark(ConsumerRecord<?, ?> record) {
        return header(record, MARK).map(mark -> mark.substring(0, Math.min(MOST_MARK, mark.length())));
    }

    private static Optional<String> header(ConsumerRecord<?, ?> record, String name) {
        return Optional.ofNullable(record.headers().lastHeader(name))
                .map(Header::value)
                .map(value -> new String(value, StandardCharsets.UTF_8));
    }

    /**
     * Of images whose labels come later, and of these.
     *
     * @throws SourceException where the key cannot tell an image from others
     */
    static void requireKey(ConsumerRecord<String, ?> record) {
        String key = record.key();
        if (key == null || key.isBlank() || key.length() > LONGEST_KEY || key.indexOf(NO_CHARACTER) >= 0) {
            throw new SourceException(origin(record) + " has "
                    + (key == null || key.isBlank() ? "no key" : "a key that is too long, or no UTF-8 text")
                    + "; where labels come later (dataset.window.labelTopic), each image needs a key of its own: text of at most "
                    + LONGEST_KEY + " characters.");
        }
    }

    /** Where a record stands, in words. */
    static String origin(ConsumerRecord<?, ?> record) {
        return record.topic() + " partition " + record.partition() + " offset " + record.offset();
    }

    private static Optional<Split> split(ConsumerRecord<?, ?> record, String origin) {
        return header(record, "split").map(name -> Arrays.stream(Split.values())
                .filter(split -> split.name().toLowerCase(Locale.ROOT).equals(name))
                .findFirst()
                .orElseThrow(() -> new SourceException(
                        origin + " has the header split '" + name + "'; allowed are train and test.")));
    }
}
