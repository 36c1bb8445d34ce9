package dev.romestream.robustness.distill;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.romestream.robustness.TestData;
import dev.romestream.robustness.network.Architecture;
import dev.romestream.robustness.network.ImageShape;
import dev.romestream.robustness.network.NeuralNetwork;
import dev.romestream.robustness.tensor.Seed;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SoftLabelsTest {
    private static final ImageShape SHAPE = new ImageShape(3, 8, 8);
    private static final Architecture ARCHITECTURE = new Architecture("convnet", 4, 2);

    private static NeuralNetwork network(NDManager manager, int seed) {
        NDList parameters = NeuralNetwork.initialParameters(manager, ARCHITECTURE, SHAPE, 3, new Seed(seed));
        return new NeuralNetwork(ARCHITECTURE, SHAPE, 3, parameters);
    }

    /** Against a softmax by hand, image by image; of more images than are asked about at once. */
    @ParameterizedTest
    @CsvSource({"5, false, 1", "300, false, 2.5", "70, true, 0.5"})
    void theyAreTheMeanOfTheTeachersSoftmax(int count, boolean mosaics, double temperature) {
        try (NDManager manager = TestData.manager()) {
            NDArray stored = manager.create(new Seed(7).uniform(count * SHAPE.size(), -2, 2), SHAPE.batch(count));
            List<NeuralNetwork> teachers =
                    Stream.of(1, 2).map(seed -> network(manager, seed)).toList();
            int held = manager.getManagedArrays().size();
            float[] rows = SoftLabels.of(manager, teachers, stored, mosaics, temperature);
            assertThat(manager.getManagedArrays()).hasSize(held);
            NDArray images = SyntheticSet.expanded(stored, mosaics);
            assertThat(rows).hasSize((mosaics ? 4 : 1) * count * 3);
            float[] first = teachers.get(0).logits(images).toFloatArray();
            float[] second = teachers.get(1).logits(images).toFloatArray();
            for (int row = 0; row < rows.length; row += 3) {
                for (int label = 0; label < 3; label++) {
                    double mean =
                            (softmax(first, row, label, temperature) + softmax(second, row, label, temperature)) / 2;
                    assertThat((double) rows[row + label]).isCloseTo(mean, within(1e-5));
                }
            }
        }
    }

    private static double softmax(float[] logits, int row, int label, double temperature) {
        double sum = 0;
        for (int i = row; i < row + 3; i++) {
            sum += Math.exp(logits[i] / temperature);
        }
        return Math.exp(logits[row + label] / temperature) / sum;
    }
}
