package dev.romestream.robustness.network;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.pooling.Pool;
import dev.romestream.robustness.tensor.Precision;
import dev.romestream.robustness.tensor.Program;
import dev.romestream.robustness.tensor.Scalars;
import dev.romestream.robustness.tensor.Tensors;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A step from images, or what became of them, to logits; its parameters carry the names of PyTorch's state dict. */
interface Layer {

    /** Adds this layer's parameters. */
    default void declare(Map<String, Parameter> parameters) {}

    /** @param x {@code (N, C, H, W)}, or {@code (N, features)} once flattened */
    NDArray forward(NDArray x, Parameters parameters);

    /**
     * A parameter before it has values.
     *
     * @param bound fresh ones are uniform within it
     * @param constant fresh ones are this where there is no bound
     */
    record Parameter(Shape shape, double bound, float constant) {
        static Parameter uniform(double bound, long... shape) {
            return new Parameter(new Shape(shape), bound, 0);
        }

        static Parameter constant(float value, long... shape) {
            return new Parameter(new Shape(shape), 0, value);
        }
    }

    Layer RELU = (x, parameters) -> Activation.relu(x);

    Layer FLATTEN = (x, parameters) -> x.reshape(x.getShape().get(0), -1);

    /** The largest of 2x2 pixels. */
    Layer MAX_POOL = (x, parameters) -> Pool.maxPool2d(x, square(2), square(2), square(0), false);

    private static Shape square(int size) {
        return new Shape(size, size);
    }

    /** A square convolution. */
    record Convolution(String name, int in, int out, int kernel, int stride, int padding, boolean bias)
            implements Layer {
        private static final int BLOCK = 16;

        @Override
        public void declare(Map<String, Parameter> parameters) {
            double bound = 1 / Math.sqrt((double) in * kernel * kernel);
            parameters.put(name + ".weight", Parameter.uniform(bound, out, in, kernel, kernel));
            if (bias) {
                parameters.put(name + ".bias", Parameter.uniform(bound, out));
            }
        }

        @Override
        public NDArray forward(NDArray x, Parameters parameters) {
            return forward(x, parameters, bias);
        }

        /** Without the bias, which an instance norm takes away again. */
        NDArray unbiased(NDArray x, Parameters parameters) {
            return forward(x, parameters, false);
        }

        private NDArray forward(NDArray x, Parameters parameters, boolean biased) {
            boolean rounds = isWhole() && in % BLOCK == 0;
            NDArray weight = parameters.crafting(x, name + ".weight", rounds);
            NDArray offset = biased ? parameters.crafting(x, name + ".bias", rounds) : null;
            NDArray input = Precision.as(weight, x);
            if (isWhole()) {
                return apply(input, weight, offset);
            }
            NDManager manager = x.getManager();
            boolean fill = in >= BLOCK;
            NDArray weights = filled(manager, weight, 0);
            return apply(
                            fill ? filled(manager, input, 1) : input,
                            fill ? filled(manager, weights, 1) : weights,
                            biased ? filled(manager, offset, 0) : null)
                    .get(":, :" + out);
        }

        private NDArray apply(NDArray x, NDArray weight, NDArray offset) {
            return Conv2d.conv2d(x, weight, offset, square(stride), square(padding), square(1), 1)
                    .head();
        }

        /** Whether channels fill oneDNN's blocks; there are processors on which what it fills up itself is wrong. */
        private boolean isWhole() {
            return out % BLOCK == 0 && (in < BLOCK || in % BLOCK == 0);
        }

        /** With zeros along an axis up to a whole block; an array of {@code manager}. */
        private static NDArray filled(NDManager manager, NDArray array, int axis) {
            long[] missing = array.getShape().getShape().clone();
            missing[axis] = Math.floorMod(-missing[axis], BLOCK);
            if (missing[axis] == 0) {
                return array;
            }
            NDArray filled = array.concat(manager.zeros(new Shape(missing)), axis);
            filled.attach(manager);
            return filled;
        }
    }

    /** An affine map of features. */
    record Linear(String name, int in, int out) implements Layer {
        @Override
        public void declare(Map<String, Parameter> parameters) {
            double bound = 1 / Math.sqrt(in);
            parameters.put(name + ".weight", Parameter.uniform(bound, out, in));
            parameters.put(name + ".bias", Parameter.uniform(bound, out));
        }

