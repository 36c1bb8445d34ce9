package dev.romestream.robustness.train;

import ai.djl.ndarray.NDArray;
import dev.romestream.robustness.tensor.Scalars;

/** Cross-entropy: {@code -sum over classes of target * log softmax(logits)}. */
public final class CrossEntropy {
    private CrossEntropy() {}

    /**
     * {@code (N)}.
     *
     * @param logits {@code (N, classes)}
     * @param targets {@code (N, classes)}: a one at the label, or the probability of each class
     */
    public static NDArray perImage(NDArray logits, NDArray targets) {
        return logits.logSoftmax(1).mul(targets).sum(new int[] {1}).neg();
    }

    /** The mean over images. */
    public static NDArray mean(NDArray logits, NDArray targets) {
        return Scalars.div(perImage(logits, targets).sum(), logits.getShape().get(0));
    }
}
