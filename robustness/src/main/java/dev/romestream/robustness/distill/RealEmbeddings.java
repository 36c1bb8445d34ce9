package dev.romestream.robustness.distill;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.romestream.robustness.network.Normalization;
import dev.romestream.robustness.tensor.Scalars;

/** Mean and standard deviation of what a network makes of real images, augmented as the synthetic ones are and not attacked. */
public record RealEmbeddings(PriorDraws draws, Normalization normalization) implements PoolMatching.Targets {
    /** Where the mean stands, {@code (features)}. */
    static final int MEAN = 0;
    /** Where the standard deviation stands, {@code (features)}, with one less than the images in its denominator. */
    static final int DEVIATION = 1;

    @Override
    public NDList of(NDManager manager, PoolMember member, int iteration, int label) {
        try (NDManager scope = manager.newSubManager()) {
            NDList made = of(member.network().features(draws.augmented(scope, normalization, iteration, label)));
            made.attach(manager);
            return made;
        }
    }

    /** Of features {@code (N, features)}. */
    static NDList of(NDArray features) {
        NDArray mean = features.mean(new int[] {0});
        NDArray squares = features.sub(mean).square().sum(new int[] {0});
        long degrees = Math.max(1, features.getShape().get(0) - 1);
        return new NDList(mean, Scalars.div(squares, degrees).sqrt());
    }
}
