package dev.romestream.robustness.distill;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import dev.romestream.robustness.tensor.Scalars;

/**
 * The loss of BACON (Zhou et al. 2024) as its code has it, of a class c with synthetic images x and real images r:
 * {@code L = sum_d ((m_d - n_d) / exp(s_d))^2 / 2 + 0.8 * ||m - n||_1 / 2 + ceWeight * accuracy * mean CE(f(x), c)}, with m and n the
 * mean embeddings of x and r, s the standard deviation of r's, and f and accuracy as {@link Idm} has them. The first term is the
 * negative logarithm of a normal density without what is constant. The code's third term, on the means of two softmaxes, is left
 * out: both means are one over the number of features, so that it has neither value nor gradient.
 */
public record Bacon(double ceWeight) implements PoolMatching.Objective {
    private static final double TOTAL_VARIATION = 0.8;

    @Override
    public NDArray loss(PoolMatching.Shown shown, NDList target) {
        NDArray difference = shown.meanEmbedding().sub(target.get(RealEmbeddings.MEAN));
        NDArray scale = target.get(RealEmbeddings.DEVIATION).exp();
        NDArray likelihood = Scalars.div(difference.div(scale).square().sum(), 2);
        NDArray variation = Scalars.mul(difference.abs().sum(), TOTAL_VARIATION / 2);
        return likelihood.add(variation).add(shown.weighedCrossEntropy(ceWeight));
    }
}
