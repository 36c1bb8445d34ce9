package dev.romestream.producer;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Changes of an image in five severities. Brightness, contrast, noise and blur have the parameters of CIFAR-10-C (Hendrycks and
 * Dietterich, "Benchmarking Neural Network Robustness to Common Corruptions and Perturbations", 2019); its benchmark has no rotation.
 */
@SuppressWarnings("ImmutableEnumChecker") // its list is of those that nobody changes
enum Corruption {
    /** Adds to the value of HSV, which is the largest of the colours. */
    BRIGHTNESS(.05, .1, .15, .2, .3) {
        @Override
        void change(Image image, double amount, SplittableRandom random) {
            int area = image.area();
            for (int at = 0; at < area; at++) {
                double value = 0;
                for (int channel = 0; channel < image.channels(); channel++) {
                    value = Math.max(value, image.values()[channel * area + at]);
                }
                double brighter = Math.min(1, value + amount);
                for (int channel = 0; channel < image.channels(); channel++) {
                    int place = channel * area + at;
                    // hue and saturation stay; what is black becomes grey
                    image.values()[place] = value == 0 ? brighter : image.values()[place] * brighter / value;
                }
            }
        }
    },
    /** Draws values to the mean of their channel. */
    CONTRAST(.75, .5, .4, .3, .15) {
        @Override
        void change(Image image, double amount, SplittableRandom random) {
            int area = image.area();
            for (int channel = 0; channel < image.channels(); channel++) {
                double mean = Arrays.stream(image.values(), channel * area, (channel + 1) * area)
                        .average()
                        .orElse(0);
                for (int place = channel * area; place < (channel + 1) * area; place++) {
                    image.values()[place] = mean + amount * (image.values()[place] - mean);
                }
            }
        }
    },
    /** Adds Gaussian noise of a standard deviation. */
    NOISE(.04, .06, .08, .09, .1) {
        @Override
        void change(Image image, double amount, SplittableRandom random) {
            for (int place = 0; place < image.values().length; place++) {
                image.values()[place] += amount * gaussian(random);
            }
        }
    },
    /** A Gaussian of a standard deviation in pixels, with what is beyond the edge as it is at the edge. */
    BLUR(.4, .6, .7, .8, 1.0) {
        @Override
        void change(Image image, double amount, SplittableRandom random) {
            int reach = (int) (4 * amount + 0.5);
            double[] kernel = new double[2 * reach + 1];
            for (int i = -reach; i <= reach; i++) {
                kernel[i + reach] = StrictMath.exp(-i * i / (2 * amount * amount));
            }
            double sum = Arrays.stream(kernel).sum();
            Arrays.setAll(kernel, i -> kernel[i] / sum);
            image.convolve(kernel, 0, 1);
            image.convolve(kernel, 1, 0);
        }
    },
    /** Turns by so many degrees about the centre, bilinearly, with what is beyond the edge as it is at the edge. */
    ROTATION(5.0, 10.0, 15.0, 20.0, 30.0) {
        @Override
        void change(Image image, double amount, SplittableRandom random) {
            image.turn(StrictMath.toRadians(random.nextBoolean() ? amount : -amount));
        }
    };

    /** Most severe. */
    static final int MOST = 5;

    private final List<Double> amounts;

    Corruption(Double... amounts) {
        this.amounts = List.of(amounts);
    }

    abstract void change(Image image, double amount, SplittableRandom random);

    /**
     * A changed image.
     *
     * @param pixels C * H * W bytes
     * @param severity 1 to {@value #MOST}; at 0 it stays as it is
     */
    byte[] apply(byte[] pixels, int channels, int height, int width, int severity, SplittableRandom random) {
        if (severity == 0) {
            return pixels.clone();
        }
        double[] values = new double[pixels.length];
        Arrays.setAll(values, i -> (pixels[i] & 0xff) / 255.0);
        change(new Image(values, channels, height, width), amounts.get(severity - 1), random);
        byte[] changed = new byte[pixels.length];
        for (int i = 0; i < changed.length; i++) {
            changed[i] = (byte) Math.round(255 * Math.max(0, Math.min(1, values[i])));
        }
        return changed;
    }

    /** By Box and Muller: the same on every Java. */
    private static double gaussian(SplittableRandom random) {
        double radius = StrictMath.sqrt(-2 * StrictMath.log(1 - random.nextDouble()));
        return radius * StrictMath.cos(2 * Math.PI * random.nextDouble());
    }

    /** @param values C * H * W, in [0,1] where they begin */
    record Image(double[] values, int channels, int height, int width) {
        int area() {
            return height * width;
        }

        private double at(double[] from, int channel, int row, int column) {
            int y = Math.max(0, Math.min(height - 1, row));
            int x = Math.max(0, Math.min(width - 1, column));
            return from[channel * area() + y * width + x];
        }

        private void convolve(double[] kernel, int down, int right) {
            double[] from = values.clone();
            int reach = kernel.length / 2;
            for (int place = 0; place < values.length; place++) {
                int row = place % area() / width;
                int column = place % width;
                double sum = 0;
                for (int i = -reach; i <= reach; i++) {
                    sum += kernel[i + reach] * at(from, place / area(), row + i * down, column + i * right);
                }
                values[place] = sum;
            }
        }

        private void turn(double angle) {
            double[] from = values.clone();
            double cos = StrictMath.cos(angle);
            double sin = StrictMath.sin(angle);
            double middleRow = (height - 1) / 2.0;
            double middleColumn = (width - 1) / 2.0;
            for (int place = 0; place < values.length; place++) {
                int channel = place / area();
                int line = place % area() / width;
                double y = line - middleRow;
                double x = place % width - middleColumn;
                double row = middleRow + cos * y - sin * x;
                double column = middleColumn + sin * y + cos * x;
                int top = (int) Math.floor(row);
                int left = (int) Math.floor(column);
                double below = row - top;
                double beside = column - left;
                values[place] = (1 - below)
                                * ((1 - beside) * at(from, channel, top, left)
                                        + beside * at(from, channel, top, left + 1))
                        + below
                                * ((1 - beside) * at(from, channel, top + 1, left)
                                        + beside * at(from, channel, top + 1, left + 1));
            }
        }
    }
}
