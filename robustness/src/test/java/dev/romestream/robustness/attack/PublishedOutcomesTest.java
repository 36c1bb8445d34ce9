package dev.romestream.robustness.attack;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.romestream.robustness.TestData;
import dev.romestream.robustness.metric.Interval;
import dev.romestream.robustness.network.LabelledImages;
import dev.romestream.robustness.network.NeuralNetwork;
import dev.romestream.robustness.network.ThreatModel;
import dev.romestream.robustness.network.ThreatModel.Space;
import dev.romestream.robustness.tensor.Seed;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Per-image outcomes of torchattacks and of the official AutoAttack on published networks. Few images by default; all with {@code
 * -Dgolden.images=512 -Dgolden.autoattack.images=128}.
 */
class PublishedOutcomesTest {
    private static final int IMAGES = Integer.getInteger("golden.images", 48);
    private static final int AUTOATTACK_IMAGES = Integer.getInteger("golden.autoattack.images", 6);
    private static final int BATCH = 64;

    @Test
    void outcomesAgreeWithTorchattacksOnThePublishedNetwork() throws IOException {
        JsonNode golden =
                new ObjectMapper().readTree(TestData.path("golden/DM.json").toFile());
        LabelledImages images = TestData.cifarTest(512);
        List<String> disagreements = new ArrayList<>();
        try (NDManager manager = TestData.manager()) {
            NeuralNetwork network = TestData.published(manager, "DM_ConvNet_CIFAR10_50_None.pth");
            for (JsonNode result : golden.get("results")) {
                AttackSettings settings = settings(result);
                String expected = result.get("perImage").asText().substring(0, IMAGES);
                String seen = outcomes(manager, network, images, settings, IMAGES);
                long different = differences(seen, expected);
                long apart = Math.abs(robust(seen) - robust(expected));
                if (different > IMAGES / 100.0 || apart > Math.ceil(2 * IMAGES / 512.0)) {
                    disagreements.add(settings + ": " + different + " of " + IMAGES
                            + " images differ, and the counts by " + apart);
                }
            }
        }
        assertThat(golden.get("results")).hasSize(20);
        assertThat(disagreements).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"apgd_ce, apgd-ce, 100", "apgd_t, apgd-t, 100", "fab_t, fab-t, 100", "autoattack, standard, 100"})
    void randomisedAttacksAreNoWeakerThanTheOfficialCode(String attack, String reference, int steps)
            throws IOException {
        JsonNode golden = new ObjectMapper()
                .readTree(TestData.path("golden/DM-autoattack.json").toFile());
        String expected =
                golden.get("results").get(reference).get("perImage").asText().substring(0, AUTOATTACK_IMAGES);
        LabelledImages images = TestData.cifarTest(128);
        try (NDManager manager = TestData.manager()) {
            NeuralNetwork network = TestData.published(manager, "DM_ConvNet_CIFAR10_50_None.pth");
            var settings = new AttackSettings(attack, Space.PIXEL, false, 2 / 255.0, 0, steps, true);
            String seen = outcomes(manager, network, images, settings, AUTOATTACK_IMAGES);
            assertThat(robust(seen)).isLessThanOrEqualTo(robust(expected) + AUTOATTACK_IMAGES / 100);
        }
    }

    /** C&W image by image; the others, which draw or stop at the boundary itself, within the reference's sampling interval. */
    @Test
    void outcomesOfIterativeAttacksAgreeWithTorchattacks() throws IOException {
        JsonNode reference = new ObjectMapper().readTree(getClass().getResourceAsStream("/outcomes/torchattacks.json"));
        LabelledImages images = TestData.cifarTest(128);
        List<String> disagreements = new ArrayList<>();
        for (JsonNode result : reference.get("results")) {
            try (NDManager manager = TestData.manager()) {
                NeuralNetwork network =
                        TestData.published(manager, result.get("network").asText() + "_ConvNet_CIFAR10_50_None.pth");
                String all = result.get("perImage").asText();
                int count = Math.min(AUTOATTACK_IMAGES, all.length());
                String expected = all.substring(0, count);
                AttackSettings settings = settings(result);
                String seen = outcomes(manager, network, images, settings, count);
                boolean agrees = settings.name().equals(Attacks.CW)
                        ? differences(seen, expected) <= count / 100
                        : Interval.wilson(robust(expected), count).contains(100.0 * robust(seen) / count);
                if (!agrees) {
                    disagreements.add(
                            result.get("network").asText() + " " + settings + ": " + seen + " for " + expected);
                }
            }
        }
        assertThat(reference.get("results")).hasSize(20);
        assertThat(disagreements).isEmpty();
    }

    private static long differences(String one, String other) {
        return IntStream.range(0, one.length())
                .filter(i -> one.charAt(i) != other.charAt(i))
                .count();
    }

    @Test
    void apgdOfAHundredStepsIsAtLeastAsStrongAsPgd() throws IOException {
        LabelledImages images = TestData.cifarTest(AUTOATTACK_IMAGES);
        try (NDManager manager = TestData.manager()) {
            NeuralNetwork network = TestData.published(manager, "DM_ConvNet_CIFAR10_50_None.pth");
            var pgd = new AttackSettings("pgd", Space.PIXEL, false, 2 / 255.0, 0.5 / 255, 100, true);
            var apgd = new AttackSettings("apgd_ce", Space.PIXEL, false, 2 / 255.0, 0, 100, true);
            assertThat(robust(outcomes(manager, network, images, apgd, AUTOATTACK_IMAGES)))
                    .isLessThanOrEqualTo(robust(outcomes(manager, network, images, pgd, AUTOATTACK_IMAGES)));
        }
    }

    private static long robust(String outcomes) {
        return outcomes.chars().filter(outcome -> outcome == '1').count();
    }

    private static String outcomes(
            NDManager manager, NeuralNetwork network, LabelledImages images, AttackSettings settings, int count) {
        StringBuilder outcomes = new StringBuilder();
        for (int from = 0; from < count; from += BATCH) {
            int[] ids = IntStream.range(from, Math.min(count, from + BATCH)).toArray();
            int[] labels = images.labels(ids);
            AttackTask task =
                    new AttackTask(settings, images.shape(), images.bytes(ids), labels, Optional.empty(), new Seed(0));
            try (NDManager scope = manager.newSubManager()) {
                var perturbed = task.run(scope, network, TestData.CIFAR10).images();
                int[] predicted = new ThreatModel(settings.space(), TestData.CIFAR10)
                        .view(network)
                        .predict(perturbed);
                for (int i = 0; i < labels.length; i++) {
                    outcomes.append(predicted[i] == labels[i] ? '1' : '0');
                }
            }
        }
        return outcomes.toString();
    }

    private static AttackSettings settings(JsonNode result) {
        return new AttackSettings(
                result.get("attack").asText(),
                Space.valueOf(result.get("space").asText().toUpperCase(Locale.ROOT)),
                result.get("targeted").asBoolean(),
                fraction(result.path("epsilon").asText("0")),
                fraction(result.path("stepSize").asText("0")),
                result.path("steps").asInt(),
                false);
    }

    private static double fraction(String text) {
        String[] parts = text.split("/");
        return Double.parseDouble(parts[0]) / (parts.length > 1 ? Double.parseDouble(parts[1]) : 1);
    }
}
