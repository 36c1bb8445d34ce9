package dev.romestream.robustness.augment;

import ai.djl.ndarray.NDArray;
import java.util.SplittableRandom;

/** One family of image transformations. */
@FunctionalInterface
interface ImageOperation {
    /**
     * Transforms a batch.
     *
     * @param images {@code (N, C, H, W)}
     * @param draws 1 for all alike, or N
     */
    NDArray apply(NDArray images, int draws, SplittableRandom random);
}
