package dev.romestream.robustness.train;

import ai.djl.ndarray.NDArray;
import dev.romestream.robustness.tensor.Scalars;

/** Cross-entropy: {@code -log softmax(logits)[label]}. */
public final class CrossEntropy {
    private CrossEntropy() {}

    /**
     * {@code (N)}.
     *
     * @param logits {@code (N, classes)}
     * @param oneHot {@code (N, classes)}
     */
    public static NDArray perImage(NDArray logits, NDArray oneHot) {
        return logits.logSoftmax(1).mul(oneHot).sum(new int[] {1}).neg();
    }

    /** The mean over images. */
    public static NDArray mean(NDArray logits, NDArray oneHot) {
        return Scalars.div(perImage(logits, oneHot).sum(), logits.getShape().get(0));
    }
}
