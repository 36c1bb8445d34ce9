package dev.romestream.robustness.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dev.romestream.robustness.tensor.Scalars;
import dev.romestream.robustness.tensor.Tensors;

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

    /** The mean over images that are all of one class. */
    public static NDArray mean(NDArray logits, int label) {
        Shape shape = logits.getShape();
        int classes = Math.toIntExact(shape.get(1));
        return mean(logits, Tensors.oneHot(logits.getManager(), label, shape.get(0), classes));
    }

    /** The mean over images. */
    public static NDArray mean(NDArray logits, NDArray targets) {
        return Scalars.div(perImage(logits, targets).sum(), logits.getShape().get(0));
    }
}
