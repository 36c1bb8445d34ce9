package dev.romestream.robustness.attack;

import ai.djl.ndarray.NDArray;
import dev.romestream.robustness.tensor.Scalars;
import dev.romestream.robustness.tensor.Tensors;
import dev.romestream.robustness.train.CrossEntropy;

/** What an attack raises, image by image. */
@FunctionalInterface
interface Loss {
    /** {@code (N)}, of logits {@code (N, classes)} and the label, and perhaps the target, of each row. */
    NDArray perImage(NDArray logits, int[] labels, int[] targets);

    /** Cross-entropy with the label. */
    Loss CROSS_ENTROPY = (logits, labels, targets) -> CrossEntropy.perImage(logits, oneHot(logits, labels));

    /** Minus the cross-entropy with the target. */
    Loss TARGET_CROSS_ENTROPY = (logits, labels, targets) ->
            CrossEntropy.perImage(logits, oneHot(logits, targets)).neg();

    /** Difference of logits ratio (Croce and Hein 2020): minus the margin over the distance of the largest and the third largest logit. */
    Loss DLR = (logits, labels, targets) -> {
        NDArray sorted = logits.sort(1);
        NDArray spread = rank(sorted, 1).sub(rank(sorted, 3)).add(1e-12f);
        return Loss.margin(logits, labels).neg().div(spread);
    };

    /** Targeted difference of logits ratio. */
    Loss TARGET_DLR = (logits, labels, targets) -> {
        NDArray sorted = logits.sort(1);
        NDArray spread = rank(sorted, 1)
                .sub(Scalars.mul(rank(sorted, 3).add(rank(sorted, 4)), 0.5f))
                .add(1e-12f);
        return at(logits, targets).sub(at(logits, labels)).div(spread);
    };

    /** The label's logit minus the largest other one: negative where the image is classified wrongly. */
    static NDArray margin(NDArray logits, int[] labels) {
        NDArray own = oneHot(logits, labels);
        NDArray others = logits.sub(Scalars.mul(own, 1e9f));
        return logits.mul(own).sum(new int[] {1}).sub(others.max(new int[] {1}));
    }

    /** {@link #margin} of logits of which those below 0 count as 0. */
    static NDArray flooredMargin(NDArray logits, int[] labels) {
        return margin(Scalars.maximum(logits, 0f), labels);
    }

    /** {@code max(sign * margin, -kappa)}. */
    static NDArray hinge(NDArray margin, int sign, double kappa) {
        return Scalars.maximum(Scalars.mul(margin, sign), (float) -kappa);
    }

    private static NDArray oneHot(NDArray logits, int[] labels) {
        return Tensors.oneHot(
                logits.getManager(), labels, Math.toIntExact(logits.getShape().get(1)));
    }

    /** The logits of the labels. */
    static NDArray at(NDArray logits, int[] labels) {
        return logits.mul(oneHot(logits, labels)).sum(new int[] {1});
    }

    /** The largest (1), second largest (2), ... of ascending rows; the smallest where there are fewer. */
    private static NDArray rank(NDArray sorted, int rank) {
        long column = Math.max(0, sorted.getShape().get(1) - rank);
        return sorted.get(":," + column);
    }
}
