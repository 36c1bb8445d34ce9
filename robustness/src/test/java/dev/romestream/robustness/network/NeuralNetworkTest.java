package dev.romestream.robustness.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.romestream.robustness.TestData;
import dev.romestream.robustness.tensor.Autograd;
import dev.romestream.robustness.tensor.Precision;
import dev.romestream.robustness.tensor.Seed;
import dev.romestream.robustness.tensor.Tensors;
import dev.romestream.robustness.train.CrossEntropy;
import java.util.List;
import org.junit.jupiter.api.Test;

class NeuralNetworkTest {
    private static final ImageShape SHAPE = new ImageShape(2, 4, 4);

    /** One block by hand: convolution 3x3 with padding, instance norm with biased variance, ReLU, mean of 2x2, linear. */
    @Test
    void logitsAgreeWithAPlainJavaCalculation() {
        try (NDManager manager = TestData.manager()) {
            NeuralNetwork network = TestData.randomNetwork(manager, 3, 1, SHAPE, 2);
            NDArray gamma = manager.create(new float[] {0.5f, 2, -1});
            NDArray beta = manager.create(new float[] {0.1f, -0.2f, 0.3f});
            NDList parameters = new NDList(network.parameters());
            parameters.set(2, gamma);
            parameters.set(3, beta);
            network = network.withParameters(parameters);
            float[] image = new Seed(9).uniform(2 * SHAPE.size(), -1, 1);
            float[] logits =
                    network.logits(manager.create(image, SHAPE.batch(2))).toFloatArray();
            double[] byHand = byHand(network.parameters(), image);
            for (int i = 0; i < byHand.length; i++) {
                assertThat((double) logits[i]).isCloseTo(byHand[i], within(1e-4));
            }
        }
    }

    private static double[] byHand(NDList parameters, float[] images) {
        float[] weight = parameters.get(0).toFloatArray();
        float[] bias = parameters.get(1).toFloatArray();
        float[] gamma = parameters.get(2).toFloatArray();
        float[] beta = parameters.get(3).toFloatArray();
        float[] linear = parameters.get(4).toFloatArray();
        float[] offset = parameters.get(5).toFloatArray();
        double[] logits = new double[4];
        for (int n = 0; n < 2; n++) {
            double[] features = new double[12];
            for (int o = 0; o < 3; o++) {
                double[][] map = new double[4][4];
                double sum = 0;
                double squares = 0;
                for (int y = 0; y < 4; y++) {
                    for (int x = 0; x < 4; x++) {
                        double value = bias[o];
                        for (int c = 0; c < 2; c++) {
                            for (int ky = 0; ky < 3; ky++) {
                                for (int kx = 0; kx < 3; kx++) {
                                    int iy = y + ky - 1;
                                    int ix = x + kx - 1;
                                    if (iy >= 0 && iy < 4 && ix >= 0 && ix < 4) {
                                        value += weight[((o * 2 + c) * 3 + ky) * 3 + kx]
                                                * images[((n * 2 + c) * 4 + iy) * 4 + ix];
                                    }
                                }
                            }
                        }
                        map[y][x] = value;
                        sum += value;
                        squares += value * value;
                    }
                }
                double mean = sum / 16;
                double scale = 1 / Math.sqrt(squares / 16 - mean * mean + 1e-5);
                for (int y = 0; y < 4; y++) {
                    for (int x = 0; x < 4; x++) {
                        double normed = Math.max(0, (map[y][x] - mean) * scale * gamma[o] + beta[o]);
                        features[o * 4 + y / 2 * 2 + x / 2] += normed / 4;
                    }
                }
            }
            for (int k = 0; k < 2; k++) {
                logits[n * 2 + k] = offset[k];
                for (int f = 0; f < 12; f++) {
                    logits[n * 2 + k] += linear[k * 12 + f] * features[f];
                }
            }
        }
        return logits;
    }

