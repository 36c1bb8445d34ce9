package dev.romestream.robustness.attack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.romestream.robustness.TestData;
import dev.romestream.robustness.network.ImageShape;
import dev.romestream.robustness.network.LabelledImages;
import dev.romestream.robustness.network.NeuralNetwork;
import dev.romestream.robustness.network.ThreatModel;
import dev.romestream.robustness.network.ThreatModel.Space;
import dev.romestream.robustness.tensor.Seed;
import dev.romestream.robustness.tensor.Tensors;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AttackBoundsTest {
    private static final ImageShape SHAPE = new ImageShape(3, 8, 8);
    private static final int[] IDS = IntStream.range(0, 12).toArray();
    private final LabelledImages images = TestData.randomImages(SHAPE, 4, 3, 1);

    private AttackTask task(AttackSettings settings) {
        return new AttackTask(settings, SHAPE, images.bytes(IDS), images.labels(IDS), Optional.empty(), new Seed(3));
    }

    @ParameterizedTest
    @CsvSource({
        "fgsm, PIXEL, 0.03, 0.03, 1, false, false",
        "pgd, PIXEL, 0.03, 0.01, 7, true, false",
        "pgd, PIXEL, 0.03, 0.01, 7, false, true",
        "pgd_l2, PIXEL, 0.5, 0.2, 5, false, false",
        "pgd, NORMALISED, 0.03, 0.01, 7, true, true",
        "pgd_l2, NORMALISED, 0.5, 0.2, 5, false, true"
    })
    void perturbedImagesStayInTheBallAndTheRange(
            String name, Space space, double epsilon, double step, int steps, boolean random, boolean targeted) {
        try (NDManager manager = TestData.manager()) {
            NeuralNetwork network = TestData.randomNetwork(manager, 6, 2, SHAPE, 4);
            var settings = new AttackSettings(name, space, targeted, epsilon, step, steps, random);
            NDArray perturbed =
                    task(settings).run(manager, network, TestData.CIFAR10).images();
            NDArray clean = new ThreatModel(space, TestData.CIFAR10).fromPixels(images.pixels(manager, IDS));
            NDArray distance = Attacks.norm(settings).orElseThrow().length(perturbed.sub(clean.clip(0, 1)));
            assertThat(Tensors.scalar(distance.max()))
                    .isLessThanOrEqualTo(epsilon + 1e-5)
                    .isPositive();
            assertThat(Tensors.scalar(perturbed.min())).isNotNegative();
            assertThat(Tensors.scalar(perturbed.max())).isLessThanOrEqualTo(1);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "apgd_ce, L2, 5",
        "apgd_dlr, LINF, 5",
        "apgd_t, L2, 3",
        "fab, L2, 5",
        "fab_t, LINF, 5",
        "square, L2, 60",
        "square, LINF, 60",
        "autoattack, L2, 5",
        "pgd, L2, 5"
    })
    void attacksOfEitherNormStayInItsBallAndTheRange(String name, Norm norm, int steps) {
        double epsilon = norm == Norm.L2 ? 0.8 : 0.05;
        var settings = new AttackSettings(
                name, Space.PIXEL, false, epsilon, epsilon / 4, steps, false, Optional.of(norm), Map.of());
        try (NDManager manager = TestData.manager()) {
            NeuralNetwork network = TestData.randomNetwork(manager, 6, 2, SHAPE, 4);
            NDArray pixels = images.pixels(manager, IDS);
            // where the network is right, so that every attack has something to do
            int[] predicted =
                    new ThreatModel(Space.PIXEL, TestData.CIFAR10).view(network).predict(pixels);
            var task = new AttackTask(settings, SHAPE, images.bytes(IDS), predicted, Optional.empty(), new Seed(3));
            NDArray perturbed = task.run(manager, network, TestData.CIFAR10).images();
            NDArray distance = norm.length(perturbed.sub(pixels));
            assertThat(Tensors.scalar(distance.max()))
                    .isLessThanOrEqualTo(epsilon + 1e-5)
                    .isPositive();
            assertThat(Tensors.scalar(perturbed.min())).isNotNegative();
            assertThat(Tensors.scalar(perturbed.max())).isLessThanOrEqualTo(1);
        }
    }

    @Test
    void aNormThatAnAttackDoesNotKnowIsRefused() {
        var settings =
                new AttackSettings(Attacks.SPSA, Space.PIXEL, false, 1, 0, 1, false, Optional.of(Norm.L2), Map.of());
        assertThatThrownBy(() -> Attacks.create(settings))
                .hasMessage("The attack spsa is not bounded in the norm L2; its own are [LINF].");
    }

    @Test
    void aVanishingGradientIsCountedAtTheStart() {
        try (NDManager manager = TestData.manager()) {
            NeuralNetwork network = TestData.randomNetwork(manager, 6, 2, SHAPE, 4);
            NDList dead = new NDList(network.parameters());
            dead.set(0, dead.get(0).mul(0));
            for (String name : List.of("pgd", "apgd_ce")) {
                var settings = new AttackSettings(name, Space.PIXEL, false, 0.03, 0.01, 3, false);
                assertThat(task(settings)
                                .run(manager, network, TestData.CIFAR10)
                                .zeroGradients())
                        .isZero();
                NDArray pixels = images.pixels(manager, IDS);
                NeuralNetwork masked = network.withParameters(dead);
                int[] predicted = masked.predict(pixels);
                var task = new AttackTask(settings, SHAPE, images.bytes(IDS), predicted, Optional.empty(), new Seed(3));
                assertThat(task.run(manager, masked, TestData.CIFAR10).zeroGradients())
                        .isEqualTo(IDS.length);
            }
        }
    }

    @Test
    void clampChangesNothingInPixelSpaceAndSomethingInNormalisedSpace() {
        try (NDManager manager = TestData.manager()) {
            NeuralNetwork network = TestData.randomNetwork(manager, 6, 2, SHAPE, 4);
            for (Space space : Space.values()) {
                NDArray none = task(AttackSettings.control(Attacks.NONE, space))
                        .run(manager, network, TestData.CIFAR10)
                        .images();
                NDArray clamp = task(AttackSettings.control(Attacks.CLAMP, space))
                        .run(manager, network, TestData.CIFAR10)
                        .images();
                assertThat(none.contentEquals(clamp)).isEqualTo(space == Space.PIXEL);
            }
        }
    }

    @Test
    void equalTasksGiveEqualBytesAndAnotherSeedGivesOthers() {
        try (NDManager manager = TestData.manager()) {
            NeuralNetwork network = TestData.randomNetwork(manager, 6, 2, SHAPE, 4);
            var settings = new AttackSettings(Attacks.PGD, Space.PIXEL, false, 0.03, 0.01, 3, true);
            AttackTask task = task(settings);
            AttackTask other =
                    new AttackTask(settings, SHAPE, task.pixels(), task.labels(), Optional.empty(), new Seed(4));
            NDArray first = task.run(manager, network, TestData.CIFAR10).images();
            assertThat(task.run(manager, network, TestData.CIFAR10).images().toFloatArray())
                    .isEqualTo(first.toFloatArray());
            assertThat(other.run(manager, network, TestData.CIFAR10).images().toFloatArray())
                    .isNotEqualTo(first.toFloatArray());
        }
    }

    @Test
    void workIsCountedPerImage() {
        try (NDManager manager = TestData.manager()) {
            NeuralNetwork network = TestData.randomNetwork(manager, 6, 2, SHAPE, 4);
            var made = task(new AttackSettings(Attacks.PGD, Space.PIXEL, false, 0.03, 0.01, 7, false))
                    .run(manager, network, TestData.CIFAR10);
            assertThat(made.gradientEvaluations()).isEqualTo(7 * 12);
        }
    }

    @Test
    void nativeMemoryIsGivenBack() {
        try (NDManager manager = TestData.manager()) {
            NeuralNetwork network = TestData.randomNetwork(manager, 6, 2, SHAPE, 4);
            var settings = new AttackSettings(Attacks.PGD_L2, Space.PIXEL, false, 0.5, 0.1, 3, true);
            task(settings).run(manager, network, TestData.CIFAR10).images().close();
            int before = manager.getManagedArrays().size();
            for (int i = 0; i < 20; i++) {
                task(settings).run(manager, network, TestData.CIFAR10).images().close();
            }
            assertThat(manager.getManagedArrays()).hasSize(before);
        }
    }

    @Test
    void anUnknownAttackIsRefusedWithTheKnownOnes() {
        assertThatThrownBy(() -> Attacks.create(AttackSettings.control("pdg", Space.PIXEL)))
                .hasMessageStartingWith("Unknown attack 'pdg'; known are apgd_ce,")
                .hasMessageContaining("pgd_l2");
    }

    /** A record of somebody else's must not keep an attacker busy for years. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "pgd|10|restarts|2147483648|restarts 2.147483648E9; allowed are whole numbers from 1 to 1000",
                "pgd|10|restarts|1.5|restarts 1.5; allowed are whole numbers",
                "pgd|10|restarts|0|restarts 0.0; allowed are whole numbers",
                "pgd|10|restarts|NaN|restarts NaN; it must be 0 or more",
                "pgd|100000|restarts|1000|about each image 100000000 times; the most allowed is 10000000",
                "cw|10|searchSteps|1000|searchSteps 1000.0; allowed are whole numbers from 1 to 100",
                "cw|10|c|-1|c -1.0; it must be 0 or more",
                "spsa|10|samples|1e9|samples 1.0E9; allowed",
                "autoattack|10|queries|1e9|queries 1.0E9; allowed",
                "square|1000001|initialShare|0.8|1000001 steps; allowed are 0 to 100000"
            })
    void whatCostsTooMuchIsRefused(String name, int steps, String parameter, double value, String reason) {
        AttackSettings spec = new AttackSettings(
                name, Space.PIXEL, false, 0.03, 0.01, steps, false, Optional.empty(), Map.of(parameter, value));
        assertThatThrownBy(() -> Attacks.create(spec))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("The attack " + name)
                .hasMessageContaining(reason);
    }

    @Test
    void anUnknownSuiteIsRefusedWithTheKnownOnes() {
        assertThatThrownBy(() -> Suite.named("pixel-3"))
                .hasMessage("Unknown suite 'pixel-3'; known are as-published, as-published-quick, autoattack, checks,"
                        + " pixel-2, pixel-4, pixel-8, quick, transfer.");
    }
}
