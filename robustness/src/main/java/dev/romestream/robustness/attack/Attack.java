package dev.romestream.robustness.attack;

import ai.djl.ndarray.NDArray;
import dev.romestream.robustness.network.Classifier;
import dev.romestream.robustness.tensor.Seed;
import java.util.List;

/** Changes images, within bounds, so that a classifier errs. Prints as all of its parameters. */
public interface Attack {

    /**
     * The perturbed images, in the manager of {@code images}, with the work that it took.
     *
     * @param images {@code (N, C, H, W)} in the attack's space
     * @param labels the true classes
     */
    Perturbation perturb(Classifier model, NDArray images, int[] labels, Seed seed);

    /**
     * Perturbed images and the evaluations of the network, summed over images.
     *
     * @param forwardEvaluations gradients count their forward pass here too
     * @param zeroGradients images whose gradient vanished altogether at the start, which keeps a gradient attack from working
     * @param unmoved rows of images whose iterate never left the clean one; that an attack gives back a clean image in the end does
     *     not make it one
     */
    record Perturbation(
            NDArray images,
            long gradientEvaluations,
            long forwardEvaluations,
            long zeroGradients,
            List<Integer> unmoved) {}
}
