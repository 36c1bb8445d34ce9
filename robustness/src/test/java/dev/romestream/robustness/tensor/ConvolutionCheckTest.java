package dev.romestream.robustness.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.convolutional.Conv2d;
import dev.romestream.robustness.TestData;
import org.junit.jupiter.api.Test;

class ConvolutionCheckTest {
    private static NDArray convolution(NDArray x, NDArray weight) {
        return Conv2d.conv2d(x, weight, null, new Shape(1, 1), new Shape(1, 1)).head();
    }

    @Test
    void theEngineIsRightOnceItIsStarted() {
        try (NDManager manager = TestData.manager()) {
            assertThat(ConvolutionCheck.isRight(manager, ConvolutionCheckTest::convolution, ConvolutionCheck.WHOLE))
                    .isTrue();
        }
    }

    @Test
    void aWrongValueOrGradientIsFound() {
        try (NDManager manager = TestData.manager()) {
            assertThat(ConvolutionCheck.isRight(
                            manager,
                            (x, weight) -> {
                                NDArray result = convolution(x, weight);
                                return result.add(manager.ones(new Shape(1)));
                            },
                            ConvolutionCheck.WHOLE))
                    .isFalse();
            assertThat(ConvolutionCheck.isRight(
                            manager,
                            (x, weight) -> {
                                NDArray result = convolution(x, weight);
                                return result.add(x.sub(x.stopGradient()));
                            },
                            ConvolutionCheck.WHOLE))
                    .as("the gradient alone")
                    .isFalse();
        }
    }

    @Test
    void convolutionsAreRightWithoutOneDnn() {
        try (NDManager manager = TestData.manager()) {
            ConvolutionCheck.useOneDnn(false);
            for (int channels : new int[] {ConvolutionCheck.WHOLE, ConvolutionCheck.PART}) {
                assertThat(ConvolutionCheck.isRight(manager, ConvolutionCheckTest::convolution, channels))
                        .isTrue();
            }
        } finally {
            ConvolutionCheck.useOneDnn(true);
        }
    }
}
