package dev.romestream.robustness.network;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import dev.romestream.robustness.tensor.Autograd;
import dev.romestream.robustness.tensor.Seed;
import java.util.function.UnaryOperator;

/**
 * What a few random images show of a network that somebody brings, before it is attacked.
 *
 * @param batchDependent whether an image's logits depend on what else is in the batch, as with batch norm in training mode
 * @param softmaxOutput whether the answers are probabilities, whose gradients vanish, rather than logits
 * @param gradientMismatch whether the logits move otherwise than their gradient says: there is a path that is detached,
 *     quantised or optimised within the network
 */
public record NetworkProbe(boolean batchDependent, boolean softmaxOutput, boolean gradientMismatch) {
    private static final int IMAGES = 8;
    /** Of logits of order one. */
    private static final double ROUNDING = 1e-3;
    /** Most that a value of an image, which is of order one, is moved. */
    private static final double STEP = 0.01;

    private static final int DIRECTIONS = 4;
    /** Of all differences, relative to the slopes; curvature stays far below. */
    private static final double MISMATCH = 0.25;
    /** Of float32 arithmetic in some layers, relative to the largest value. */
    private static final double FLOAT_NOISE = 2e-6;

    /**
     * Looks at a network of normalised images.
     *
     * @throws IllegalArgumentException where it has no finite answer for every image
     */
    public static NetworkProbe of(NDManager manager, Classifier network, ImageShape shape, Seed seed) {
        try (NDManager scope = manager.newSubManager()) {
            float[] pixels = seed.uniform(IMAGES * shape.size(), -2, 2);
            NDArray images = scope.create(pixels, shape.batch(IMAGES));
            float[] together = finite(network.logits(images));
            return new NetworkProbe(
                    dependsOnBatch(network, images, together),
                    areProbabilities(together, network.classes()),
                    mismatches(network, images));
        }
    }

    private static float[] finite(NDArray logits) {
        float[] values = logits.toFloatArray();
        for (float value : values) {
            if (!Float.isFinite(value)) {
                throw new IllegalArgumentException(
                        "The network answers images of ordinary values with " + value + "; its weights are of no use.");
            }
        }
        return values;
    }

    private static boolean dependsOnBatch(Classifier network, NDArray images, float[] together) {
        int classes = network.classes();
        for (int image = 0; image < IMAGES; image++) {
            float[] alone = finite(network.logits(images.get(new NDIndex("{}:{}", image, image + 1))));
            for (int i = 0; i < classes; i++) {
                float of = together[image * classes + i];
                if (Math.abs(of - alone[i]) > ROUNDING * Math.max(1, Math.abs(of))) {
                    return true;
                }
            }
        }
        return false;
    }

    private static boolean areProbabilities(float[] answers, int classes) {
        for (int image = 0; image < IMAGES; image++) {
            double sum = 0;
            for (int i = 0; i < classes; i++) {
                float answer = answers[image * classes + i];
                if (answer < 0) {
                    return false;
                }
                sum += answer;
            }
            if (Math.abs(sum - 1) > ROUNDING) {
                return false;
            }
        }
        return true;
    }

    /** Compares slopes in random directions with central differences. */
    private static boolean mismatches(Classifier network, NDArray images) {
        int[] columns = {1};
        Seed seed = new Seed(1);
        NDManager manager = images.getManager();
        NDArray weights =
                manager.create(seed.uniform(IMAGES * network.classes(), -1, 1)).reshape(IMAGES, network.classes());
        UnaryOperator<NDArray> score =
                batch -> network.logits(batch).mul(weights).sum(columns);
        NDArray gradient = Autograd.gradient(images, leaf -> score.apply(leaf).sum());
        double differences = 0;
        double slopes = 0;
        double largest = 0;
        for (int direction = 0; direction < DIRECTIONS; direction++) {
            NDArray step =
                    manager.create(seed.with(direction).uniform((int) images.size(), -STEP, STEP), images.getShape());
            float[] predicted =
                    gradient.mul(step).reshape(IMAGES, -1).sum(columns).toFloatArray();
            float[] ahead = score.apply(images.add(step)).toFloatArray();
            float[] behind = score.apply(images.sub(step)).toFloatArray();
            for (int image = 0; image < IMAGES; image++) {
                double measured = (ahead[image] - behind[image]) / 2;
                differences += (measured - predicted[image]) * (measured - predicted[image]);
                slopes += predicted[image] * predicted[image];
                largest = Math.max(largest, Math.abs(ahead[image]));
            }
        }
        double noise = FLOAT_NOISE * largest * Math.sqrt(DIRECTIONS * IMAGES);
        return Math.sqrt(differences) > MISMATCH * Math.sqrt(slopes) + noise;
    }
}
