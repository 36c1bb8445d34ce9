package dev.romestream.producer;

import dev.romestream.experiments.DatasetIds;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.schemas.DatasetSpec;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;

/**
 * Images of a data set one after another, without an end: {@value Shapes10#NAME} draws each anew, of others the test images come in an
 * order of their own each time round. An image is determined by the seed and its number alone.
 */
public final class ImageStream {
    private static final long GOLDEN = 0x9E3779B97F4A7C15L;

    private final ImageDataset dataset;
    private final boolean fresh;
    private final long seed;
    private final List<Drift> drifts;
    private int[] order = {};
    private long orderOf = -1;

    /**
     * An image on its way.
     *
     * @param label name of the class
     * @param number of the class
     * @param png the file
     */
    public record Image(String label, int number, byte[] png) {}

    private record Pixels(int label, byte[] values) {}

    private ImageStream(ImageDataset dataset, boolean fresh, long seed, List<Drift> drifts) {
        this.dataset = dataset;
        this.fresh = fresh;
        this.seed = seed;
        this.drifts = drifts.stream().sorted(Comparator.comparing(Drift::from)).toList();
    }

    /**
     * Reads the data set.
     *
     * @param config with the data directory
     * @param tell is told what takes long
     * @throws SourceException where it cannot be read
     */
    public static ImageStream of(
            RomeConfig config, DatasetSpec spec, long seed, List<Drift> drifts, Consumer<String> tell) {
        if (spec.getName().equals(DatasetIds.TOPIC)) {
            throw new SourceException("A stream is filled from files or from shapes10, not from another topic.");
        }
        return new ImageStream(
                new Sources(config, () -> false).load(spec, tell),
                spec.getName().equals(Shapes10.NAME),
                seed,
                drifts);
    }

    /** The changes that an image is under, in words; empty where there are none. */
    public String driftAt(long number) {
        StringBuilder words = new StringBuilder();
        holding(number).values().stream()
                .filter(drift -> drift.severity() > 0)
                .forEach(drift -> words.append(words.isEmpty() ? "" : ", ").append(drift));
        return words.toString();
    }

    /** Of each kind the last that has begun. */
    private Map<String, Drift> holding(long number) {
        Map<String, Drift> holding = new LinkedHashMap<>();
        drifts.stream().filter(drift -> drift.from() <= number).forEach(drift -> holding.put(drift.kind(), drift));
        return holding;
    }

    private SplittableRandom random(long number, int purpose) {
        return new SplittableRandom((seed * GOLDEN + number) * GOLDEN + purpose);
    }

    /** The image of a number. */
    public Image image(long number) {
        Map<String, Drift> holding = holding(number);
        Pixels drawn = mixed(number, holding);
        byte[] pixels = drawn.values();
        for (Drift drift : holding.values()) {
            if (drift.corruption().isPresent()) {
                Corruption corruption = drift.corruption().get();
                pixels = corruption.apply(
                        pixels,
                        dataset.channels(),
                        dataset.height(),
                        dataset.width(),
                        drift.severity(),
                        random(number, corruption.name().hashCode()));
            }
        }
        return new Image(dataset.classes().get(drawn.label()), drawn.label(), png(pixels));
    }

    /** The image as it is drawn or, where classes have drifted and it is of the second half, perhaps another in its place. */
    private Pixels mixed(long number, Map<String, Drift> holding) {
        SplittableRandom random = random(number, 1);
        Pixels drawn = drawn(number, random);
        int half = (dataset.classes().size() + 1) / 2;
        int severity = holding.values().stream()
                .filter(drift -> drift.corruption().isEmpty())
                .mapToInt(Drift::severity)
                .sum();
        if (drawn.label() < half || random.nextDouble() >= (double) severity / Corruption.MOST) {
            return drawn;
        }
        Pixels other = drawn;
        while (other.label() >= half) {
            other = fresh ? shape(random) : kept(random.nextInt(dataset.test().count()));
        }
        return other;
    }

    private Pixels drawn(long number, SplittableRandom random) {
        if (fresh) {
            return shape(random);
        }
        int count = dataset.test().count();
        return kept(order(number / count, count)[(int) (number % count)]);
    }

    /** The test images in the order of a time round. */
    private int[] order(long round, int count) {
        if (round != orderOf) {
            SplittableRandom random = random(round, 0);
            order = IntStream.range(0, count).toArray();
            for (int last = count - 1; last > 0; last--) {
                int other = random.nextInt(last + 1);
                int image = order[last];
                order[last] = order[other];
                order[other] = image;
            }
            orderOf = round;
        }
        return order;
    }

    private static Pixels shape(SplittableRandom random) {
        int label = random.nextInt(Shapes10.classes());
        return new Pixels(label, Shapes10.image(label, random.split()));
    }

    private Pixels kept(int image) {
        int size = dataset.channels() * dataset.height() * dataset.width();
        byte[] pixels = new byte[size];
        System.arraycopy(dataset.test().pixels(), image * size, pixels, 0, size);
        return new Pixels(dataset.test().labels()[image], pixels);
    }

    private byte[] png(byte[] pixels) {
        int area = dataset.height() * dataset.width();
        BufferedImage image = new BufferedImage(dataset.width(), dataset.height(), BufferedImage.TYPE_INT_RGB);
        for (int at = 0; at < area; at++) {
            int colour = 0;
            for (int channel = 0; channel < ImageFile.CHANNELS; channel++) {
                colour = (colour << 8) | (pixels[Math.min(channel, dataset.channels() - 1) * area + at] & 0xff);
            }
            image.setRGB(at % dataset.width(), at / dataset.width(), colour);
        }
        ByteArrayOutputStream png = new ByteArrayOutputStream();
        try {
            ImageIO.write(image, "png", png);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return png.toByteArray();
    }
}
