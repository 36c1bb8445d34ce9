package dev.romestream.robustness.network;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.romestream.robustness.tensor.Program;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * A 3x3 convolution of few channels, its outputs in the order in which 2x2 windows are pooled: one matrix product of the weights with
 * the 4x4 patch under each window. The engine's own convolution takes several times as long for the gradient of so few
 * channels, and pooling becomes a mean over an axis.
 *
 * @param height of the image
 * @param width of the image
 */
record WindowConvolution(Layer.Convolution convolution, int height, int width) {
    private static final int KERNEL = 3;
    private static final int WINDOW = 2;
    private static final int OUTPUTS = WINDOW * WINDOW;
    /** Side of the patch that the outputs of a window see. */
    private static final int PATCH = KERNEL + WINDOW - 1;
    /** More channels than these, and the engine's convolution is the faster one. */
    private static final int MOST_CHANNELS = 4;

    /** By the padding: with the norm's scale and shift in {@code at[0]} and {@code at[1]} and the weights in {@code at[2]}. */
    private static final Map<Integer, Program> PROGRAMS =
            IntStream.of(1, 3).boxed().collect(Collectors.toMap(padding -> padding, WindowConvolution::program));

    private static Program program(int padding) {
        return Program.of("patches = torch.im2col(x, [4, 4], [1, 1], [%1$d, %1$d], [2, 2])\n".formatted(padding)
                + """
                outputs = torch.matmul(at[2], torch.type_as(patches, at[2]))
                h = torch.reshape(outputs, [torch.size(x, 0), -1, 4, torch.size(patches, 2)])
                h = torch.relu_(%s)
                return [torch.mean(h, [2], False)]
                """.formatted(Layer.InstanceNorm.NORMED));
    }

    /**
     * A 3x3 convolution and the 2x2 pooling after it, as one, for images of a shape; empty where the convolution has another kernel,
     * a stride, more than {@value #MOST_CHANNELS} channels, or a padding that no network here has.
     *
     * @param images {@code (N, C, H, W)}
     */
    static Optional<WindowConvolution> of(Layer.Convolution convolution, Shape images) {
        if (convolution.kernel() != KERNEL
                || convolution.stride() != 1
                || convolution.in() > MOST_CHANNELS
                || !PROGRAMS.containsKey(convolution.padding())) {
            return Optional.empty();
        }
        int height = Math.toIntExact(images.get(2));
        int width = Math.toIntExact(images.get(3));
        var form = new WindowConvolution(convolution, height, width);
        return form.outputs(height) % WINDOW == 0 && form.outputs(width) % WINDOW == 0
                ? Optional.of(form)
                : Optional.empty();
    }

    /** Windows one above the other. */
    int rows() {
        return outputs(height) / WINDOW;
    }

    /** Windows side by side. */
    int columns() {
        return outputs(width) / WINDOW;
    }

    private int outputs(int side) {
        return side + 2 * convolution.padding() - KERNEL + 1;
    }

    private int places() {
        return convolution.in() * PATCH * PATCH;
    }

    /** Weights {@code (out, in, 3, 3)} as {@link #PROGRAMS} take them, {@code (4 * out, in * 16)}. */
    private NDArray weight(NDArray weight) {
        long out = weight.getShape().get(0);
        return weight.reshape(out, -1).matMul(embedding(weight.getManager())).reshape(OUTPUTS * out, places());
    }

    /**
     * The convolution, then {@code norm}, ReLU and the pooling: {@code (N, out, rows, columns)}.
     *
     * @param x {@code (N, in, H, W)}
     */
    NDArray block(NDArray x, Layer.InstanceNorm norm, Parameters parameters) {
        NDArray weight = parameters.derived(x, convolution.name() + " for " + this, manager -> parameters
                .precision()
                .of(weight(parameters.constant(manager, convolution.name() + ".weight"))));
        try (NDArray pooled = PROGRAMS.get(convolution.padding())
                .apply(x, norm.scale(parameters), norm.shift(parameters), weight)
                .head()) {
            return pooled.reshape(x.getShape().get(0), convolution.out(), rows(), columns());
        }
    }

    /** {@code (in * 9, 4 * in * 16)}: where in the patch each weight lies, for each of the window's outputs. */
    private NDArray embedding(NDManager manager) {
        int weights = convolution.in() * KERNEL * KERNEL;
        float[] ones = new float[weights * OUTPUTS * places()];
        for (int weight = 0; weight < weights; weight++) {
            int channel = weight / (KERNEL * KERNEL);
            int row = weight / KERNEL % KERNEL;
            int column = weight % KERNEL;
            for (int output = 0; output < OUTPUTS; output++) {
                int place = (channel * PATCH + row + output / WINDOW) * PATCH + column + output % WINDOW;
                ones[(weight * OUTPUTS + output) * places() + place] = 1;
            }
        }
        return manager.create(ones, new Shape(weights, (long) OUTPUTS * places()));
    }
}
