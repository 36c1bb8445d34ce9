package dev.romestream.robustness.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.romestream.robustness.TestData;
import dev.romestream.robustness.network.ImageShape;
import dev.romestream.robustness.network.NeuralNetwork;
import dev.romestream.robustness.tensor.Autograd;
import dev.romestream.robustness.tensor.Seed;
import dev.romestream.robustness.tensor.Tensors;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class AdversarialTrainingTest {
    private static final ImageShape SHAPE = new ImageShape(3, 8, 8);
    private static final double EPSILON = 8 / 255.0;

    @Test
    void theDivergenceIsThatOfAHandCalculation() {
        try (NDManager manager = TestData.manager()) {
            NDArray from = manager.create(new float[] {0, 0, 1, 1}, new Shape(2, 2));
            NDArray to = manager.create(new float[] {(float) Math.log(3), 0, 1, 1}, new Shape(2, 2));
            double expected = 0.5 * Math.log(0.5 / 0.75) + 0.5 * Math.log(0.5 / 0.25);
            assertThat(Tensors.scalar(AdversarialTraining.divergence(from, to))).isCloseTo(expected, within(1e-6));
        }
    }

    @ParameterizedTest
    @EnumSource(AdversarialTraining.Regime.class)
    void theLossRisesWithEpsilon(AdversarialTraining.Regime regime) {
        try (NDManager manager = TestData.manager()) {
            NeuralNetwork network = TestData.randomNetwork(manager, 6, 2, SHAPE, 3);
            NDArray images = images(manager);
            double before = 0;
            for (double epsilon : new double[] {EPSILON / 100, EPSILON / 10, EPSILON}) {
                double loss = Tensors.scalar(loss(regime, epsilon, network, images));
                assertThat(loss).isGreaterThan(before);
                before = loss;
            }
            assertThat(Tensors.scalar(loss(regime, EPSILON, network, images))).isEqualTo(before);
        }
    }

    @ParameterizedTest
    @EnumSource(AdversarialTraining.Regime.class)
    void theAttackLeavesNoTraceInTheGradient(AdversarialTraining.Regime regime) {
        try (NDManager manager = TestData.manager()) {
            NeuralNetwork network = TestData.randomNetwork(manager, 6, 2, SHAPE, 3);
            NDArray images = images(manager);
            // steps that do not move the image
            assertThat(gradients(regime, 5, network, images))
                    .usingRecursiveComparison()
                    .isEqualTo(gradients(regime, 0, network, images));
        }
    }

    private static List<float[]> gradients(
            AdversarialTraining.Regime regime, int steps, NeuralNetwork network, NDArray images) {
        var training = new AdversarialTraining(regime, EPSILON, 0, steps, 6, TestData.CIFAR10);
        NDArray targets = targets(images);
        return Autograd.gradients(
                        network.parameters(),
                        leaves -> training.loss(network.withParameters(leaves), images, targets, new Seed(2)))
                .gradients()
                .stream()
                .map(NDArray::toFloatArray)
                .toList();
    }

    private static NDArray images(NDManager manager) {
        return manager.create(new Seed(6).uniform(4 * SHAPE.size(), -1, 1), SHAPE.batch(4));
    }

    private static NDArray targets(NDArray images) {
        return Tensors.oneHot(images.getManager(), new int[] {0, 1, 2, 1}, 3);
    }

    private static NDArray loss(
            AdversarialTraining.Regime regime, double epsilon, NeuralNetwork network, NDArray images) {
        return new AdversarialTraining(regime, epsilon, epsilon / 4, 5, 6, TestData.CIFAR10)
                .loss(network, images, targets(images), new Seed(2));
    }
}
