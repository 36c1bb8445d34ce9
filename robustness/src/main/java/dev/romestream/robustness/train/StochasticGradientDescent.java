package dev.romestream.robustness.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import dev.romestream.robustness.tensor.Scalars;

/**
 * SGD with momentum and weight decay, as PyTorch has it: {@code v = momentum * v + (g + weightDecay * p)},
 * {@code p = p - learningRate * v}.
 */
public record StochasticGradientDescent(double learningRate, double momentum, double weightDecay) {

    /** Parameters and velocities after a step. */
    public record Step(NDList parameters, NDList velocities) {}

    /**
     * One step. New arrays belong to the managers of {@code gradients}; nothing is changed in place.
     *
     * @param velocities all zero before the first step
     */
    public Step step(NDList parameters, NDList gradients, NDList velocities) {
        NDList moved = new NDList(parameters.size());
        NDList speeds = new NDList(parameters.size());
        for (int i = 0; i < parameters.size(); i++) {
            NDArray parameter = parameters.get(i);
            NDArray speed = Scalars.mul(velocities.get(i), momentum).add(gradients.get(i));
            if (weightDecay != 0) {
                speed = speed.add(Scalars.mul(parameter, weightDecay));
            }
            speeds.add(speed);
            moved.add(parameter.sub(Scalars.mul(speed, learningRate)));
        }
        return new Step(moved, speeds);
    }

    public StochasticGradientDescent withLearningRate(double rate) {
        return new StochasticGradientDescent(rate, momentum, weightDecay);
    }
}
