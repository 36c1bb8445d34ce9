package dev.romestream.robustness.distill;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import dev.romestream.robustness.tensor.Scalars;

/**
 * What is left of GUARD (Xue et al., AAAI 2025) where networks have no batch norm, a reconstruction: images are recovered from a
 * teacher that was trained with a regularised curvature, {@code L = mean CE(f(x), c) + statistics * ||mean e(x) - mean e(r)||^2}, with
 * real images r of the class. The paper's second term compares the images with the statistics that batch norm keeps.
 */
public record Guard(double statistics) implements PoolMatching.Objective {
    @Override
    public NDArray loss(PoolMatching.Shown shown, NDList target) {
        NDArray distance = Alignment.SQUARED_L2.distance(shown.meanEmbedding(), target.get(RealEmbeddings.MEAN));
        return shown.crossEntropy().add(Scalars.mul(distance, statistics));
    }
}
