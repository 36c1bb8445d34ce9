package dev.romestream.robustness.distill;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.romestream.robustness.network.LabelledImages;
import dev.romestream.robustness.network.NeuralNetwork;
import dev.romestream.robustness.network.Normalization;
import java.util.Arrays;

/** Choosing real images of a class by what a trained network makes of them; ties go to the earlier image. */
public enum Coreset {
    /** Each next image brings the mean of those chosen nearest to the mean of the class (Welling 2009). */
    HERDING {
        @Override
        public int[] choose(float[][] features, int count) {
            double[] mean = mean(features);
            double[] chosen = new double[mean.length];
            int[] order = new int[count];
            boolean[] taken = new boolean[features.length];
            for (int i = 0; i < count; i++) {
                double[] wanted = new double[mean.length];
                for (int d = 0; d < wanted.length; d++) {
                    wanted[d] = (i + 1) * mean[d] - chosen[d];
                }
                double[] distances = distances(features, wanted);
                int best = -1;
                for (int j = 0; j < distances.length; j++) {
                    if (!taken[j] && (best < 0 || distances[j] < distances[best])) {
                        best = j;
                    }
                }
                taken[best] = true;
                order[i] = best;
                for (int d = 0; d < chosen.length; d++) {
                    chosen[d] += features[best][d];
                }
            }
            return order;
        }
    },
    /** The image nearest to the mean of the class; then each next one is farthest from those chosen (Sener and Savarese 2018). */
    K_CENTER {
        @Override
        public int[] choose(float[][] features, int count) {
            int[] order = new int[count];
            double[] fromMean = distances(features, mean(features));
            for (int j = 0; j < fromMean.length; j++) {
                order[0] = fromMean[j] < fromMean[order[0]] ? j : order[0];
            }
            double[] nearest = new double[features.length];
            Arrays.fill(nearest, Double.POSITIVE_INFINITY);
            for (int i = 0; i + 1 < count; i++) {
                double[] distances = distances(features, doubles(features[order[i]]));
                int farthest = 0;
                for (int j = 0; j < nearest.length; j++) {
                    nearest[j] = j == order[i] ? -1 : Math.min(nearest[j], distances[j]);
                    farthest = nearest[j] > nearest[farthest] ? j : farthest;
                }
                order[i + 1] = farthest;
            }
            return order;
        }
    };

    private static final int BATCH = 256;

    /**
     * Positions of the chosen images, in the order in which they were chosen.
     *
     * @param features of each image
     * @param count at most the number of images
     */
    public abstract int[] choose(float[][] features, int count);

    /** The embeddings of a class's real images. */
    public static float[][] features(
            NDManager manager, NeuralNetwork network, LabelledImages images, int label, Normalization normalization) {
        float[][] features = new float[images.size(label)][];
        for (int from = 0; from < features.length; from += BATCH) {
            int[] ids = new int[Math.min(BATCH, features.length - from)];
            for (int i = 0; i < ids.length; i++) {
                ids[i] = images.id(label, from + i);
            }
            try (NDManager scope = manager.newSubManager()) {
                NDArray made = network.features(normalization.normalise(images.pixels(scope, ids)));
                float[] values = made.toFloatArray();
                int size = values.length / ids.length;
                for (int i = 0; i < ids.length; i++) {
                    features[from + i] = Arrays.copyOfRange(values, i * size, (i + 1) * size);
                }
            }
        }
        return features;
    }

    private static double[] mean(float[][] features) {
        double[] mean = new double[features[0].length];
        for (float[] row : features) {
            for (int d = 0; d < mean.length; d++) {
                mean[d] += row[d] / (double) features.length;
            }
        }
        return mean;
    }

    /** Squared distances of every image from a point. */
    private static double[] distances(float[][] features, double[] point) {
        double[] distances = new double[features.length];
        for (int j = 0; j < distances.length; j++) {
            for (int d = 0; d < point.length; d++) {
                double difference = features[j][d] - point[d];
                distances[j] += difference * difference;
            }
        }
        return distances;
    }

    private static double[] doubles(float[] values) {
        double[] doubles = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            doubles[i] = values[i];
        }
        return doubles;
    }
}
