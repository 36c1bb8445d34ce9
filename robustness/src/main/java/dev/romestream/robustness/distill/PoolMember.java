package dev.romestream.robustness.distill;

import ai.djl.ndarray.NDList;
import dev.romestream.robustness.network.NeuralNetwork;

/**
 * A network of the pool at one version. Whoever made it frees its arrays.
 *
 * @param velocities the optimiser's, in the order of the parameters
 * @param averages of the parameters along the training, in their order; none where they are not averaged
 * @param correct training images, as they were trained on, classified correctly in all of its training
 * @param seen training images in all of its training
 */
public record PoolMember(NeuralNetwork network, NDList velocities, NDList averages, long correct, long seen) {

    /** Accuracy on training images so far, in per cent; 0 before any. */
    public double accuracy() {
        return seen == 0 ? 0 : 100.0 * correct / seen;
    }

    /** The network with its averaged parameters, where there are such. */
    public NeuralNetwork averaged() {
        return averages.isEmpty() ? network : network.withParameters(averages);
    }
}
