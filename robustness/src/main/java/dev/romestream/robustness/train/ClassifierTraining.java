package dev.romestream.robustness.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.romestream.robustness.augment.Augmentation;
import dev.romestream.robustness.network.Architecture;
import dev.romestream.robustness.network.NeuralNetwork;
import dev.romestream.robustness.tensor.Seed;
import java.util.Arrays;
import java.util.function.IntConsumer;

/**
 * How a victim is trained on a (synthetic) set: fresh parameters, SGD, the learning rate cut to a tenth after the first half,
 * DSA with a draw for each image.
 *
 * @param strategy of the augmentation
 * @param loss of a batch
 */
public record ClassifierTraining(
        Architecture architecture,
        int epochs,
        int batch,
        StochasticGradientDescent optimiser,
        String strategy,
        BatchLoss loss) {

    /** What a step of training lowers. */
    @FunctionalInterface
    public interface BatchLoss {
        /**
         * A scalar; differentiable by the network's parameters.
         *
         * @param images normalised, {@code (N, C, H, W)}
         * @param targets {@code (N, classes)}
         */
        NDArray of(NeuralNetwork network, NDArray images, NDArray targets, Seed draws);
    }

    /** The mean cross-entropy on the images as they are. */
    public static final BatchLoss NATURAL =
            (network, images, targets, draws) -> CrossEntropy.mean(network.logits(images), targets);

    /**
     * Trains a network; its parameters belong to {@code manager}.
     *
     * @param progress receives the number of epochs done
     */
    public NeuralNetwork train(NDManager manager, TrainingSet set, Seed seed, IntConsumer progress) {
        Augmentation augmentation = new Augmentation(strategy);
        NDList initial = NeuralNetwork.initialParameters(
                manager, architecture, set.shape(), set.classes(), seed.with("parameters"));
        NeuralNetwork fresh = new NeuralNetwork(architecture, set.shape(), set.classes(), initial);
        try (Training training = new Training(manager, fresh, new NDList())) {
            for (int epoch = 0; epoch < epochs; epoch++) {
                boolean late = epoch > epochs / 2;
                StochasticGradientDescent current =
                        late ? optimiser.withLearningRate(optimiser.learningRate() / 10) : optimiser;
                epoch(manager, training, current, batch, augmentation, set, seed.with(epoch), loss);
                progress.accept(epoch + 1);
            }
            training.network().parameters().attach(manager);
            return training.network();
        }
    }

    /** One pass over a set in random order, each batch augmented with a draw for each image. */
    public static void epoch(
            NDManager manager,
            Training training,
            StochasticGradientDescent current,
            int batch,
            Augmentation augmentation,
            TrainingSet set,
            Seed seed,
            BatchLoss loss) {
        int[] order = seed.with("order").sample(set.size(), set.size());
        for (int from = 0; from < order.length; from += batch) {
            int[] chosen = Arrays.copyOfRange(order, from, Math.min(order.length, from + batch));
            try (NDManager scope = manager.newSubManager()) {
                Seed draws = seed.with("augmentation").with(from);
                NDArray targets = set.targets(scope, chosen);
                training.step(
                        current,
                        augmentation.perImage(set.images(scope, chosen), draws),
                        (network, images) -> loss.of(network, images, targets, draws.with("loss")));
            }
        }
    }
}
