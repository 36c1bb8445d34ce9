package dev.romestream.robustness.distill;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.romestream.robustness.augment.Augmentation;
import dev.romestream.robustness.network.Architecture;
import dev.romestream.robustness.network.NeuralNetwork;
import dev.romestream.robustness.network.Normalization;
import dev.romestream.robustness.tensor.Autograd;
import dev.romestream.robustness.tensor.Seed;
import dev.romestream.robustness.tensor.Tensors;
import dev.romestream.robustness.train.StochasticGradientDescent;

/**
 * DM (Zhao and Bilen 2023): in each iteration a fresh random network embeds real and synthetic images, both under the same
 * augmentation; {@code L = sum_c ||mean e(real) - mean e(synthetic)||^2}.
 */
public final class DistributionMatching implements DistillationMethod {
    private final NDManager manager;
    private final Architecture architecture;
    private final PriorDraws draws;
    private final Normalization normalization;
    private final StochasticGradientDescent optimiser;
    private final Seed seed;

    /** @param draws which real images are drawn; its attack is not made */
    public DistributionMatching(
            NDManager parent,
            Architecture architecture,
            PriorDraws draws,
            Normalization normalization,
            StochasticGradientDescent optimiser,
            Seed seed) {
        this.manager = parent.newSubManager();
        this.architecture = architecture;
        this.draws = draws;
        this.normalization = normalization;
        this.optimiser = optimiser;
        this.seed = seed;
    }

    @Override
    public void step(SyntheticSet set, int iteration) {
        try (NDManager scope = manager.newSubManager()) {
            Seed fresh = seed.with("network").with(iteration);
            NeuralNetwork network = new NeuralNetwork(
                    architecture,
                    draws.images().shape(),
                    set.classes(),
                    NeuralNetwork.initialParameters(
                            scope, architecture, draws.images().shape(), set.classes(), fresh));
            for (int label = 0; label < set.classes(); label++) {
                step(set, network, iteration, label);
            }
        }
    }

    private void step(SyntheticSet set, NeuralNetwork network, int iteration, int label) {
        var draw = draws.augmentation(iteration, label);
        Augmentation augmentation = new Augmentation(draw.strategy());
        try (NDManager scope = manager.newSubManager()) {
            NDArray real = draws.augmented(scope, normalization, iteration, label);
            NDArray target = PoolMatching.meanEmbedding(network, real);
            NDArray gradient = Autograd.gradient(Tensors.detached(scope, set.images(label)), stored -> {
                NDArray seen = augmentation.siamese(SyntheticSet.expanded(stored, set.multiFormation()), draw.seed());
                return Alignment.SQUARED_L2.distance(PoolMatching.meanEmbedding(network, seen), target);
            });
            set.update(label, gradient, optimiser);
        }
    }

    @Override
    public void close() {
        manager.close();
    }
}
