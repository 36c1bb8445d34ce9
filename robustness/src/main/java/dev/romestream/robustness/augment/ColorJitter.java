package dev.romestream.robustness.augment;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import java.util.SplittableRandom;

/** Brightness (ratio 1.0), saturation (2.0) and contrast (0.5), one after the other, as in DSA. */
final class ColorJitter implements ImageOperation {
    private static final double BRIGHTNESS = 1.0;
    private static final double SATURATION = 2.0;
    private static final double CONTRAST = 0.5;

    @Override
    public NDArray apply(NDArray images, int draws, SplittableRandom random) {
        Shape shape = images.getShape();
        NDArray x = images.add(factors(images, draws, random, BRIGHTNESS, -0.5 * BRIGHTNESS));
        NDArray grey = x.mean(new int[] {1}, true);
        x = x.sub(grey).mul(factors(images, draws, random, SATURATION, 0)).add(grey);
        NDArray level = x.reshape(shape.get(0), -1).mean(new int[] {1}).reshape(shape.get(0), 1, 1, 1);
        return x.sub(level).mul(factors(images, draws, random, 1, CONTRAST)).add(level);
    }

    /** {@code (draws, 1, 1, 1)} uniform between {@code offset} and {@code offset + range}. */
    private static NDArray factors(NDArray images, int draws, SplittableRandom random, double range, double offset) {
        float[] values = new float[draws];
        for (int i = 0; i < draws; i++) {
            values[i] = (float) (random.nextDouble() * range + offset);
        }
        return images.getManager().create(values, new Shape(draws, 1, 1, 1));
    }
}
