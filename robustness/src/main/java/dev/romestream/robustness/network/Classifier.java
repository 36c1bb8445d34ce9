package dev.romestream.robustness.network;

import ai.djl.ndarray.NDArray;
import dev.romestream.robustness.tensor.Tensors;

/** What an attack needs of a network: images in its space to logits, differentiably. */
public interface Classifier {
    int classes();

    /** {@code (N, C, H, W)} to {@code (N, classes)}. */
    NDArray logits(NDArray images);

    /** The predicted classes of {@code (N, C, H, W)}. */
    default int[] predict(NDArray images) {
        return Tensors.argMax(logits(images));
    }
}
