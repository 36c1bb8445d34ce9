package dev.romestream.robustness.network;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Optional;

/**
 * A 3x3 convolution of few channels, its outputs in the order in which 2x2 windows are pooled: one matrix product of the weights with
 * the 4x4 patch under each window. The engine's own convolution takes several times as long for the gradient of so few
 * channels, and pooling becomes a mean over an axis.
 *
 * @param channels of the image
 * @param padding zeros around it
 */
record WindowConvolution(int channels, int height, int width, int padding) {
    private static final int KERNEL = 3;
    private static final int WINDOW = 2;
    private static final int OUTPUTS = WINDOW * WINDOW;
    /** Side of the patch that the outputs of a window see. */
    private static final int PATCH = KERNEL + WINDOW - 1;
    /** More channels than these, and the engine's convolution is the faster one. */
    private static final int MOST_CHANNELS = 4;

    /**
     * A 3x3 convolution and the 2x2 pooling after it, as one, for images of a shape; empty where the convolution has another kernel,
     * a stride, or more than {@value #MOST_CHANNELS} channels.
     *
     * @param images {@code (N, C, H, W)}
     */
    static Optional<WindowConvolution> of(Layer.Convolution convolution, Shape images) {
        if (convolution.kernel() != KERNEL || convolution.stride() != 1 || convolution.in() > MOST_CHANNELS) {
            return Optional.empty();
        }
        int height = Math.toIntExact(images.get(2));
        int width = Math.toIntExact(images.get(3));
        var form = new WindowConvolution(convolution.in(), height, width, convolution.padding());
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
        return side + 2 * padding - KERNEL + 1;
    }

    private int places() {
        return channels * PATCH * PATCH;
    }

    /** Weights {@code (out, in, 3, 3)} as {@link #apply} takes them. */
    NDArray weight(NDArray weight) {
        long out = weight.getShape().get(0);
        return weight.reshape(out, -1).matMul(embedding(weight.getManager())).reshape(1, OUTPUTS * out, places());
    }

    /**
     * {@code (N, out, 4, windows)}: the outputs of each window along the third axis, windows row by row along the last.
     *
     * @param x {@code (N, in, H, W)}
     */
    NDArray apply(NDArray x, NDArray weight, Parameters parameters) {
        try (NDArray patches = patches(x, parameters);
                NDArray product = product(weight, patches)) {
            return product.reshape(
                    x.getShape().get(0), weight.getShape().get(1) / OUTPUTS, OUTPUTS, (long) rows() * columns());
        }
    }

    /** {@code (N, in * 16, windows)}: the patches under the windows. */
    private NDArray patches(NDArray x, Parameters parameters) {
        NDArray left = parameters.derived(x, this + " rows", manager -> picks(manager, height));
        NDArray right = parameters.derived(
                x, this + " columns", manager -> picks(manager, width).transpose());
        try (NDArray lines = x.reshape(-1, height, width);
                NDArray byColumn = lines.matMul(right);
                NDArray both = product(left, byColumn);
                NDArray places = both.reshape(-1, PATCH, rows(), PATCH, columns());
                NDArray ordered = places.transpose(0, 1, 3, 2, 4)) {
            return ordered.reshape(x.getShape().get(0), places(), (long) rows() * columns());
        }
    }

    /** Of a constant from the left; it belongs where {@code x} does. */
    private static NDArray product(NDArray constant, NDArray x) {
        NDArray product = constant.matMul(x);
        product.attach(x.getManager());
        return product;
    }

    /** {@code (4 * windows, side)}: row (place in the patch, window) picks that pixel, or none in the padding. */
    private NDArray picks(NDManager manager, int side) {
        int windows = outputs(side) / WINDOW;
        float[] ones = new float[PATCH * windows * side];
        for (int place = 0; place < PATCH; place++) {
            for (int window = 0; window < windows; window++) {
                int pixel = WINDOW * window + place - padding;
                if (pixel >= 0 && pixel < side) {
                    ones[(place * windows + window) * side + pixel] = 1;
                }
            }
        }
        return manager.create(ones, new Shape((long) PATCH * windows, side));
    }

    /** {@code (in * 9, 4 * in * 16)}: where in the patch each weight lies, for each of the window's outputs. */
    private NDArray embedding(NDManager manager) {
        int weights = channels * KERNEL * KERNEL;
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
