package dev.romestream.robustness.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.romestream.robustness.TestData;
import dev.romestream.robustness.augment.Augmentation;
import dev.romestream.robustness.network.Architecture;
import dev.romestream.robustness.network.ImageShape;
import dev.romestream.robustness.network.NeuralNetwork;
import dev.romestream.robustness.tensor.Seed;
import dev.romestream.robustness.tensor.Tensors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ClassifierTrainingTest {
    private static final Shape SHAPE = new ImageShape(3, 8, 8).batch(12);

    private static NeuralNetwork train(NDManager manager, long seed) {
        NDArray images = manager.create(new Seed(1).uniform((int) SHAPE.size(), -1, 1), SHAPE);
        int[] labels = {0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2};
        var optimiser = new StochasticGradientDescent(0.05, 0.9, 5e-4);
        var training = new ClassifierTraining(
                new Architecture("convnet", 8, 2), 60, 5, optimiser, Augmentation.NONE, ClassifierTraining.NATURAL);
        NDArray targets = Tensors.oneHot(manager, labels, 3);
        return training.train(manager, TrainingSet.of(images, targets), new Seed(seed), epoch -> {});
    }

    @Test
    void aVictimLearnsItsSet() {
        try (NDManager manager = TestData.manager()) {
            NDArray images = manager.create(new Seed(1).uniform((int) SHAPE.size(), -1, 1), SHAPE);
            assertThat(train(manager, 1).predict(images)).containsExactly(0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2);
        }
    }

    /** Half of one class and half of another: the loss is least where a network answers so. */
    @Test
    void aVictimLearnsSoftLabels() {
        try (NDManager manager = TestData.manager()) {
            NDArray images = manager.create(new Seed(1).uniform((int) SHAPE.size(), -1, 1), SHAPE);
            float[] rows = new float[36];
            for (int image = 0; image < 12; image++) {
                rows[3 * image + image % 3] = 0.5f;
                rows[3 * image + (image + 1) % 3] = 0.5f;
            }
            NDArray targets = manager.create(rows, new Shape(12, 3));
            var optimiser = new StochasticGradientDescent(0.05, 0.9, 0);
            var training = new ClassifierTraining(
                    new Architecture("convnet", 8, 2),
                    200,
                    12,
                    optimiser,
                    Augmentation.NONE,
                    ClassifierTraining.NATURAL);
            NeuralNetwork network = training.train(manager, TrainingSet.of(images, targets), new Seed(1), epoch -> {});
            float[] answers = network.logits(images).softmax(1).toFloatArray();
            for (int i = 0; i < rows.length; i++) {
                assertThat(answers[i]).isCloseTo(rows[i], within(0.05f));
            }
        }
    }

    /** On its own training images: a network that was trained against an attack stands more of it. */
    @ParameterizedTest
    @EnumSource(AdversarialTraining.Regime.class)
    void adversarialTrainingTeachesToStandAttacks(AdversarialTraining.Regime regime) {
        double epsilon = 24 / 255.0;
        var against = new AdversarialTraining(regime, epsilon, epsilon / 4, 5, 6, TestData.CIFAR10);
        try (NDManager manager = TestData.manager()) {
            assertThat(margin(manager, against::loss, against))
                    .isGreaterThan(margin(manager, ClassifierTraining.NATURAL, against) + 0.2);
        }
    }

    /** The mean probability of the right class under PGD. */
    private static double margin(NDManager manager, ClassifierTraining.BatchLoss loss, AdversarialTraining attack) {
        NDArray images = manager.create(new Seed(1).uniform((int) SHAPE.size(), -1, 1), SHAPE);
        int[] labels = {0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2};
        NDArray targets = Tensors.oneHot(manager, labels, 3);
        var optimiser = new StochasticGradientDescent(0.05, 0.9, 5e-4);
        var architecture = new Architecture("convnet", 8, 2);
        NeuralNetwork network = new ClassifierTraining(architecture, 60, 12, optimiser, Augmentation.NONE, loss)
                .train(manager, TrainingSet.of(images, targets), new Seed(1), epoch -> {});
        double steps = attack.epsilon() / 4;
        var spec = new AdversarialTraining(
                AdversarialTraining.Regime.PGD_AT, attack.epsilon(), steps, 10, 0, TestData.CIFAR10);
        return Math.exp(-Tensors.scalar(spec.loss(network, images, targets, new Seed(9))));
    }

    @Test
    void equalSeedsGiveEqualBytesAndOthersDoNot() {
        try (NDManager manager = TestData.manager()) {
            float[] first = train(manager, 1).parameters().head().toFloatArray();
            assertThat(train(manager, 1).parameters().head().toFloatArray()).isEqualTo(first);
            assertThat(train(manager, 2).parameters().head().toFloatArray()).isNotEqualTo(first);
        }
    }

    @Test
    void nativeMemoryIsGivenBack() {
        try (NDManager manager = TestData.manager()) {
            train(manager, 1).parameters().close();
            int before = manager.getManagedArrays().size();
            train(manager, 2).parameters().close();
            // the images and targets of train's own are all that is added
            assertThat(manager.getManagedArrays()).hasSize(before + 2);
        }
    }

    @Test
    void twoStepsOfTheOptimiserAgreeWithAHandCalculation() {
        try (NDManager manager = TestData.manager()) {
            var optimiser = new StochasticGradientDescent(0.1, 0.9, 0.5);
            var first = optimiser.step(one(manager, 1), one(manager, 2), one(manager, 0));
            // v = 2 + 0.5; p = 1 - 0.25
            assertThat(first.parameters().head().toFloatArray()[0]).isCloseTo(0.75f, within(1e-6f));
            var second = optimiser.step(first.parameters(), one(manager, 1), first.velocities());
            // v = 0.9 * 2.5 + 1 + 0.375; p = 0.75 - 0.3625
            assertThat(second.parameters().head().toFloatArray()[0]).isCloseTo(0.3875f, within(1e-6f));
        }
    }

    private static NDList one(NDManager manager, float value) {
        return new NDList(manager.create(new float[] {value}));
    }
}
