package dev.romestream.robustness.distill;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.romestream.robustness.TestData;
import dev.romestream.robustness.attack.AttackSettings;
import dev.romestream.robustness.attack.Attacks;
import dev.romestream.robustness.augment.Augmentation;
import dev.romestream.robustness.network.Architecture;
import dev.romestream.robustness.network.ImageShape;
import dev.romestream.robustness.network.LabelledImages;
import dev.romestream.robustness.network.NeuralNetwork;
import dev.romestream.robustness.network.ThreatModel.Space;
import dev.romestream.robustness.tensor.Autograd;
import dev.romestream.robustness.tensor.Seed;
import dev.romestream.robustness.tensor.Tensors;
import dev.romestream.robustness.train.StochasticGradientDescent;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class DistillationTest {
    private static final ImageShape SHAPE = new ImageShape(3, 8, 8);
    private static final Architecture ARCHITECTURE = new Architecture("convnet", 6, 2);
    private static final StochasticGradientDescent SGD = new StochasticGradientDescent(0.2, 0.5, 0);
    private final LabelledImages images = TestData.randomImages(SHAPE, 3, 20, 1);

    private static PoolTraining training() {
        var attack = new AttackSettings(Attacks.PGD, Space.NORMALISED, true, 8 / 255.0, 2 / 225.0, 2, true);
        var optimiser = new StochasticGradientDescent(0.01, 0.9, 5e-4);
        return new PoolTraining(
                ARCHITECTURE, attack, 2, 16, optimiser, TestData.CIFAR10, new Seed(4), PoolTraining.Refinements.NONE);
    }

    private SyntheticSet.Choice drawn() {
        return SyntheticSet.Choice.drawn(images, new Seed(4));
    }

    private PriorDraws draws() {
        return new PriorDraws(images, training().prior(), 5, Augmentation.FULL, new Seed(4));
    }

    @ParameterizedTest
    @EnumSource(Alignment.class)
    void theGradientOfRomesLossAgreesWithFiniteDifferences(Alignment alignment) {
        try (NDManager manager = TestData.manager()) {
            NeuralNetwork network = TestData.randomNetwork(manager, 6, 2, SHAPE, 3);
            PoolMember member = new PoolMember(network, new NDList(), new NDList(), 1, 2);
            var objective = new Rome(0.2, 0.02, alignment);
            NDArray target = manager.create(new Seed(3).uniform(24, 0, 1));
            float[] values = new Seed(6).uniform(2 * SHAPE.size(), -1, 1);
            NDArray at = manager.create(values, SHAPE.batch(2));
            float[] gradient = Autograd.gradient(at, x -> loss(objective, member, x, target))
                    .toFloatArray();
            for (int i = 0; i < values.length; i += 37) {
                double[] sides = new double[2];
                for (int side = 0; side < 2; side++) {
                    float[] moved = values.clone();
                    moved[i] += side == 0 ? -0.004f : 0.004f;
                    sides[side] =
                            Tensors.scalar(loss(objective, member, manager.create(moved, SHAPE.batch(2)), target));
                }
                assertThat((double) gradient[i])
                        .isCloseTo((sides[1] - sides[0]) / 0.008, within(0.02 + Math.abs(gradient[i]) * 0.1));
            }
        }
    }

    private static NDArray loss(PoolMatching.Objective objective, PoolMember member, NDArray images, NDArray target) {
        NDArray features = member.network().features(images);
        return objective.loss(new PoolMatching.Shown(member, features, 1), new NDList(target));
    }

    @Test
    void theDistancesAgreeWithAHandCalculation() {
        try (NDManager manager = TestData.manager()) {
            NDArray a = manager.create(new float[] {1, 2, 3});
            NDArray b = manager.create(new float[] {0, 4, 6});
            assertThat(Tensors.scalar(Alignment.SQUARED_TV.distance(a, b))).isEqualTo(9);
            assertThat(Tensors.scalar(Alignment.SQUARED_L2.distance(a, b))).isEqualTo(14);
        }
    }

    @Test
    void aMosaicIsTakenApartIntoItsFourQuarters() {
        try (NDManager manager = TestData.manager()) {
            float[] constants = new float[4 * 4 * 4];
            for (int i = 0; i < constants.length; i++) {
                constants[i] = (float) Math.floor(i / 16.0);
            }
            NDArray four = manager.create(constants, new Shape(4, 1, 4, 4));
            NDArray mosaic = MultiFormation.compose(four);
            assertThat(mosaic.getShape()).isEqualTo(new Shape(1, 1, 4, 4));
            assertThat(mosaic.toFloatArray()).containsExactly(0, 0, 1, 1, 0, 0, 1, 1, 2, 2, 3, 3, 2, 2, 3, 3);
            assertThat(MultiFormation.expand(mosaic).toFloatArray()).containsExactly(constants, within(1e-6f));
        }
    }

    @Test
    void quartersAreUpsampledAsPyTorchDoes() {
        try (NDManager manager = TestData.manager()) {
            // the quarter [[0, 4], [8, 12]] upsampled with align_corners=False
            NDArray mosaic = manager.create(
                    new float[] {0, 4, 0, 0, 8, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, new Shape(1, 1, 4, 4));
            assertThat(MultiFormation.expand(mosaic).get("0:1").toFloatArray())
                    .containsExactly(new float[] {0, 1, 3, 4, 2, 3, 5, 6, 6, 7, 9, 10, 8, 9, 11, 12}, within(1e-5f));
        }
    }

    @Test
    void romeIsTheSameFromTheSameSeedAndLowersItsLoss() {
        try (NDManager manager = TestData.manager()) {
            float[] first = distilled(manager, 6);
            assertThat(distilled(manager, 6)).isEqualTo(first);
            assertThat(distilled(manager, 5)).isNotEqualTo(first);
        }
    }

    private float[] distilled(NDManager manager, int iterations) {
        var schedule = new PoolSchedule(new PoolSchedule.Rule(3, 2, 3, 1), new Seed(4));
        var priors = new InlinePriors(manager, schedule, training(), draws());
        var objective = new Rome(0.2, 0.02, Alignment.SQUARED_TV);
        try (SyntheticSet set = SyntheticSet.ofRealImages(manager, images, TestData.CIFAR10, 2, true, drawn());
                var rome = new PoolMatching(manager, priors, draws(), Rome.targets(priors), objective, SGD)) {
            for (int iteration = 0; iteration < iterations; iteration++) {
                rome.step(set, iteration);
            }
            return set.images(1).toFloatArray();
        }
    }

    @Test
    void distillingGivesNativeMemoryBack() {
        try (NDManager manager = TestData.manager()) {
            distilled(manager, 2);
            int before = manager.getManagedArrays().size();
            distilled(manager, 4);
            assertThat(manager.getManagedArrays()).hasSize(before);
        }
    }

    @Test
    void distributionMatchingBringsMeanEmbeddingsTogether() {
        try (NDManager manager = TestData.manager()) {
            PriorDraws draws = new PriorDraws(images, training().prior(), 20, Augmentation.NONE, new Seed(4));
            var optimiser = new StochasticGradientDescent(1, 0.5, 0);
            try (SyntheticSet set = SyntheticSet.ofRealImages(manager, images, TestData.CIFAR10, 2, false, drawn());
                    var method = new DistributionMatching(
                            manager, ARCHITECTURE, draws, TestData.CIFAR10, optimiser, new Seed(4))) {
                NeuralNetwork judge = TestData.randomNetwork(manager, 6, 2, SHAPE, 3);
                int[] ids = draws.imageIds(0, 0);
                NDArray target =
                        PoolMatching.meanEmbedding(judge, TestData.CIFAR10.normalise(images.pixels(manager, ids)));
                double before = distance(judge, set, target);
                for (int iteration = 0; iteration < 40; iteration++) {
                    method.step(set, iteration);
                }
                assertThat(distance(judge, set, target)).isLessThan(before);
            }
        }
    }

    private static double distance(NeuralNetwork judge, SyntheticSet set, NDArray target) {
        return Tensors.scalar(Alignment.SQUARED_L2.distance(PoolMatching.meanEmbedding(judge, set.images(0)), target));
    }

    @Test
    void theScheduleIsAPureFunctionOfTheIteration() {
        var rule = new PoolSchedule.Rule(4, 2, 5, 2);
        var forwards = new PoolSchedule(rule, new Seed(1));
        var backwards = new PoolSchedule(rule, new Seed(1));
        backwards.matched(99);
        for (int iteration = 0; iteration < 100; iteration++) {
            assertThat(forwards.matched(iteration)).isEqualTo(backwards.matched(iteration));
        }
        assertThat(forwards.matched(0).get(0).version()).isZero();
        // after 100 iterations with a fresh network every 5, networks 0 to 16 have left the pool of 4
        assertThat(forwards.matched(99).get(0).network()).isBetween(17, 20);
    }

    @Test
    void aPoolThatBeginsTooLargeIsRefused() {
        assertThatThrownBy(() -> new PoolSchedule.Rule(2, 3, 5, 1)).hasMessageContaining("pool.initial");
    }

    @Test
    void aPriorInPixelSpaceStaysWithinItsRangeAndBall() {
        double epsilon = 4 / 255.0;
        try (NDManager manager = TestData.manager()) {
            NeuralNetwork network = TestData.randomNetwork(manager, 6, 2, SHAPE, 3);
            var clean = new PriorDraws(images, pixel(Attacks.NONE, 0), 5, Augmentation.FULL, new Seed(4));
            var attacked = new PriorDraws(images, pixel(Attacks.PGD, epsilon), 5, Augmentation.FULL, new Seed(4));
            for (int iteration = 0; iteration < 12; iteration++) {
                float[] before = perturbed(manager, network, clean, iteration);
                float[] after = perturbed(manager, network, attacked, iteration);
                assertThat(after).isNotEqualTo(before);
                for (int i = 0; i < after.length; i++) {
                    assertThat(after[i]).isBetween(0f, 1f).isCloseTo(before[i], within((float) epsilon + 1e-6f));
                }
            }
        }
    }

    private static AttackSettings pixel(String attack, double epsilon) {
        return new AttackSettings(attack, Space.PIXEL, false, epsilon, epsilon / 2, 2, false);
    }

    private static float[] perturbed(NDManager manager, NeuralNetwork network, PriorDraws draws, int iteration) {
        PriorDraws.Part part = draws.parts(iteration, 1).get(0);
        return draws.task(part, iteration, 1)
                .run(manager, network, TestData.CIFAR10)
                .images()
                .toFloatArray();
    }

    @Test
    void aPriorIsCraftedOnTheSameDrawsWhateverIsDistilled() {
        assertThat(draws().imageIds(3, 1)).isEqualTo(draws().imageIds(3, 1)).isNotEqualTo(draws().imageIds(4, 1));
        assertThat(draws().parts(3, 1)).hasSize(1);
        assertThat(images.labels(draws().imageIds(3, 1))).containsOnly(1);
    }
}
