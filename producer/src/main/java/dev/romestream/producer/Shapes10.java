package dev.romestream.producer;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * A generated data set: ten shapes of 32 x 32 pixels with nuisance in position, scale, rotation, colour, texture, background and
 * noise. No pixel tells the class, so a linear classifier fails where a small ConvNet does not. The same images everywhere: all
 * arithmetic is strict.
 */
final class Shapes10 {
    static final String NAME = "shapes10";
    private static final int SIZE = 32;
    private static final int CHANNELS = 3;
    private static final int TRAIN_PER_CLASS = 500;
    private static final int TEST_PER_CLASS = 100;
    private static final int SAMPLES = 3;
    private static final long SEED = 0x5348415045533130L;
    private static final double CONTRAST = 0.35;
    private static final double NOISE = 0.10;

    private Shapes10() {}

    /** Whether a point is in a shape of unit size about the origin; y grows downwards. */
    @FunctionalInterface
    private interface Region {
        boolean contains(double x, double y);
    }

    private record Shape(String name, Region region) {}

    private static final List<Shape> SHAPES = List.of(
            new Shape("disc", (x, y) -> x * x + y * y < 0.8),
            new Shape("ring", (x, y) -> x * x + y * y < 1 && x * x + y * y > 0.36),
            new Shape("square", (x, y) -> Math.max(Math.abs(x), Math.abs(y)) < 0.8),
            new Shape("frame", (x, y) -> {
                double edge = Math.max(Math.abs(x), Math.abs(y));
                return edge < 0.9 && edge > 0.5;
            }),
            new Shape("triangle", (x, y) -> y < 0.75 && y > -0.95 && Math.abs(x) < (y + 0.95) * 0.58),
            new Shape(
                    "plus",
                    (x, y) -> Math.max(Math.abs(x), Math.abs(y)) < 1 && Math.min(Math.abs(x), Math.abs(y)) < 0.3),
            new Shape("star", (x, y) -> {
                double angle = StrictMath.atan2(x, -y) / (2 * Math.PI / 5);
                double within = Math.abs(angle - Math.rint(angle)) * 2;
                return StrictMath.sqrt(x * x + y * y) < 1.05 - 0.65 * within;
            }),
            new Shape("crescent", (x, y) -> x * x + y * y < 1 && (x - 0.45) * (x - 0.45) + y * y > 0.64),
            new Shape("bars", (x, y) -> Math.abs(x) < 0.95 && Math.abs(y) < 0.9 && Math.abs(y) > 0.35),
            new Shape("hourglass", (x, y) -> Math.abs(y) < 0.95 && Math.abs(x) < 0.12 + 0.75 * Math.abs(y)));

    /** No shape reaches further from its centre, in units of its radius. */
    private static final double EXTENT = 1.4;

    static ImageDataset generate() {
        SplittableRandom root = new SplittableRandom(SEED);
        ImageDataset.Images train = images(root.split(), TRAIN_PER_CLASS);
        ImageDataset.Images test = images(root.split(), TEST_PER_CLASS);
        List<String> names = SHAPES.stream().map(Shape::name).toList();
        return ImageDataset.measured(NAME, names, CHANNELS, SIZE, SIZE, train, test);
    }

    private static ImageDataset.Images images(SplittableRandom random, int perClass) {
        int count = perClass * SHAPES.size();
        byte[] pixels = new byte[count * CHANNELS * SIZE * SIZE];
        int[] labels = new int[count];
        SplittableRandom[] own = new SplittableRandom[count];
        Arrays.setAll(own, i -> random.split());
        Arrays.setAll(labels, i -> i % SHAPES.size());
        IntStream.range(0, count)
                .parallel()
                .forEach(i -> draw(SHAPES.get(labels[i]).region(), own[i], pixels, i * CHANNELS * SIZE * SIZE));
        return new ImageDataset.Images(pixels, labels);
    }

