package dev.romestream.robustness.train;

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
 */
public record VictimTraining(
        Architecture architecture, int epochs, int batch, StochasticGradientDescent optimiser, String strategy) {

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
                epoch(manager, training, current, batch, augmentation, set, seed.with(epoch));
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
            Seed seed) {
        int[] order = seed.with("order").sample(set.size(), set.size());
        for (int from = 0; from < order.length; from += batch) {
            int[] chosen = Arrays.copyOfRange(order, from, Math.min(order.length, from + batch));
            try (NDManager scope = manager.newSubManager()) {
                Seed draws = seed.with("augmentation").with(from);
                training.step(
                        current, augmentation.perImage(set.images(scope, chosen), draws), set.targets(scope, chosen));
            }
        }
    }
}
