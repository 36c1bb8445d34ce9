package dev.romestream.robustness.distill;

import ai.djl.ndarray.NDList;
import dev.romestream.robustness.network.NeuralNetwork;

/**
 * A network of the pool at one version. Whoever made it frees its arrays.
 *
 * @param velocities the optimiser's, in the order of the parameters
 * @param correct perturbed training images classified correctly in all of its training
 * @param seen perturbed training images in all of its training
 */
public record PoolMember(NeuralNetwork network, NDList velocities, long correct, long seen) {

    /** Accuracy on perturbed training images so far, in per cent; 0 before any. */
    public double accuracy() {
        return seen == 0 ? 0 : 100.0 * correct / seen;
    }
}