        @Override
        public NDArray forward(NDArray x, Parameters parameters) {
            NDArray weight = parameters.get(name + ".weight");
            return ai.djl.nn.core.Linear.linear(Precision.as(weight, x), weight, parameters.get(name + ".bias"))
                    .head();
        }
    }

    /** Means of square patches; where they cover the image, as one matrix product over {@code size} lines of pixels at a time. */
    record AveragePool(int size) implements Layer {
        @Override
        public NDArray forward(NDArray x, Parameters parameters) {
            Shape shape = x.getShape();
            if (!covers(shape)) {
                return Pool.avgPool2d(x, square(size), square(size), square(0), false, true);
            }
            try (NDArray lines = x.reshape(-1, size * shape.get(3));
                    NDArray pooled = lines.matMul(means(x, parameters))) {
                return pooled.reshape(shape.get(0), shape.get(1), shape.get(2) / size, shape.get(3) / size);
            }
        }

        /** Whether no pixel of {@code (N, C, H, W)} is left over. */
        boolean covers(Shape images) {
            return images.get(2) % size == 0 && images.get(3) % size == 0;
        }

        /** {@code (size * width, width / size)}, in the type of {@code x}: the pixels of some lines to their means. */
        NDArray means(NDArray x, Parameters parameters) {
            int width = Math.toIntExact(x.getShape().get(3));
            return parameters.derived(
                    x,
                    "means " + size + " of " + width + " in " + x.getDataType(),
                    manager -> Precision.as(x, means(manager, width)));
        }

        private NDArray means(NDManager manager, int width) {
            int columns = width / size;
            float[] shares = new float[size * width * columns];
            for (int pixel = 0; pixel < size * width; pixel++) {
                shares[pixel * columns + pixel % width / size] = 1f / (size * size);
            }
            return manager.create(shares, new Shape((long) size * width, columns));
        }
    }

    /** Each channel of each image to zero mean and unit variance, then affine: a group norm of as many groups as channels. */
    record InstanceNorm(String name, int channels) implements Layer {
        /** Of {@code h}, with the scale and the shift in {@code at[0]} and {@code at[1]}. */
        static final String NORMED =
                "torch.group_norm(h, torch.size(h, 1), at[0], at[1], 1.0000000000000001e-05, True)";

        private static final Program PROGRAM = Program.of("h = x\nreturn [" + NORMED + "]");

        @Override
        public void declare(Map<String, Parameter> parameters) {
            parameters.put(name + ".weight", Parameter.constant(1, channels));
            parameters.put(name + ".bias", Parameter.constant(0, channels));
        }

        @Override
        public NDArray forward(NDArray x, Parameters parameters) {
            return PROGRAM.apply(x, scale(parameters), shift(parameters)).head();
        }

        NDArray scale(Parameters parameters) {
            return parameters.get(name + ".weight");
        }

        NDArray shift(Parameters parameters) {
            return parameters.get(name + ".bias");
        }
    }

    /** Convolution, instance norm, ReLU and average pooling 2, in as few passes as the engine can. */
    record Block(Convolution convolution, InstanceNorm norm) implements Layer {
        private static final AveragePool POOL = new AveragePool(2);

        /** All that follows the convolution; {@code at[2]} has the means of {@link AveragePool}. */
        private static final Program REST = Program.of("h = x\nh = torch.relu_(" + InstanceNorm.NORMED + """
                )
                lines = torch.reshape(h, [-1, torch.size(at[2], 0)])
                pooled = torch.matmul(lines, at[2])
                return [torch.reshape(pooled, [torch.size(x, 0), torch.size(x, 1), -1, torch.size(at[2], 1)])]
                """);

        @Override
        public void declare(Map<String, Parameter> parameters) {
            convolution.declare(parameters);
            norm.declare(parameters);
        }

        @Override
        public NDArray forward(NDArray x, Parameters parameters) {
            if (parameters.train()) {
                return rest(convolution.forward(x, parameters), parameters);
            }
            Optional<WindowConvolution> windowed = WindowConvolution.of(convolution, x.getShape());
            return windowed.isPresent()
                    ? windowed.get().block(x, norm, parameters)
                    : rest(convolution.unbiased(x, parameters), parameters);
        }

