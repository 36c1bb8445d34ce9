package dev.romestream.robustness.attack;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.romestream.robustness.TestData;
import dev.romestream.robustness.network.LabelledImages;
import dev.romestream.robustness.network.NeuralNetwork;
import dev.romestream.robustness.network.ThreatModel;
import dev.romestream.robustness.network.ThreatModel.Space;
import dev.romestream.robustness.tensor.Precision;
import dev.romestream.robustness.tensor.Seed;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Outcomes of attacks that were crafted in bfloat16 beside those in float32, image by image, both judged in float32. Few images by
 * default; the table of docs/performance.md with {@code -Dprecision.images=256}.
 */
class PrecisionTest {
    private static final int IMAGES = Integer.getInteger("precision.images", 24);
    private static final int BATCH = 64;

    @ParameterizedTest
    @CsvSource({
        "pgd, 10, DM",
        "pgd, 10, DC",
        "apgd_ce, 20, DM",
        "apgd_ce, 20, DC",
        "fab_t, 10, DM",
        "cw, 30, DM",
        "deepfool, 20, DM"
    })
    void theOutcomesAreThoseOfFloat32(String attack, int steps, String network) throws IOException {
        LabelledImages images = TestData.cifarTest(IMAGES);
        int different = 0;
        boolean moved = false;
        int all = 0;
        double[] epsilons =
                List.of(Attacks.CW, Attacks.DEEPFOOL).contains(attack) ? new double[] {0} : new double[] {1, 2, 4, 8};
        for (double epsilon : epsilons) {
            double step = attack.equals(Attacks.PGD) ? epsilon / 4 / 255 : 0;
            var settings = new AttackSettings(attack, Space.PIXEL, false, epsilon / 255, step, steps, false);
            try (NDManager manager = TestData.manager()) {
                NeuralNetwork victim = TestData.published(manager, network + "_ConvNet_CIFAR10_50_None.pth");
                NDArray exactly = crafted(manager, victim, images, settings, Precision.FLOAT32);
                NDArray nearly = crafted(manager, victim, images, settings, Precision.BFLOAT16);
                moved |= !exactly.equals(nearly);
                String exact = outcomes(victim, images, exactly);
                String seen = outcomes(victim, images, nearly);
                int apart = (int) IntStream.range(0, IMAGES)
                        .filter(i -> exact.charAt(i) != seen.charAt(i))
                        .count();
                System.out.printf(
                        "%s of %d steps, epsilon %.0f/255, %s, %d images: %.3f alike; %d and %d robust%n",
                        attack,
                        steps,
                        epsilon,
                        network,
                        IMAGES,
                        1 - apart / (double) IMAGES,
                        robust(exact),
                        robust(seen));
                different += apart;
                all += IMAGES;
            }
        }
        assertThat(moved).as("perturbed images are others").isTrue();
        assertThat(different).isLessThanOrEqualTo(Math.max(1, all / 100));
    }

    private static long robust(String outcomes) {
        return outcomes.chars().filter(outcome -> outcome == '1').count();
    }

    private static NDArray crafted(
            NDManager manager,
            NeuralNetwork network,
            LabelledImages images,
            AttackSettings settings,
            Precision precision) {
        NDList parts = new NDList();
        for (int from = 0; from < IMAGES; from += BATCH) {
            int[] ids = IntStream.range(from, Math.min(IMAGES, from + BATCH)).toArray();
            var task = new AttackTask(
                    settings,
                    images.shape(),
                    images.bytes(ids),
                    images.labels(ids),
                    Optional.empty(),
                    new Seed(0),
                    precision);
            parts.add(task.run(manager, network, TestData.CIFAR10).images());
        }
        return NDArrays.concat(parts);
    }

    private static String outcomes(NeuralNetwork network, LabelledImages images, NDArray perturbed) {
        int[] labels = images.labels(IntStream.range(0, IMAGES).toArray());
        int[] predicted =
                new ThreatModel(Space.PIXEL, TestData.CIFAR10).view(network).predict(perturbed);
        return IntStream.range(0, IMAGES)
                .mapToObj(i -> predicted[i] == labels[i] ? "1" : "0")
                .collect(Collectors.joining());
    }
}
