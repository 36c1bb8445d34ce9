package dev.romestream.robustness.example;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.romestream.robustness.attack.Attack;
import dev.romestream.robustness.attack.AttackSettings;
import dev.romestream.robustness.attack.Attacks;
import dev.romestream.robustness.metric.Interval;
import dev.romestream.robustness.network.Architecture;
import dev.romestream.robustness.network.Classifier;
import dev.romestream.robustness.network.ImageShape;
import dev.romestream.robustness.network.NeuralNetwork;
import dev.romestream.robustness.network.Normalization;
import dev.romestream.robustness.network.StateDict;
import dev.romestream.robustness.network.ThreatModel;
import dev.romestream.robustness.tensor.Seed;
import dev.romestream.robustness.tensor.Tensors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The example of docs/library.md, line by line, as a program. */
class LibraryExampleTest {
    private static final Path PAGE = Path.of("../docs/library.md");
    private static final Path SOURCE =
            Path.of("src/test/java/dev/romestream/robustness/example/LibraryExampleTest.java");

    // begin
    private static int right(Classifier network, NDArray images, int[] labels) {
        int[] predicted = network.predict(images);
        int right = 0;
        for (int i = 0; i < labels.length; i++) {
            right += predicted[i] == labels[i] ? 1 : 0;
        }
        return right;
    }

    private static String attacked(Path file, float[] pixels, int[] labels) throws IOException {
        try (NDManager manager = Tensors.manager("auto", 1)) {
            StateDict parameters = StateDict.read(file);
            ImageShape shape = new ImageShape(3, 32, 32);
            Architecture architecture = Architecture.of(Architecture.CONVNET, parameters);
            NeuralNetwork network = NeuralNetwork.of(manager, architecture, shape, 10, parameters);

            // pixels in [0, 1]; the network takes normalised images, and its view takes pixels
            Normalization normalization =
                    new Normalization(List.of(0.4914, 0.4822, 0.4465), List.of(0.2023, 0.1994, 0.2010));
            Classifier view = new ThreatModel(ThreatModel.Space.PIXEL, normalization).view(network);
            NDArray images = manager.create(pixels, shape.batch(labels.length));

            AttackSettings spec =
                    new AttackSettings(Attacks.PGD, ThreatModel.Space.PIXEL, false, 2 / 255.0, 0.5 / 255, 10, true);
            Attack.Perturbation made = Attacks.create(spec).perturb(view, images, labels, new Seed(7).with("example"));

            int right = right(view, made.images(), labels);
            return right + " of " + labels.length + " after "
                    + made.gradientEvaluations() / labels.length + " gradients an image, 95 % "
                    + Interval.wilson(right, labels.length);
        }
    }
    // end

    @Test
    void itDoesWhatItSays() throws IOException {
        int[] labels = {1, 2, 3, 4};
        float[] pixels = new float[labels.length * 3 * 32 * 32];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = i % 97 / 96f;
        }
        assertThat(attacked(Path.of("src/test/resources/networks/convnet.pth"), pixels, labels))
                .matches("[0-4] of 4 after 10 gradients an image, 95 % Interval\\[low=.*");
    }

    @Test
    void thePageHasItsLines() throws IOException {
        List<String> lines = Files.readAllLines(SOURCE);
        String code = lines.subList(lines.indexOf("    // begin") + 1, lines.indexOf("    // end")).stream()
                .map(String::strip)
                .filter(line -> !line.isEmpty())
                .collect(Collectors.joining("\n"));
        String page = Files.readAllLines(PAGE).stream().map(String::strip).collect(Collectors.joining("\n"));
        assertThat(page.replace("\n\n", "\n")).contains(code);
    }
}