    static int classes() {
        return SHAPES.size();
    }

    /** One more image of a class, as those of the data set are drawn: C * H * W bytes. */
    static byte[] image(int label, SplittableRandom random) {
        byte[] pixels = new byte[CHANNELS * SIZE * SIZE];
        draw(SHAPES.get(label).region(), random, pixels, 0);
        return pixels;
    }

    private static void draw(Region region, SplittableRandom random, byte[] pixels, int offset) {
        double radius = between(random, 6.5, 11.5);
        double reach = EXTENT * radius + 1;
        double centreX = SIZE / 2.0 + between(random, -5, 5);
        double centreY = SIZE / 2.0 + between(random, -5, 5);
        double angle = between(random, -0.3, 0.3);
        double cos = StrictMath.cos(angle) / radius;
        double sin = StrictMath.sin(angle) / radius;
        double[][] colours = contrasting(random);
        double foregroundTexture = texturePhase(random);
        double backgroundTexture = texturePhase(random);
        double tiltX = between(random, -0.012, 0.012);
        double tiltY = between(random, -0.012, 0.012);
        for (int row = 0; row < SIZE; row++) {
            for (int column = 0; column < SIZE; column++) {
                double fromX = column + 0.5 - centreX;
                double fromY = row + 0.5 - centreY;
                double cover = 0;
                if (fromX * fromX + fromY * fromY < reach * reach) {
                    for (int sample = 0; sample < SAMPLES * SAMPLES; sample++) {
                        double x = column + (sample % SAMPLES + 0.5) / SAMPLES - centreX;
                        int line = sample / SAMPLES;
                        double y = row + (line + 0.5) / SAMPLES - centreY;
                        cover += region.contains(cos * x + sin * y, cos * y - sin * x) ? 1 : 0;
                    }
                }
                cover /= SAMPLES * SAMPLES;
                double shade = tiltX * (column - SIZE / 2.0) + tiltY * (row - SIZE / 2.0);
                double fore = texture(foregroundTexture, row, column);
                double back = texture(backgroundTexture, row, column) + shade;
                for (int channel = 0; channel < CHANNELS; channel++) {
                    double value = cover * (colours[0][channel] + fore)
                            + (1 - cover) * (colours[1][channel] + back)
                            + NOISE * (random.nextDouble() + random.nextDouble() - 1);
                    pixels[offset + (channel * SIZE + row) * SIZE + column] =
                            (byte) Math.round(255 * Math.max(0, Math.min(1, value)));
                }
            }
        }
    }

    private static double between(SplittableRandom random, double low, double high) {
        return low + (high - low) * random.nextDouble();
    }

    /** Foreground and background, far enough apart in colour. */
    private static double[][] contrasting(SplittableRandom random) {
        while (true) {
            double[][] colours = new double[2][CHANNELS];
            double distance = 0;
            for (int channel = 0; channel < CHANNELS; channel++) {
                colours[0][channel] = between(random, 0.1, 0.9);
                colours[1][channel] = between(random, 0.1, 0.9);
                double difference = colours[0][channel] - colours[1][channel];
                distance += difference * difference;
            }
            if (StrictMath.sqrt(distance) > CONTRAST) {
                return colours;
            }
        }
    }

    /** Kind of a texture in the integer part (0 none, 1 stripes, 2 checks, 3 diagonal), its period in the fraction. */
    private static double texturePhase(SplittableRandom random) {
        return random.nextInt(4) + random.nextDouble() * 0.999;
    }

    private static double texture(double phase, int row, int column) {
        int kind = (int) phase;
        int period = 2 + (int) ((phase - kind) * 3);
        int band =
                switch (kind) {
                    case 1 -> column / period;
                    case 2 -> column / period + row / period;
                    case 3 -> (column + row) / period;
                    default -> 0;
                };
        return kind == 0 ? 0 : band % 2 == 0 ? 0.07 : -0.07;
    }
}
