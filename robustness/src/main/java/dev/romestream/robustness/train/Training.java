package dev.romestream.robustness.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.romestream.robustness.network.NeuralNetwork;
import dev.romestream.robustness.tensor.Autograd;
import dev.romestream.robustness.tensor.Scalars;
import dev.romestream.robustness.tensor.Tensors;
import java.util.function.BiFunction;

/**
 * A network in training: its parameters and velocities, which change with every step. Batch norm sees each batch as it is and keeps
 * running statistics of it, as PyTorch does; where a loss shows a network several batches, those of the last. Close it to free them.
 */
public final class Training implements AutoCloseable {
    /** How far a running statistic goes towards that of a batch. */
    private static final double FOLLOWED = 0.1;

    private final NDManager manager;
    private NeuralNetwork network;
    private NDList velocities;

    /**
     * Training that goes on from here. The arrays given are taken over and freed as they are replaced.
     *
     * @param velocities of the same shapes as the network's parameters; empty for zero
     */
    public Training(NDManager parent, NeuralNetwork network, NDList velocities) {
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
            NDList moving = moving(oldParameters);
            NeuralNetwork[] seen = new NeuralNetwork[1];
            NDList gradients = Autograd.gradients(moving, leaves -> {
                        seen[0] = network.withParameters(with(leaves, oldParameters));
                        return loss.apply(seen[0], input);
                    })
                    .gradients();
            StochasticGradientDescent.Step step = optimiser.step(moving, gradients, moving(oldVelocities));
            NDList parameters = with(step.parameters(), statistics(oldParameters, seen[0]));
            NDList speeds = with(step.velocities(), still(oldVelocities));
            parameters.attach(manager);
            speeds.attach(manager);
            network = network.withParameters(parameters);
            velocities = speeds;
        }
        oldParameters.close();
        oldVelocities.close();
    }

    /** Of parameters or velocities, those that gradients move. */
    private NDList moving(NDList all) {
        NDList moving = new NDList();
        for (int i = 0; i < all.size(); i++) {
            if (!network.isStatistic(i)) {
                moving.add(all.get(i));
            }
        }
        return moving;
    }

    /** All of them: moved ones, and the others of {@code all}. */
    private NDList with(NDList moved, NDList all) {
        NDList with = new NDList();
        int next = 0;
        for (int i = 0; i < all.size(); i++) {
            with.add(network.isStatistic(i) ? all.get(i) : moved.get(next++));
        }
        return with;
    }

    /** The parameters with running statistics that have followed a batch. */
    private NDList statistics(NDList parameters, NeuralNetwork seen) {
        NDList followed = new NDList();
        for (int i = 0; i < parameters.size(); i++) {
            followed.add(
                    network.isStatistic(i)
                            ? Scalars.mul(parameters.get(i), 1 - FOLLOWED)
                                    .add(Scalars.mul(seen.ofLastBatch(i), FOLLOWED))
                            : parameters.get(i));
        }
        return followed;
    }

    /** Velocities of what gradients do not move: copies, because the old ones are let go. */
    private NDList still(NDList velocities) {
        NDList still = new NDList();
        for (int i = 0; i < velocities.size(); i++) {
            still.add(network.isStatistic(i) ? velocities.get(i).duplicate() : velocities.get(i));
        }
        return still;
    }

    @Override
    public void close() {
        manager.close();
    }
}
