package dev.romestream.robustness.distill;

import dev.romestream.robustness.network.ImageShape;
import dev.romestream.robustness.tensor.Seed;

/**
 * The usual augmentation of natural images: half of them mirrored, each shifted by up to an eighth of its height and width, with
 * black where nothing was.
 */
final class FlipAndShift {
    private static final int PART = 8;
    private static final int DRAWS = 3;

    private FlipAndShift() {}

    /**
     * Other images of the same number.
     *
     * @param images N * C * H * W bytes
     */
    static byte[] of(byte[] images, ImageShape shape, Seed seed) {
        int count = images.length / shape.size();
        float[] draws = seed.uniform(DRAWS * count, 0, 1);
        byte[] changed = new byte[images.length];
        for (int image = 0; image < count; image++) {
            boolean flip = draws[DRAWS * image] < 0.5;
            int down = shift(draws[DRAWS * image + 1], shape.height() / PART);
            int right = shift(draws[DRAWS * image + 2], shape.width() / PART);
            for (int channel = 0; channel < shape.channels(); channel++) {
                int plane = (image * shape.channels() + channel) * shape.height() * shape.width();
                copy(images, changed, plane, shape, flip, down, right);
            }
        }
        return changed;
    }

    /** Each of the 2 most + 1 shifts is as likely as any other. */
    private static int shift(float draw, int most) {
        return Math.min(2 * most, (int) (draw * (2 * most + 1))) - most;
    }

    private static void copy(byte[] from, byte[] to, int plane, ImageShape shape, boolean flip, int down, int right) {
        int width = shape.width();
        for (int y = Math.max(0, down); y < Math.min(shape.height(), shape.height() + down); y++) {
            for (int x = Math.max(0, right); x < Math.min(width, width + right); x++) {
                int column = flip ? width - 1 - (x - right) : x - right;
                to[plane + y * width + x] = from[plane + (y - down) * width + column];
            }
        }
    }
}
