package dev.romestream.robustness.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import dev.romestream.robustness.augment.Augmentation;
import dev.romestream.robustness.network.Architecture;
import dev.romestream.robustness.network.ImageShape;
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
     * @param images normalised, {@code (N, C, H, W)}
     * @param progress receives the number of epochs done
     */
    public NeuralNetwork train(
            NDManager manager, NDArray images, int[] labels, int classes, Seed seed, IntConsumer progress) {
        ImageShape shape = new ImageShape(
                (int) images.getShape().get(1), (int) images.getShape().get(2), (int)
                        images.getShape().get(3));
        Augmentation augmentation = new Augmentation(strategy);
        NDList initial =
                NeuralNetwork.initialParameters(manager, architecture, shape, classes, seed.with("parameters"));
        NeuralNetwork fresh = new NeuralNetwork(architecture, shape, classes, initial);
        try (Training training = new Training(manager, fresh, new NDList())) {
            for (int epoch = 0; epoch < epochs; epoch++) {
                boolean late = epoch > epochs / 2;
                StochasticGradientDescent current =
                        late ? optimiser.withLearningRate(optimiser.learningRate() / 10) : optimiser;
                epoch(training, current, augmentation, images, labels, seed.with(epoch));
                progress.accept(epoch + 1);
            }
            training.network().parameters().attach(manager);
            return training.network();
        }
    }

    private void epoch(
            Training training,
            StochasticGradientDescent current,
            Augmentation augmentation,
            NDArray images,
            int[] labels,
            Seed seed) {
        int[] order = seed.with("order").sample(labels.length, labels.length);
        for (int from = 0; from < order.length; from += batch) {
            int[] chosen = Arrays.copyOfRange(order, from, Math.min(order.length, from + batch));
            int[] chosenLabels = new int[chosen.length];
            long[] indices = new long[chosen.length];
            for (int i = 0; i < chosen.length; i++) {
                chosenLabels[i] = labels[chosen[i]];
                indices[i] = chosen[i];
            }
            try (NDManager scope = images.getManager().newSubManager()) {
                NDArray rows = images.get(new NDIndex("{}", scope.create(indices)));
                rows.attach(scope);
                training.step(
                        current,
                        augmentation.perImage(rows, seed.with("augmentation").with(from)),
                        chosenLabels);
            }
        }
    }
}
