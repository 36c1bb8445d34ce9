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
import java.util.Arrays;

/**
 * ROME (Zhou et al., ICML 2025), for each class c with synthetic images x and perturbed real images x̂:
 * {@code L = (1 - alpha) * ceWeight * accuracy * mean CE(f(x), c) + alpha * d(mean e(x), mean e(x̂))}, with f an adversarially
 * trained network of the pool, accuracy its running accuracy in per cent, e its embedding and d the {@link Alignment}.
 */
public final class Rome implements DistillationMethod {
    private final NDManager manager;
    private final PriorSource priors;
    private final PriorPlan plan;
    private final Objective objective;
    private final StochasticGradientDescent optimiser;

    /** The loss's weights and distance. */
    public record Objective(double alpha, double ceWeight, Alignment alignment) {

        /**
         * The loss of one class; a scalar.
         *
         * @param images what the network is shown, {@code (N, C, H, W)}
         * @param target mean embedding of the perturbed real images
         */
        public NDArray loss(PoolMember member, NDArray images, int label, NDArray target) {
            NeuralNetwork network = member.network();
            int count = Math.toIntExact(images.getShape().get(0));
            int[] labels = new int[count];
            Arrays.fill(labels, label);
            NDArray features = network.features(images);
            NDArray oneHot = Tensors.oneHot(images.getManager(), labels, network.classes());
            NDArray performance =
                    Scalars.mul(CrossEntropy.mean(network.classify(features), oneHot), ceWeight * member.accuracy());
            NDArray robustness = alignment.distance(mean(features), target);
            return Scalars.mul(performance, 1 - alpha).add(Scalars.mul(robustness, alpha));
        }
    }

    public Rome(
            NDManager parent,
            PriorSource priors,
            PriorPlan plan,
            Objective objective,
            StochasticGradientDescent optimiser) {
        this.manager = parent.newSubManager();
        this.priors = priors;
        this.plan = plan;
        this.objective = objective;
        this.optimiser = optimiser;
    }

    @Override
    public void step(SyntheticSet set, int iteration) {
        PoolMember member = priors.network(iteration);
        try (NDManager scope = manager.newSubManager()) {
            // all of them first: an iteration that is cancelled while it waits has changed nothing
            NDList targets = new NDList();
            for (int label = 0; label < set.classes(); label++) {
                targets.add(priors.meanEmbedding(scope, iteration, label));
            }
            for (int label = 0; label < set.classes(); label++) {
                step(set, member, iteration, label, targets.get(label));
            }
        }
    }

    private void step(SyntheticSet set, PoolMember member, int iteration, int label, NDArray target) {
        AugmentationDraw draw = plan.augmentation(iteration, label);
        Augmentation augmentation = new Augmentation(draw.strategy());
        try (NDManager scope = manager.newSubManager()) {
            NDArray at = set.images(label).stopGradient();
            at.attach(scope);
            NDArray gradient = Autograd.gradient(at, stored -> {
                NDArray seen = augmentation.siamese(SyntheticSet.expanded(stored, set.multiFormation()), draw.seed());
                return objective.loss(member, seen, label, target);
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
        priors.close();
        manager.close();
    }
}
