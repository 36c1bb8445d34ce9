package dev.romestream.robustness.distill;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.romestream.robustness.attack.AttackTask.AugmentationDraw;
import dev.romestream.robustness.augment.Augmentation;
import dev.romestream.robustness.network.Architecture;
import dev.romestream.robustness.network.NeuralNetwork;
import dev.romestream.robustness.network.Normalization;
import dev.romestream.robustness.tensor.Autograd;
import dev.romestream.robustness.tensor.Seed;
import dev.romestream.robustness.train.ClassifierTraining;
import dev.romestream.robustness.train.CrossEntropy;
import dev.romestream.robustness.train.StochasticGradientDescent;
import dev.romestream.robustness.train.Training;
import dev.romestream.robustness.train.TrainingSet;

/**
 * DC (Zhao et al., ICLR 2021) and, with an augmentation, DSA (Zhao and Bilen, ICML 2021): in each iteration a fresh random network is
 * trained on the synthetic set; before it and after each round of that, the synthetic images of each class take a step towards the
 * gradient that real images of the class give the network: {@code L = sum_c D(grad CE(synthetic_c), grad CE(real_c))}.
 *
 * @see #distance
 */
public final class GradientMatching implements DistillationMethod {
    private static final double TINY = 1e-6;
    private static final float NO_LENGTH = 1e-30f;

    private final NDManager manager;
    private final Architecture architecture;
    private final PriorDraws draws;
    private final Normalization normalization;
    private final Loops loops;
    private final StochasticGradientDescent optimiser;
    private final Seed seed;

    /**
     * How the network goes on between steps on the images.
     *
     * @param outer steps on the images in an iteration
     * @param inner epochs of the network on the synthetic set between two of them
     * @param batch of the network's training
     * @param optimiser of the network's training
     */
    public record Loops(int outer, int inner, int batch, StochasticGradientDescent optimiser) {}

    /** @param draws which real images are drawn, and the augmentation; its attack is not made */
    public GradientMatching(
            NDManager parent,
            Architecture architecture,
            PriorDraws draws,
            Normalization normalization,
            Loops loops,
            StochasticGradientDescent optimiser,
            Seed seed) {
        this.manager = parent.newSubManager();
        this.architecture = architecture;
        this.draws = draws;
        this.normalization = normalization;
        this.loops = loops;
        this.optimiser = optimiser;
        this.seed = seed;
    }

    @Override
    public void step(SyntheticSet set, int iteration) {
        Seed root = seed.with(iteration);
        try (NDManager scope = manager.newSubManager()) {
            NDList fresh = NeuralNetwork.initialParameters(
                    scope, architecture, draws.images().shape(), set.classes(), root.with("network"));
            NeuralNetwork network =
                    new NeuralNetwork(architecture, draws.images().shape(), set.classes(), fresh);
            try (Training training = new Training(scope, network, new NDList())) {
                for (int outer = 0; outer < loops.outer(); outer++) {
                    for (int label = 0; label < set.classes(); label++) {
                        step(set, training.network(), iteration * loops.outer() + outer, label);
                    }
                    if (outer + 1 < loops.outer()) {
                        train(training, set, root.with("training").with(outer));
                    }
                }
            }
        }
    }

    private void step(SyntheticSet set, NeuralNetwork network, int draw, int label) {
        try (NDManager scope = manager.newSubManager()) {
            NDArray real = draws.augmented(scope, normalization, draw, label);
            AugmentationDraw same = draws.augmentation(draw, label);
            NDArray at = Autograd.leaf(scope, set.images(label));
            NDArray shown = new Augmentation(same.strategy())
                    .siamese(SyntheticSet.expanded(at, set.multiFormation()), same.seed());
            NDArray loss = loss(network, real, shown, label);
            set.update(label, Autograd.last(loss, new NDList(at)).head(), optimiser);
        }
    }

    /**
     * How far the gradients of two batches of a class are apart; a scalar, differentiable by {@code synthetic}.
     *
     * @param real normalised, {@code (N, C, H, W)}
     * @param synthetic normalised, {@code (M, C, H, W)}; of the same manager
     */
    public static NDArray loss(NeuralNetwork network, NDArray real, NDArray synthetic, int label) {
        NDManager scope = real.getManager();
        NDList leaves = new NDList();
        network.parameters().forEach(parameter -> leaves.add(Autograd.leaf(scope, parameter)));
        NeuralNetwork at = network.withParameters(leaves);
        NDList wanted = Autograd.last(CrossEntropy.mean(at.logits(real), label), leaves);
        NDList gradients = Autograd.differentiable(CrossEntropy.mean(at.logits(synthetic), label), leaves);
        return distance(gradients, wanted);
    }

    /**
     * {@code sum over parameters, sum over outputs o of 1 - <a_o, b_o> / (||a_o|| ||b_o|| + 1e-6)}, where a_o is the part of a gradient
     * that belongs to output o; biases and what else has one dimension do not count.
     */
    static NDArray distance(NDList a, NDList b) {
        NDArray sum = null;
        for (int i = 0; i < a.size(); i++) {
            Shape shape = a.get(i).getShape();
            if (shape.dimension() > 1) {
                NDArray part =
                        distance(a.get(i).reshape(shape.get(0), -1), b.get(i).reshape(shape.get(0), -1));
                sum = sum == null ? part : sum.add(part);
            }
        }
        return sum;
    }

    private static NDArray distance(NDArray a, NDArray b) {
        NDArray cosine =
                a.mul(b).sum(new int[] {1}).div(lengths(a).mul(lengths(b)).add(TINY));
        return cosine.neg().add(1).sum();
    }

    /** The L2 norm of each row; where it is zero, it has a gradient of zero. */
    private static NDArray lengths(NDArray rows) {
        return rows.square().sum(new int[] {1}).add(NO_LENGTH).sqrt();
    }

    private void train(Training training, SyntheticSet set, Seed seed) {
        try (NDManager scope = manager.newSubManager()) {
            TrainingSet synthetic = set.trainingSet(scope);
            Augmentation augmentation = new Augmentation(draws.strategy());
            for (int epoch = 0; epoch < loops.inner(); epoch++) {
                ClassifierTraining.epoch(
                        scope,
                        training,
                        loops.optimiser(),
                        loops.batch(),
                        augmentation,
                        synthetic,
                        seed.with(epoch),
                        ClassifierTraining.NATURAL);
            }
        }
    }

    @Override
    public void close() {
        manager.close();
    }
}
