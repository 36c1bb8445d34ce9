package dev.romestream.robustness.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.romestream.robustness.network.NeuralNetwork;
import dev.romestream.robustness.tensor.Autograd;
import dev.romestream.robustness.tensor.Tensors;
import java.util.function.BiFunction;

/** A network in training: its parameters and velocities, which change with every step. Close it to free them. */
public final class Training implements AutoCloseable {
    private final NDManager manager;
    private NeuralNetwork network;
    private NDList velocities;

    /**
     * Training that goes on from here. The arrays given are taken over and freed as they are replaced.
     *
     * @param network without batch norm
     * @param velocities of the same shapes as the network's parameters; empty for zero
     */
    public Training(NDManager parent, NeuralNetwork network, NDList velocities) {
        network.architecture().requireTrainable();
        this.manager = parent.newSubManager();
        this.network = network;
        this.velocities = velocities;
        if (velocities.isEmpty()) {
            for (NDArray parameter : network.parameters()) {
                velocities.add(manager.zeros(parameter.getShape()));
            }
        }
        network.parameters().attach(manager);
        velocities.attach(manager);
    }

    public NeuralNetwork network() {
        return network;
    }

    public NDList velocities() {
        return velocities;
    }

    /**
     * One step on the mean cross-entropy.
     *
     * @param images normalised, {@code (N, C, H, W)}
     * @param targets {@code (N, classes)}: the probability of each class
     */
    public void step(StochasticGradientDescent optimiser, NDArray images, NDArray targets) {
        step(optimiser, images, (network, input) -> CrossEntropy.mean(network.logits(input), targets));
    }

    /**
     * One step on any loss.
     *
     * @param images normalised, {@code (N, C, H, W)}
     * @param loss of a network whose parameters can be differentiated, and of the images; a scalar
     */
    public void step(
            StochasticGradientDescent optimiser, NDArray images, BiFunction<NeuralNetwork, NDArray, NDArray> loss) {
        NDList oldParameters = network.parameters();
        NDList oldVelocities = velocities;
        try (NDManager scope = manager.newSubManager()) {
            oldParameters.tempAttach(scope);
            oldVelocities.tempAttach(scope);
            NDArray input = Tensors.detached(scope, images);
            NDList gradients = Autograd.gradients(
                            oldParameters, leaves -> loss.apply(network.withParameters(leaves), input))
                    .gradients();
            StochasticGradientDescent.Step step = optimiser.step(oldParameters, gradients, oldVelocities);
            step.parameters().attach(manager);
            step.velocities().attach(manager);
            network = network.withParameters(step.parameters());
            velocities = step.velocities();
        }
        oldParameters.close();
        oldVelocities.close();
    }

    @Override
    public void close() {
        manager.close();
    }
}
