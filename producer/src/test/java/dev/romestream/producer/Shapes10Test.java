package dev.romestream.producer;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.core.Linear;
import dev.romestream.robustness.augment.Augmentation;
import dev.romestream.robustness.network.Architecture;
import dev.romestream.robustness.network.ImageShape;
import dev.romestream.robustness.network.LabelledImages;
import dev.romestream.robustness.network.NeuralNetwork;
import dev.romestream.robustness.network.Normalization;
import dev.romestream.robustness.tensor.Autograd;
import dev.romestream.robustness.tensor.Seed;
import dev.romestream.robustness.tensor.Tensors;
import dev.romestream.robustness.train.ClassifierTraining;
import dev.romestream.robustness.train.CrossEntropy;
import dev.romestream.robustness.train.StochasticGradientDescent;
import dev.romestream.robustness.train.TrainingSet;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class Shapes10Test {
    private static final ImageShape SHAPE = new ImageShape(3, 32, 32);
    /** A change here is a new version of the data set: published figures on it no longer compare. */
    private static final String FINGERPRINT = "499f89e381380b430a9e7d6477e51ff70f5a562fc1c35a101cf97e04fcdb98cd";

    private final ImageDataset dataset = Shapes10.generate();
    private final Normalization normalization = new Normalization(dataset.mean(), dataset.std());

    private static LabelledImages images(ImageDataset.Images split) {
        return new LabelledImages(SHAPE, 10, split.pixels(), split.labels());
    }

    @Test
    void theImagesAreThoseOfThisVersion() {
        assertThat(dataset.fingerprint()).isEqualTo(FINGERPRINT);
        assertThat(dataset.train().count()).isEqualTo(5000);
        assertThat(dataset.test().count()).isEqualTo(1000);
    }

    @Test
    void aSmallConvNetReachesOverNinetyPerCent() {
        try (NDManager manager = Tensors.manager("cpu", 2)) {
            LabelledImages train = images(dataset.train());
            var training = new ClassifierTraining(
                    new Architecture("convnet", 16, 3),
                    4,
                    64,
                    new StochasticGradientDescent(0.02, 0.9, 5e-4),
                    Augmentation.NONE,
                    ClassifierTraining.NATURAL);
            NeuralNetwork network =
                    training.train(manager, TrainingSet.of(train, normalization), new Seed(1), epoch -> {});
            assertThat(accuracy(manager, network::predict)).isGreaterThan(90);
        }
    }

    private double accuracy(NDManager manager, java.util.function.Function<NDArray, int[]> predict) {
        LabelledImages test = images(dataset.test());
        int hits = 0;
        for (int from = 0; from < test.size(); from += 100) {
            int[] ids = IntStream.range(from, from + 100).toArray();
            try (NDManager scope = manager.newSubManager()) {
                int[] predicted = predict.apply(normalization.normalise(test.pixels(scope, ids)));
                int[] labels = test.labels(ids);
                hits += (int) IntStream.range(0, 100)
                        .filter(i -> predicted[i] == labels[i])
                        .count();
            }
        }
        return 100.0 * hits / test.size();
    }

    @Test
    void aLinearClassifierStaysUnderSixtyPerCent() {
        try (NDManager manager = Tensors.manager("cpu", 2)) {
            LabelledImages train = images(dataset.train());
            NDList parameters = new NDList(manager.zeros(new Shape(10, 3072)), manager.zeros(new Shape(10)));
            NDList velocities = new NDList(manager.zeros(new Shape(10, 3072)), manager.zeros(new Shape(10)));
            var optimiser = new StochasticGradientDescent(0.0005, 0.9, 0);
            for (int epoch = 0; epoch < 10; epoch++) {
                int[] order = new Seed(epoch).sample(train.size(), train.size());
                for (int from = 0; from < order.length; from += 100) {
                    int[] ids = Arrays.copyOfRange(order, from, from + 100);
                    try (NDManager scope = manager.newSubManager()) {
                        parameters.tempAttach(scope);
                        velocities.tempAttach(scope);
                        NDArray x = normalization
                                .normalise(train.pixels(scope, ids))
                                .reshape(100, -1);
                        NDArray oneHot = Tensors.oneHot(scope, train.labels(ids), 10);
                        NDList gradients = Autograd.gradients(
                                        parameters,
                                        leaves -> CrossEntropy.mean(
                                                Linear.linear(x, leaves.get(0), leaves.get(1))
                                                        .head(),
                                                oneHot))
                                .gradients();
                        var step = optimiser.step(parameters, gradients, velocities);
                        step.parameters().attach(manager);
                        step.velocities().attach(manager);
                        parameters = step.parameters();
                        velocities = step.velocities();
                    }
                }
            }
            NDList trained = parameters;
            assertThat(accuracy(
                            manager,
                            x -> Tensors.argMax(Linear.linear(x.reshape(100, -1), trained.get(0), trained.get(1))
                                    .head())))
                    .isLessThan(60);
        }
    }
}
