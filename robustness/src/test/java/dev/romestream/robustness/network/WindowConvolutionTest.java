package dev.romestream.robustness.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import dev.romestream.robustness.TestData;
import dev.romestream.robustness.tensor.Autograd;
import dev.romestream.robustness.tensor.Seed;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WindowConvolutionTest {
    private static final int OUT = 5;
    private static final int IMAGES = 3;

    private static Layer.Convolution convolution(int channels, int kernel, int stride, int padding) {
        return new Layer.Convolution("features.0", channels, OUT, kernel, stride, padding, false);
    }

    private static void assertClose(NDArray seen, NDArray expected) {
        assertThat(seen.getShape()).isEqualTo(expected.getShape());
        assertThat(seen.toFloatArray()).containsExactly(expected.toFloatArray(), within(1e-5f));
    }

    @ParameterizedTest
    @CsvSource({"3, 8, 8, 1", "1, 28, 28, 3", "2, 6, 10, 1", "4, 6, 8, 1", "1, 2, 2, 1"})
    void pooledValuesAndGradientsAreThoseOfTheConvolution(int channels, int height, int width, int padding) {
        try (NDManager manager = TestData.manager()) {
            Layer.Convolution convolution = convolution(channels, 3, 1, padding);
            NDArray images = manager.create(
                    new Seed(1).uniform(IMAGES * channels * height * width, -1, 1),
                    new Shape(IMAGES, channels, height, width));
            NDArray weight =
                    manager.create(new Seed(2).uniform(OUT * channels * 9, -1, 1), new Shape(OUT, channels, 3, 3));
            Layer.InstanceNorm norm = new Layer.InstanceNorm("features.1", OUT);
            Parameters parameters = Parameters.of(
                    Map.of(
                            "features.0.weight",
                            weight,
                            "features.1.weight",
                            manager.create(new Seed(4).uniform(OUT, -2, 2), new Shape(OUT)),
                            "features.1.bias",
                            manager.create(new Seed(5).uniform(OUT, -1, 1), new Shape(OUT))),
                    false);
            WindowConvolution form =
                    WindowConvolution.of(convolution, images.getShape()).orElseThrow();
            UnaryOperator<NDArray> direct = x -> new Layer.AveragePool(2)
                    .forward(Activation.relu(norm.forward(convolution.forward(x, parameters), parameters)), parameters);
            UnaryOperator<NDArray> windowed = x -> form.block(x, norm, parameters);

            NDArray pooled = direct.apply(images);
            assertClose(windowed.apply(images), pooled);
            NDArray factors = manager.create(new Seed(3).uniform((int) pooled.size(), -1, 1), pooled.getShape());
            assertClose(
                    Autograd.gradient(
                            images, x -> windowed.apply(x).mul(factors).sum()),
                    Autograd.gradient(images, x -> direct.apply(x).mul(factors).sum()));
        }
    }

    @Test
    void thereIsNoneForOtherConvolutionsAndForWindowsThatLeaveARest() {
        assertThat(WindowConvolution.of(convolution(3, 3, 1, 1), new Shape(1, 3, 7, 8)))
                .isEmpty();
        assertThat(WindowConvolution.of(convolution(3, 3, 1, 1), new Shape(1, 3, 8, 7)))
                .isEmpty();
        assertThat(WindowConvolution.of(convolution(5, 3, 1, 1), new Shape(1, 5, 8, 8)))
                .isEmpty();
        assertThat(WindowConvolution.of(convolution(3, 5, 1, 2), new Shape(1, 3, 8, 8)))
                .isEmpty();
        assertThat(WindowConvolution.of(convolution(3, 3, 2, 1), new Shape(1, 3, 8, 8)))
                .isEmpty();
        assertThat(WindowConvolution.of(convolution(3, 3, 1, 2), new Shape(1, 3, 8, 8)))
                .isEmpty();
    }
}