    @Test
    void gradientsAgreeWithFiniteDifferences() {
        try (NDManager manager = TestData.manager()) {
            NeuralNetwork network = TestData.randomNetwork(manager, 4, 2, SHAPE, 3);
            float[] image = new Seed(2).uniform(SHAPE.size(), -1, 1);
            NDArray oneHot = Tensors.oneHot(manager, new int[] {1}, 3);
            NDArray at = manager.create(image, SHAPE.batch(1));
            float[] gradient = Autograd.gradient(at, x -> CrossEntropy.mean(network.logits(x), oneHot))
                    .toFloatArray();
            float step = 1e-2f;
            for (int i = 0; i < image.length; i += 5) {
                double[] sides = new double[2];
                for (int side = 0; side < 2; side++) {
                    float[] moved = image.clone();
                    moved[i] += side == 0 ? -step : step;
                    sides[side] = Tensors.scalar(
                            CrossEntropy.mean(network.logits(manager.create(moved, SHAPE.batch(1))), oneHot));
                }
                assertThat((double) gradient[i]).isCloseTo((sides[1] - sides[0]) / (2 * step), within(5e-3));
            }
        }
    }

    @Test
    void parametersLineUpWithPyTorchsStateDict() {
        assertThat(NeuralNetwork.parameterShapes(new Architecture("convnet", 128, 3), TestData.CIFAR_SHAPE, 10))
                .containsEntry("features.0.weight", new Shape(128, 3, 3, 3))
                .containsEntry("features.9.bias", new Shape(128))
                .containsEntry("classifier.weight", new Shape(10, 2048))
                .hasSize(14);
    }

    @Test
    void aParameterOfTheWrongShapeIsNamed() {
        try (NDManager manager = TestData.manager()) {
            NeuralNetwork network = TestData.randomNetwork(manager, 4, 1, SHAPE, 3);
            NDList parameters = new NDList(network.parameters());
            parameters.set(2, manager.ones(new Shape(5)));
            assertThatThrownBy(() -> network.withParameters(parameters))
                    .hasMessageContaining("features.1.weight")
                    .hasMessageContaining("(5)");
        }
    }

    @Test
    void anImageDoesNotDependOnItsBatch() {
        try (NDManager manager = TestData.manager()) {
            NeuralNetwork network = TestData.randomNetwork(manager, 4, 2, SHAPE, 3);
            NDArray images = manager.create(new Seed(8).uniform(5 * SHAPE.size(), -1, 1), SHAPE.batch(5));
            float[] together = network.logits(images).toFloatArray();
            float[] alone = network.logits(images.get("3:4")).toFloatArray();
            for (int k = 0; k < 3; k++) {
                assertThat(together[9 + k]).isCloseTo(alone[k], within(1e-5f));
            }
        }
    }

    @Test
    void aPreparedNetworkAnswersTheSameAndKeepsItsConstantsOnce() {
        try (NDManager manager = TestData.manager();
                NDManager keeper = manager.newSubManager()) {
            Normalization normalization = new Normalization(List.of(0.5, 0.25), List.of(0.2, 0.1));
            Classifier network = TestData.randomNetwork(manager, 4, 2, SHAPE, 3).after(normalization::normalise);
            Classifier prepared = network.prepared(keeper, Precision.FLOAT32);
            float[] images = new Seed(8).uniform(5 * SHAPE.size(), -1, 1);
            int held = 0;
            for (int pass = 0; pass < 3; pass++) {
                try (NDManager scope = manager.newSubManager()) {
                    NDArray batch = scope.create(images, SHAPE.batch(5));
                    assertThat(prepared.logits(batch).toFloatArray())
                            .isEqualTo(network.logits(batch).toFloatArray());
                    assertThat(gradient(prepared, batch)).isEqualTo(gradient(network, batch));
                }
                int now = keeper.getManagedArrays().size();
                assertThat(now).isPositive();
                assertThat(pass == 0 ? now : held).isEqualTo(now);
                held = now;
            }
        }
    }

    private static float[] gradient(Classifier network, NDArray images) {
        return Autograd.gradient(images, x -> network.logits(x).square().sum()).toFloatArray();
    }

    @Test
    void normalisationIsUndone() {
        try (NDManager manager = TestData.manager()) {
            Normalization normalization = new Normalization(List.of(0.5, 0.25), List.of(0.2, 0.1));
            NDArray pixels = manager.create(new float[] {0.7f, 0.35f}, new Shape(1, 2, 1, 1));
            NDArray images = normalization.normalise(pixels);
            assertThat(images.toFloatArray()).containsExactly(new float[] {1, 1}, within(1e-5f));
            assertThat(normalization.denormalise(images).toFloatArray())
                    .containsExactly(pixels.toFloatArray(), within(1e-6f));
        }
    }
}
