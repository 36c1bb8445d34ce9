package dev.romestream.robustness.distill;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import dev.romestream.robustness.tensor.Scalars;

/**
 * ROME's loss (Zhou et al., ICML 2025), for each class c with synthetic images x and perturbed real images x̂:
 * {@code L = (1 - alpha) * ceWeight * accuracy * mean CE(f(x), c) + alpha * d(mean e(x), mean e(x̂))}, with f an adversarially
 * trained network of the pool, accuracy its running accuracy in per cent, e its embedding and d the {@link Alignment}. The target is
 * mean e(x̂).
 */
public record Rome(double alpha, double ceWeight, Alignment alignment) implements PoolMatching.Objective {

    @Override
    public NDArray loss(PoolMatching.Shown shown, NDList target) {
        NDArray performance = shown.weighedCrossEntropy(ceWeight);
        NDArray robustness = alignment.distance(shown.meanEmbedding(), target.head());
        return Scalars.mul(performance, 1 - alpha).add(Scalars.mul(robustness, alpha));
    }

    /** What the loss is measured against, from a source of priors. */
    public static PoolMatching.Targets targets(PriorSource priors) {
        return (scope, member, iteration, label) -> new NDList(priors.meanEmbedding(scope, iteration, label));
    }
}
