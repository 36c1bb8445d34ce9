package dev.romestream.robustness.distill;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.romestream.robustness.network.NeuralNetwork;
import java.util.List;

/**
 * The sum of some images' embeddings. Parts are added in their order, wherever each was made, so that the mean is the same.
 *
 * @param values {@code (features)}
 * @param count images summed
 */
public record EmbeddingSum(float[] values, int count) {
    /** @param images {@code (N, C, H, W)}, normalised */
    public static EmbeddingSum of(NeuralNetwork network, NDArray images) {
        try (NDManager scope = images.getManager().newSubManager()) {
            NDArray features = network.features(images);
            NDArray sum = features.sum(new int[] {0});
            features.attach(scope);
            sum.attach(scope);
            return new EmbeddingSum(
                    sum.toFloatArray(), Math.toIntExact(images.getShape().get(0)));
        }
    }

    /** The mean of all images of these parts, {@code (features)}, in {@code manager}. */
    public static NDArray mean(NDManager manager, List<EmbeddingSum> parts) {
        float[] sum = parts.get(0).values().clone();
        int count = parts.get(0).count();
        for (EmbeddingSum part : parts.subList(1, parts.size())) {
            for (int i = 0; i < sum.length; i++) {
                sum[i] += part.values()[i];
            }
            count += part.count();
        }
        for (int i = 0; i < sum.length; i++) {
            sum[i] /= count;
        }
        return manager.create(sum, new Shape(sum.length));
    }
}