        /** Lets go of {@code convolved}. */
        private NDArray rest(NDArray convolved, Parameters parameters) {
            try (convolved) {
                if (POOL.covers(convolved.getShape())) {
                    return REST.apply(
                                    convolved,
                                    norm.scale(parameters),
                                    norm.shift(parameters),
                                    POOL.means(convolved, parameters))
                            .head();
                }
                return POOL.forward(Activation.relu(norm.forward(convolved, parameters)), parameters);
            }
        }
    }

    /**
     * Each channel by its mean and variance over a batch in training, and over what training has seen after it; then affine (Ioffe and
     * Szegedy 2015).
     */
    record BatchNorm(String name, int channels) implements Layer {
        static final String RUNNING_MEAN = ".running_mean";
        static final String RUNNING_VARIANCE = ".running_var";
        private static final float EPSILON = 1e-5f;

        @Override
        public void declare(Map<String, Parameter> parameters) {
            parameters.put(name + ".weight", Parameter.constant(1, channels));
            parameters.put(name + ".bias", Parameter.constant(0, channels));
            parameters.put(name + RUNNING_MEAN, Parameter.constant(0, channels));
            parameters.put(name + RUNNING_VARIANCE, Parameter.constant(1, channels));
        }

        @Override
        public NDArray forward(NDArray x, Parameters parameters) {
            if (parameters.train()) {
                return ofBatch(x, parameters);
            }
            NDArray scale = parameters.derived(x, name + " scale", manager -> scale(manager, parameters));
            NDArray shift = parameters.derived(x, name + " shift", manager -> parameters
                    .constant(manager, name + ".bias")
                    .reshape(1, -1, 1, 1)
                    .sub(parameters
                            .constant(manager, name + RUNNING_MEAN)
                            .reshape(1, -1, 1, 1)
                            .mul(scale(manager, parameters))));
            return x.mul(scale).add(shift);
        }

        private NDArray ofBatch(NDArray x, Parameters parameters) {
            NDManager manager = x.getManager();
            NDArray mean = channelMeans(x);
            NDArray centred = x.sub(mean);
            NDArray variance = channelMeans(centred.square());
            long count = x.getShape().size() / channels;
            parameters.note(name + RUNNING_MEAN, Tensors.detached(manager, mean).reshape(-1));
            parameters.note(
                    name + RUNNING_VARIANCE,
                    Scalars.mul(Tensors.detached(manager, variance), count / Math.max(1.0, count - 1.0))
                            .reshape(-1));
            NDArray scale = parameters.get(name + ".weight").reshape(1, -1, 1, 1);
            NDArray shift = parameters.get(name + ".bias").reshape(1, -1, 1, 1);
            scale.attach(manager);
            shift.attach(manager);
            return centred.div(variance.add(EPSILON).sqrt()).mul(scale).add(shift);
        }

        /** {@code (1, C, 1, 1)}. */
        private NDArray channelMeans(NDArray x) {
            return x.reshape(x.getShape().get(0), channels, -1)
                    .mean(new int[] {2})
                    .mean(new int[] {0})
                    .reshape(1, -1, 1, 1);
        }

        private NDArray scale(NDManager manager, Parameters parameters) {
            NDArray deviation = parameters
                    .constant(manager, name + RUNNING_VARIANCE)
                    .add(EPSILON)
                    .sqrt();
            return parameters.constant(manager, name + ".weight").div(deviation).reshape(1, -1, 1, 1);
        }
    }

    /** Layers one after the other. What lies between is let go at once; the engine keeps what a backward pass needs. */
    record Sequence(List<Layer> layers) implements Layer {
        @Override
        public void declare(Map<String, Parameter> parameters) {
            layers.forEach(layer -> layer.declare(parameters));
        }

        @Override
        public NDArray forward(NDArray x, Parameters parameters) {
            NDArray y = x;
            for (Layer layer : layers) {
                NDArray next = layer.forward(y, parameters);
                if (y != x) {
                    y.close();
                }
                y = next;
            }
            return y;
        }
    }

    /** The sum of two ways, then ReLU (He et al. 2016). */
    record Residual(Layer body, Layer shortcut) implements Layer {
        @Override
        public void declare(Map<String, Parameter> parameters) {
            body.declare(parameters);
            shortcut.declare(parameters);
        }

        @Override
        public NDArray forward(NDArray x, Parameters parameters) {
            return Activation.relu(body.forward(x, parameters).add(shortcut.forward(x, parameters)));
        }
    }
}
