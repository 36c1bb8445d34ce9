package dev.romestream.robustness.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import dev.romestream.robustness.network.NeuralNetwork;
import dev.romestream.robustness.tensor.Autograd;
import dev.romestream.robustness.tensor.Scalars;
import dev.romestream.robustness.tensor.Tensors;

/**
 * Curvature regularisation as GUARD's code has it (Xue et al., AAAI 2025; after Moosavi-Dezfooli et al., CVPR 2019):
 * {@code L = CE(x) + weight * mean_i ||grad CE(x + z)_i - grad CE(x)_i||_2} with {@code z = step * g / ||g||_2} for each image and
 * {@code g = grad CE(x)}; CE is the mean over the batch.
 *
 * @param step length of z, in normalised space
 */
public record CurvatureRegularization(double weight, double step) {
    private static final double TINY = 1e-7;

    /**
     * A scalar; differentiable by the network's parameters.
     *
     * @param images normalised, {@code (N, C, H, W)}
     * @param targets {@code (N, classes)}
     */
    public NDArray loss(NeuralNetwork network, NDArray images, NDArray targets) {
        NDArray here = Autograd.leaf(images);
        NDArray entropy = CrossEntropy.mean(network.logits(here), targets);
        NDArray gradient = Autograd.differentiable(entropy, new NDList(here)).head();
        NDArray direction = Tensors.detached(images.getManager(), gradient);
        NDArray shift = Scalars.mul(direction.add(TINY).div(lengths(direction).add(TINY)), step);
        NDArray there = Autograd.leaf(images.add(shift));
        NDArray moved = CrossEntropy.mean(network.logits(there), targets);
        NDArray change =
                Autograd.differentiable(moved, new NDList(there)).head().sub(gradient);
        NDArray curvature = Scalars.div(lengths(change).sum(), images.getShape().get(0));
        return entropy.add(Scalars.mul(curvature, weight));
    }

    /** {@code (N, 1, 1, 1)}: the L2 norm of each image. */
    private static NDArray lengths(NDArray images) {
        return images.square().sum(new int[] {1, 2, 3}, true).add(1e-20f).sqrt();
    }
}
