package dev.romestream.robustness.augment;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.SplittableRandom;

/**
 * Transformations that are linear in the pixels: each output pixel is a weighted sum of at most four input pixels, zero beyond
 * the border. Gathers make them differentiable.
 */
final class SpatialTransform implements ImageOperation {
    private static final int TAPS = 4;
    private static final double CROP_PADDING = 0.125;
    private static final double CUTOUT_SIZE = 0.5;
    private static final double SCALE_RATIO = 1.2;
    private static final double ROTATION_DEGREES = 15;

    private final Draw draw;

    /** Draws a transformation for images of this size. */
    @FunctionalInterface
    interface Draw {
        Mapping draw(int height, int width, SplittableRandom random);
    }

    /** Where the value of an output pixel comes from. */
    @FunctionalInterface
    interface Mapping {
        /** The source row and column of an output pixel; not a number where it is zero. */
        void source(int row, int column, double[] rowAndColumn);
    }

    SpatialTransform(Draw draw) {
        this.draw = draw;
    }

    /** Translation by up to an eighth in both directions. */
    static Mapping crop(int height, int width, SplittableRandom random) {
        int down = shift(height, random);
        int right = shift(width, random);
        return (row, column, source) -> {
            source[0] = row + down;
            source[1] = column + right;
        };
    }

    private static int shift(int size, SplittableRandom random) {
        int most = (int) (size * CROP_PADDING + 0.5);
        return random.nextInt(-most, most + 1);
    }

    /** A square of half the size, at any place, is zero. */
    static Mapping cutout(int height, int width, SplittableRandom random) {
        int rows = (int) (height * CUTOUT_SIZE + 0.5);
        int columns = (int) (width * CUTOUT_SIZE + 0.5);
        int top = random.nextInt(height + (1 - rows % 2)) - rows / 2;
        int left = random.nextInt(width + (1 - columns % 2)) - columns / 2;
        return (row, column, source) -> {
            boolean out = row >= top && row < top + rows && column >= left && column < left + columns;
            source[0] = out ? Double.NaN : row;
            source[1] = column;
        };
    }

    /** Left and right exchanged, with probability one half. */
    static Mapping flip(int height, int width, SplittableRandom random) {
        boolean flipped = random.nextDouble() < 0.5;
        return (row, column, source) -> {
            source[0] = row;
            source[1] = flipped ? width - 1 - column : column;
        };
    }

    /** Height and width scaled about the centre by ratios between 1/1.2 and 1.2. */
    static Mapping scale(int height, int width, SplittableRandom random) {
        double vertical = ratio(random);
        double horizontal = ratio(random);
        return about(height, width, vertical, 0, 0, horizontal);
    }

    private static double ratio(SplittableRandom random) {
        return random.nextDouble() * (SCALE_RATIO - 1 / SCALE_RATIO) + 1 / SCALE_RATIO;
    }

    /** Rotated about the centre by up to 15 degrees. */
    static Mapping rotate(int height, int width, SplittableRandom random) {
        double angle = Math.toRadians((random.nextDouble() - 0.5) * 2 * ROTATION_DEGREES);
        double cos = StrictMath.cos(angle);
        double sin = StrictMath.sin(angle);
        return about(height, width, cos, sin, -sin, cos);
    }

    private static Mapping about(int height, int width, double rr, double rc, double cr, double cc) {
        double middleRow = (height - 1) / 2.0;
        double middleColumn = (width - 1) / 2.0;
        return (row, column, source) -> {
            double y = row - middleRow;
            double x = column - middleColumn;
            source[0] = rr * y + rc * x + middleRow;
            source[1] = cr * y + cc * x + middleColumn;
        };
    }

    @Override
    public NDArray apply(NDArray images, int draws, SplittableRandom random) {
        Shape shape = images.getShape();
        int height = (int) shape.get(2);
        int width = (int) shape.get(3);
        int area = height * width;
        long[][] indices = new long[TAPS][draws * area];
        float[][] weights = new float[TAPS][draws * area];
        int taps = 1;
        for (int i = 0; i < draws; i++) {
            taps = Math.max(taps, fill(draw.draw(height, width, random), height, width, i * area, indices, weights));
        }
        NDManager manager = images.getManager();
        NDArray flat = images.reshape(shape.get(0), shape.get(1), area);
        Shape one = new Shape(draws, 1, area);
        Shape all = new Shape(shape.get(0), shape.get(1), area);
        NDArray sum = null;
        for (int tap = 0; tap < taps; tap++) {
            NDArray index = manager.create(indices[tap], one).broadcast(all);
            NDArray term = flat.gather(index, 2).mul(manager.create(weights[tap], one));
            sum = sum == null ? term : sum.add(term);
        }
        return sum.reshape(shape);
    }

    /** Fills in bilinear weights for one image; returns how many taps it needs. */
    private static int fill(Mapping mapping, int height, int width, int offset, long[][] indices, float[][] weights) {
        double[] source = new double[2];
        boolean exact = true;
        for (int row = 0; row < height; row++) {
            for (int column = 0; column < width; column++) {
                mapping.source(row, column, source);
                int at = offset + row * width + column;
                if (Double.isNaN(source[0])) {
                    continue;
                }
                int top = (int) Math.floor(source[0]);
                int left = (int) Math.floor(source[1]);
                double down = source[0] - top;
                double right = source[1] - left;
                exact &= down == 0 && right == 0;
                for (int tap = 0; tap < TAPS; tap++) {
                    int r = top + (tap >> 1);
                    int c = left + (tap & 1);
                    double weight = ((tap >> 1) == 0 ? 1 - down : down) * ((tap & 1) == 0 ? 1 - right : right);
                    if (r >= 0 && r < height && c >= 0 && c < width) {
                        indices[tap][at] = (long) r * width + c;
                        weights[tap][at] = (float) weight;
                    }
                }
            }
        }
        return exact ? 1 : TAPS;
    }
}
