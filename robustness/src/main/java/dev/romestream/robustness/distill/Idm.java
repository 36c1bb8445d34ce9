package dev.romestream.robustness.distill;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;

/**
 * The loss of IDM (Zhao et al., CVPR 2023), of a class c with synthetic images x and real images r:
 * {@code L = ||mean e(x) - mean e(r)||^2 + ceWeight * accuracy * mean CE(f(x), c)}, with f a naturally trained network of the pool and
 * accuracy its running accuracy on its training images in per cent. The target is of {@link RealEmbeddings}.
 */
public record Idm(double ceWeight) implements PoolMatching.Objective {
    @Override
    public NDArray loss(PoolMatching.Shown shown, NDList target) {
        return Alignment.SQUARED_L2
                .distance(shown.meanEmbedding(), target.get(RealEmbeddings.MEAN))
                .add(shown.weighedCrossEntropy(ceWeight));
    }
}
