package dev.romestream.robustness.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.romestream.robustness.network.NeuralNetwork;
import dev.romestream.robustness.network.Normalization;
import dev.romestream.robustness.tensor.Autograd;
import dev.romestream.robustness.tensor.Scalars;
import dev.romestream.robustness.tensor.Seed;
import dev.romestream.robustness.tensor.Tensors;
import java.util.List;
import java.util.function.Function;

/**
 * Losses of adversarial training. Images are perturbed within {@code epsilon} of what they are, in pixels; the range of pixels is not
 * enforced, because distilled and augmented images are not within it.
 *
 * @param epsilon in pixels of [0,1]
 * @param stepSize in pixels
 * @param beta weight of TRADES' second term
 */
public record AdversarialTraining(
        Regime regime, double epsilon, double stepSize, int steps, double beta, Normalization normalization) {
    /** TRADES begins this far from the image at most, because the divergence has no gradient at it. */
    private static final double TRADES_START = 0.001;

    /** Which loss. */
    public enum Regime {
        /** {@code CE(f(x'), y)}, x' by PGD on it from a random start (Madry et al. 2018). */
        PGD_AT,
        /** {@code CE(f(x), y) + beta * KL(f(x) || f(x'))}, x' by PGD on the divergence (Zhang et al. 2019). */
        TRADES
    }

    /**
     * A scalar; differentiable by the network's parameters.
     *
     * @param images normalised, {@code (N, C, H, W)}
     * @param targets {@code (N, classes)}
     */
    public NDArray loss(NeuralNetwork network, NDArray images, NDArray targets, Seed seed) {
        return switch (regime) {
            case PGD_AT -> {
                NDArray perturbed =
                        perturbed(network, images, seed, epsilon, logits -> CrossEntropy.perImage(logits, targets)
                                .sum());
                yield CrossEntropy.mean(network.logits(perturbed), targets);
            }
            case TRADES -> {
                NDArray logits = network.logits(images);
                NDArray natural = Tensors.detached(images.getManager(), logits);
                NDArray perturbed = perturbed(network, images, seed, TRADES_START, moved -> divergence(natural, moved));
                NDArray penalty = Scalars.div(
                        divergence(logits, network.logits(perturbed)),
                        images.getShape().get(0));
                yield CrossEntropy.mean(logits, targets).add(Scalars.mul(penalty, beta));
            }
        };
    }

    /** The sum over images of {@code KL(softmax(from) || softmax(to))}. */
    static NDArray divergence(NDArray from, NDArray to) {
        return from.softmax(1).mul(from.logSoftmax(1).sub(to.logSoftmax(1))).sum();
    }

    private NDArray perturbed(
            NeuralNetwork network, NDArray images, Seed seed, double start, Function<NDArray, NDArray> ascended) {
        NDManager manager = images.getManager();
        int size = Math.toIntExact(images.getShape().size());
        NDArray unit = unit(manager);
        NDArray offset = manager.create(seed.uniform(size, -start, start), images.getShape());
        for (int step = 0; step < steps; step++) {
            NDArray at = Autograd.leaf(images.add(offset.mul(unit)));
            NDArray gradient = Autograd.last(ascended.apply(network.logits(at)), new NDList(at))
                    .head();
            offset = offset.add(Scalars.mul(gradient.sign(), stepSize)).clip(-(float) epsilon, (float) epsilon);
        }
        return Tensors.detached(manager, images.add(offset.mul(unit)));
    }

    /** {@code (1, C, 1, 1)}: what a pixel's unit is in normalised space. */
    private NDArray unit(NDManager manager) {
        List<Double> std = normalization.std();
        float[] values = new float[std.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (1 / std.get(i));
        }
        return manager.create(values, new Shape(1, values.length, 1, 1));
    }
}
