package dev.romestream.robustness.tensor;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.pytorch.jni.LibUtils;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.BinaryOperator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether the engine's convolutions on this processor are right. oneDNN fills up channels to a multiple of 16; there are processors on
 * which it leaves what it adds as the memory was, and values and gradients are wrong without a word. Networks of this project have
 * whole multiples, or fill them up themselves; those that others have programmed run without oneDNN there.
 */
final class ConvolutionCheck {
    private static final Logger LOG = LoggerFactory.getLogger(ConvolutionCheck.class);

    /** PyTorch takes oneDNN for more than one image only. */
    private static final int IMAGES = 2;

    /** A multiple of 16. */
    static final int WHOLE = 32;

    /** No multiple of 16, nor of 8. */
    static final int PART = 20;

    private static final int SIDE = 8;
    private static final int KERNEL = 3;
    private static final int PADDED_PIXELS = IMAGES * WHOLE * SIDE * SIDE;
    private static final int PADDED_WEIGHTS = WHOLE * WHOLE * KERNEL * KERNEL;

    private static final int ROUNDS = 3;

    private static boolean done;
    private static boolean wrongForOthers;
    private static boolean told;

    private ConvolutionCheck() {}

    /**
     * Checks once a process, and switches oneDNN off where it is wrong for this project's networks.
     *
     * @throws IllegalStateException where convolutions are wrong without it, too
     */
    static synchronized void ensureRight(Engine engine) {
        if (done) {
            return;
        }
        BinaryOperator<NDArray> convolution = (x, weight) ->
                Conv2d.conv2d(x, weight, null, new Shape(1, 1), new Shape(1, 1)).head();
        try (NDManager manager = engine.newBaseManager(Device.cpu())) {
            if (!isRight(manager, convolution, WHOLE)) {
                LOG.warn("oneDNN's convolutions are wrong on this processor; they run without it, more slowly");
                useOneDnn(false);
                if (!isRight(manager, convolution, WHOLE)) {
                    throw new IllegalStateException(
                            "PyTorch's convolutions are wrong on this processor, with oneDNN and"
                                    + " without it. Use another machine.");
                }
            }
            wrongForOthers = !isRight(manager, convolution, PART);
        }
        done = true;
    }

    /** Switches oneDNN off where it is wrong for networks whose channels are their own business. */
    static synchronized void ensureRightForOthers() {
        if (wrongForOthers) {
            if (!told) {
                LOG.warn(
                        "oneDNN's convolutions are wrong on this processor for numbers of channels that a TorchScript program may"
                                + " have; all run without it from now on, more slowly");
                told = true;
            }
            useOneDnn(false);
        }
    }

    /**
     * What PyTorch offers in Python as {@code torch.backends.mkldnn.enabled}, and in no interface for C or Java; with NNPACK,
     * which would come next, and warns where it cannot.
     */
    static void useOneDnn(boolean use) {
        Path library = Path.of(LibUtils.getLibtorchPath(), System.mapLibraryName("torch_cpu"));
        NativeLibrary torch = NativeLibrary.getInstance(library.toString());
        Pointer context = torch.getFunction("_ZN2at13globalContextEv").invokePointer(new Object[0]);
        for (String flag : List.of("Mkldnn", "NNPACK")) {
            torch.getFunction("_ZN2at7Context20setUserEnabled" + flag + "Eb").invokeVoid(new Object[] {context, use});
        }
    }

    /** Whether a 3x3 convolution with a margin of one, and its gradient at the input, are what the sums say. */
    static boolean isRight(NDManager parent, BinaryOperator<NDArray> convolution, int channels) {
        int pixels = IMAGES * channels * SIDE * SIDE;
        float[] x = whole(pixels, 7);
        float[] weight = whole(channels * channels * KERNEL * KERNEL, 11);
        float[] factors = whole(pixels, 13);
        float[] output = new float[pixels];
        float[] gradient = new float[pixels];
        sums(x, weight, factors, output, gradient, channels);
        try (NDManager manager = parent.newSubManager()) {
            NDArray weights = manager.create(weight, new Shape(channels, channels, KERNEL, KERNEL));
            Shape shape = new Shape(IMAGES, channels, SIDE, SIDE);
            for (int round = 0; round < ROUNDS; round++) {
                leaveNaN(manager);
                NDArray image = manager.create(x, shape);
                NDArray seen = convolution.apply(image, weights);
                leaveNaN(manager);
                NDArray seenGradient = Autograd.gradient(image, at -> convolution
                        .apply(at, weights)
                        .mul(at.getManager().create(factors, shape))
                        .sum());
                if (!Arrays.equals(seen.toFloatArray(), output)
                        || !Arrays.equals(seenGradient.toFloatArray(), gradient)) {
                    return false;
                }
            }
            return true;
        }
    }

    /** In freed memory of the sizes that are allocated next, so that values show where what it held before is used. */
    private static void leaveNaN(NDManager parent) {
        try (NDManager manager = parent.newSubManager()) {
            for (int i = 0; i < 3; i++) {
                manager.full(new Shape(PADDED_WEIGHTS), Float.NaN);
                manager.full(new Shape(PADDED_PIXELS), Float.NaN);
            }
        }
    }

    /** Whole numbers from -2 to 2: every sum of their products is exact in float32. */
    private static float[] whole(int count, int step) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = i * step % 17 % 5 - 2;
        }
        return values;
    }

    private static void sums(
            float[] x, float[] weight, float[] factors, float[] output, float[] gradient, int channels) {
        int weights = channels * channels * KERNEL * KERNEL;
        for (int i = 0; i < IMAGES * weights; i++) {
            int column = i % KERNEL - 1;
            int row = i / KERNEL % KERNEL - 1;
            int in = i / (KERNEL * KERNEL) % channels;
            int out = i % weights / (KERNEL * KERNEL * channels);
            int image = i / weights * channels;
            for (int y = Math.max(0, -row); y < SIDE - Math.max(0, row); y++) {
                for (int at = Math.max(0, -column); at < SIDE - Math.max(0, column); at++) {
                    int from = ((image + in) * SIDE + y + row) * SIDE + at + column;
                    int to = ((image + out) * SIDE + y) * SIDE + at;
                    output[to] += x[from] * weight[i % weights];
                    gradient[from] += factors[to] * weight[i % weights];
                }
            }
        }
    }
}
