package dev.romestream.robustness.network;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.romestream.robustness.TestData;
import dev.romestream.robustness.tensor.Autograd;
import dev.romestream.robustness.tensor.Precision;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Convolutions of all architectures, against the sums that define them; whole numbers, so that these are exact. */
class ConvolutionTest {
    private static final int IMAGES = 2;
    private static final int SIDE = 8;

    private static float[] whole(int count, int step) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = i * step % 17 % 5 - 2;
        }
        return values;
    }

    /** In freed memory, which the next arrays get: whatever uses it before it is written shows. */
    private static void leaveNaN(NDManager parent, int... sizes) {
        try (NDManager manager = parent.newSubManager()) {
            for (int size : sizes) {
                for (int i = 0; i < 3; i++) {
                    manager.full(new Shape(size), Float.NaN);
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "1, 6, 5, 1, 2",
        "6, 16, 5, 1, 0",
        "3, 8, 3, 1, 1",
        "8, 8, 3, 1, 1",
        "8, 32, 3, 1, 1",
        "3, 128, 3, 1, 1",
        "20, 20, 3, 1, 1",
        "20, 32, 3, 1, 1",
        "32, 20, 3, 1, 1",
        "32, 32, 3, 1, 1",
        "32, 64, 3, 2, 1",
        "32, 64, 1, 2, 0",
        "20, 24, 1, 2, 0"
    })
    void valuesAndGradientsAreTheSums(int in, int out, int kernel, int stride, int padding) {
        int side = (SIDE + 2 * padding - kernel) / stride + 1;
        float[] x = whole(IMAGES * in * SIDE * SIDE, 7);
        float[] weight = whole(out * in * kernel * kernel, 11);
        float[] bias = whole(out, 3);
        float[] factors = whole(IMAGES * out * side * side, 13);
        float[] output = new float[factors.length];
        float[] byX = new float[x.length];
        float[] byWeight = new float[weight.length];
        for (int to = 0; to < output.length; to++) {
            int channel = to / (side * side) % out;
            output[to] += bias[channel];
            for (int place = 0; place < in * kernel * kernel; place++) {
                int row = to / side % side * stride + place / kernel % kernel - padding;
                int column = to % side * stride + place % kernel - padding;
                if (row >= 0 && row < SIDE && column >= 0 && column < SIDE) {
                    int image = to / (side * side * out);
                    int from = ((image * in + place / (kernel * kernel)) * SIDE + row) * SIDE + column;
                    int of = channel * in * kernel * kernel + place;
                    output[to] += x[from] * weight[of];
                    byX[from] += factors[to] * weight[of];
                    byWeight[of] += factors[to] * x[from];
                }
            }
        }
        var convolution = new Layer.Convolution("c", in, out, kernel, stride, padding, true);
        try (NDManager manager = TestData.manager()) {
            NDList at = new NDList(
                    manager.create(x, new Shape(IMAGES, in, SIDE, SIDE)),
                    manager.create(weight, new Shape(out, in, kernel, kernel)));
            NDArray shift = manager.create(bias);
            for (int round = 0; round < 3; round++) {
                leaveNaN(manager, 32 * 64 * kernel * kernel, 32 * 32 * kernel * kernel, IMAGES * 32 * SIDE * SIDE);
                NDArray[] seen = new NDArray[1];
                Autograd.Gradients gradients = Autograd.gradients(at, leaves -> {
                    Parameters parameters = Parameters.of(Map.of("c.weight", leaves.get(1), "c.bias", shift), true);
                    seen[0] = convolution.forward(leaves.get(0), parameters);
                    return seen[0].mul(manager.create(factors, seen[0].getShape()))
                            .sum();
                });
                assertThat(seen[0].toFloatArray()).isEqualTo(output);
                assertThat(gradients.gradients().get(0).toFloatArray()).isEqualTo(byX);
                assertThat(gradients.gradients().get(1).toFloatArray()).isEqualTo(byWeight);
            }
        }
    }

    /** Whole numbers up to 256 are exact in eight bits of mantissa, and so are their sums in float32; what goes on is rounded. */
    @ParameterizedTest
    @CsvSource({
        "16, 32, 3, 1, 1",
        "32, 64, 3, 2, 1",
        "32, 16, 1, 2, 0",
        "20, 20, 3, 1, 1",
        "3, 16, 3, 1, 1",
        "6, 16, 5, 1, 2"
    })
    void craftingInBfloat16IsNearTheExactOne(int in, int out, int kernel, int stride, int padding) {
        var convolution = new Layer.Convolution("c", in, out, kernel, stride, padding, true);
        try (NDManager manager = TestData.manager();
                NDManager keeper = manager.newSubManager()) {
            NDArray x = manager.create(whole(IMAGES * in * SIDE * SIDE, 7), new Shape(IMAGES, in, SIDE, SIDE));
            Parameters exact = Parameters.of(
                    Map.of(
                            "c.weight",
                            manager.create(whole(out * in * kernel * kernel, 11), new Shape(out, in, kernel, kernel)),
                            "c.bias",
                            manager.create(whole(out, 3))),
                    false);
            Parameters crafting = exact.kept(keeper, Precision.BFLOAT16);
            NDArray wanted = convolution.forward(x, exact);
            NDArray rounded = convolution.forward(x, crafting);
            assertThat(rounded.getDataType())
                    .as("DJL has no name for bfloat16")
                    .isEqualTo(in % 16 == 0 && out % 16 == 0 ? DataType.UNKNOWN : DataType.FLOAT32);
            NDArray seen = Precision.as(x, rounded);
            double tolerance = wanted.abs().max().getFloat() / 256;
            assertThat(seen.sub(wanted).abs().max().getFloat()).isLessThanOrEqualTo((float) tolerance);
            NDArray byX =
                    Autograd.gradient(x, at -> convolution.forward(at, exact).sum());
            NDArray nearly = Autograd.gradient(
                    x, at -> Precision.as(at, convolution.forward(at, crafting)).sum());
            assertThat(nearly.sub(byX).abs().max().getFloat())
                    .isLessThanOrEqualTo(byX.abs().max().getFloat() / 128);
        }
    }
}
