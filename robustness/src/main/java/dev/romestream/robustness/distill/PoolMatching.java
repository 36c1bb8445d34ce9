package dev.romestream.robustness.distill;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.romestream.robustness.attack.AttackTask.AugmentationDraw;
import dev.romestream.robustness.augment.Augmentation;
import dev.romestream.robustness.network.NeuralNetwork;
import dev.romestream.robustness.tensor.Autograd;
import dev.romestream.robustness.tensor.Scalars;
import dev.romestream.robustness.tensor.Tensors;
import dev.romestream.robustness.train.CrossEntropy;
import dev.romestream.robustness.train.StochasticGradientDescent;

/**
 * Distilling with a pool of networks in training, of which each iteration is shown one: class by class, a step of SGD on a loss of
 * what the network says of the synthetic images and of what it made of real ones, both under the same augmentation.
 */
public final class PoolMatching implements DistillationMethod {
    private final NDManager manager;
    private final NetworkSource pool;
    private final PriorDraws draws;
    private final Targets targets;
    private final Objective objective;
    private final StochasticGradientDescent optimiser;

    /** What is known of a class's real images. */
    @FunctionalInterface
    public interface Targets {
        /** In {@code scope}. */
        NDList of(NDManager scope, PoolMember member, int iteration, int label);
    }

    /** The loss of a class. */
    @FunctionalInterface
    public interface Objective {
        /**
         * A scalar.
         *
         * @param shown what the network makes of the class's images
         * @param target what is known of the class's real images
         */
        NDArray loss(Shown shown, NDList target);
    }

    /**
     * What a network makes of a class's images.
     *
     * @param features {@code (N, features)}
     * @param label of all of them
     */
    public record Shown(PoolMember member, NDArray features, int label) {
        /** {@code (features)}. */
        public NDArray meanEmbedding() {
            return mean(features);
        }

        /** The mean cross-entropy with the class, a scalar. */
        public NDArray crossEntropy() {
            return CrossEntropy.mean(member.network().classify(features), label);
        }

        /** The cross-entropy as ROME, IDM and BACON weigh it: times the network's running accuracy in per cent. */
        NDArray weighedCrossEntropy(double weight) {
            return Scalars.mul(crossEntropy(), weight * member.accuracy());
        }
    }

    public PoolMatching(
            NDManager parent,
            NetworkSource pool,
            PriorDraws draws,
            Targets targets,
            Objective objective,
            StochasticGradientDescent optimiser) {
        this.manager = parent.newSubManager();
        this.pool = pool;
        this.draws = draws;
        this.targets = targets;
        this.objective = objective;
        this.optimiser = optimiser;
    }

    @Override
    public void step(SyntheticSet set, int iteration) {
        PoolMember member = pool.networks(iteration).get(0);
        try (NDManager scope = manager.newSubManager()) {
            // all of them first: an iteration that is cancelled while it waits has changed nothing
            NDList[] known = new NDList[set.classes()];
            for (int label = 0; label < set.classes(); label++) {
                known[label] = targets.of(scope, member, iteration, label);
            }
            for (int label = 0; label < set.classes(); label++) {
                step(set, member, iteration, label, known[label]);
            }
        }
    }

    private void step(SyntheticSet set, PoolMember member, int iteration, int label, NDList target) {
        AugmentationDraw draw = draws.augmentation(iteration, label);
        Augmentation augmentation = new Augmentation(draw.strategy());
        try (NDManager scope = manager.newSubManager()) {
            NDArray gradient = Autograd.gradient(Tensors.detached(scope, set.images(label)), stored -> {
                NDArray seen = augmentation.siamese(SyntheticSet.expanded(stored, set.multiFormation()), draw.seed());
                return objective.loss(new Shown(member, member.network().features(seen), label), target);
            });
            set.update(label, gradient, optimiser);
        }
    }

    /** {@code (features)}. */
    static NDArray meanEmbedding(NeuralNetwork network, NDArray images) {
        return mean(network.features(images));
    }

    private static NDArray mean(NDArray rows) {
        return rows.mean(new int[] {0});
    }

    @Override
    public void close() {
        pool.close();
        manager.close();
    }
}
