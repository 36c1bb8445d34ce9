package dev.romestream.robustness.network;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.norm.LayerNorm;
import ai.djl.nn.pooling.Pool;
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
            NDArray offset = bias ? parameters.get(name + ".bias") : null;
            return apply(x, parameters.get(name + ".weight"), offset);
        }

        private NDArray apply(NDArray x, NDArray weight, NDArray offset) {
            return Conv2d.conv2d(x, weight, offset, square(stride), square(padding), square(1), 1)
                    .head();
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
            return ai.djl.nn.core.Linear.linear(x, parameters.get(name + ".weight"), parameters.get(name + ".bias"))
                    .head();
        }
    }

    /**
     * Means of square patches. Where they cover the image, as one matrix product over {@code size} lines of pixels at a time, and else
     * as a depthwise convolution: the engine's own pooling takes more time than either.
     */
    record AveragePool(int size) implements Layer {
        @Override
        public NDArray forward(NDArray x, Parameters parameters) {
            Shape shape = x.getShape();
            long channels = shape.get(1);
            long height = shape.get(2);
            long width = shape.get(3);
            if (height % size == 0 && width % size == 0) {
                NDArray means = parameters.derived(
                        x, "means " + size + " of " + width, manager -> means(manager, Math.toIntExact(width)));
                try (NDArray lines = x.reshape(-1, size * width);
                        NDArray pooled = lines.matMul(means)) {
                    return pooled.reshape(shape.get(0), channels, height / size, width / size);
                }
            }
            NDArray kernel = parameters.derived(
                    x,
                    "means " + size + " of " + channels + " channels",
                    manager -> manager.full(new Shape(channels, 1, size, size), share()));
            return Conv2d.conv2d(x, kernel, null, square(size), square(0), square(1), Math.toIntExact(channels))
                    .head();
        }

        private float share() {
            return 1f / (size * size);
        }

        /** {@code (size * width, width / size)}: the pixels of some lines to their means. */
        private NDArray means(NDManager manager, int width) {
            int columns = width / size;
            float[] shares = new float[size * width * columns];
            for (int pixel = 0; pixel < size * width; pixel++) {
                shares[pixel * columns + pixel % width / size] = share();
            }
            return manager.create(shares, new Shape((long) size * width, columns));
        }
    }

    /** Each channel of each image to zero mean and unit variance, which is a layer norm over its pixels; then affine. */
    record InstanceNorm(String name, int channels) implements Layer {
        private static final float EPSILON = 1e-5f;

        @Override
        public void declare(Map<String, Parameter> parameters) {
            parameters.put(name + ".weight", Parameter.constant(1, channels));
            parameters.put(name + ".bias", Parameter.constant(0, channels));
        }

        @Override
        public NDArray forward(NDArray x, Parameters parameters) {
            NDManager manager = x.getManager();
            NDArray scale = parameters.get(name + ".weight").reshape(1, -1, 1, 1);
            NDArray shift = parameters.get(name + ".bias").reshape(1, -1, 1, 1);
            scale.attach(manager);
            shift.attach(manager);
            return normed(x, parameters).mul(scale).add(shift);
        }

        /** Without the affine map. */
        static NDArray normed(NDArray x, Parameters parameters) {
            Shape pixels = x.getShape().slice(2);
            NDArray ones = parameters.derived(x, "ones " + pixels, manager -> manager.ones(pixels));
            NDArray zeros = parameters.derived(x, "zeros " + pixels, manager -> manager.zeros(pixels));
            return LayerNorm.layerNorm(x, pixels, ones, zeros, EPSILON).head();
        }
    }

    /**
     * Convolution, instance norm, ReLU and average pooling 2. With weights that do not train, the norm's scale g leaves the large
     * array: {@code relu(g n + b) = |g| relu(sign(g) n + b / |g|)}, where the sign goes into the convolution, whose norm turns with
     * it, and |g| behind the pooling.
     */
    record Block(Convolution convolution, InstanceNorm norm) implements Layer {
        private static final AveragePool POOL = new AveragePool(2);
        private static final float LEAST_SCALE = 1e-12f;

        @Override
        public void declare(Map<String, Parameter> parameters) {
            convolution.declare(parameters);
            norm.declare(parameters);
        }

        @Override
        public NDArray forward(NDArray x, Parameters parameters) {
            if (parameters.train()) {
                NDArray normed = norm.forward(convolution.forward(x, parameters), parameters);
                return POOL.forward(Activation.relu(normed), parameters);
            }
            NDArray shift = parameters.derived(x, norm.name() + " shift", manager -> shift(manager, parameters));
            NDArray factor = parameters.derived(x, norm.name() + " factor", manager -> size(manager, parameters)
                    .reshape(1, -1, 1, 1));
            // in place, or let go as soon as the next is there: memory that is used again is warm
            return pooled(x, parameters, shift).muli(factor);
        }

        private NDArray size(NDManager manager, Parameters parameters) {
            return Scalars.maximum(
                    parameters.constant(manager, norm.name() + ".weight").abs(), LEAST_SCALE);
        }

        private NDArray shift(NDManager manager, Parameters parameters) {
            return parameters
                    .constant(manager, norm.name() + ".bias")
                    .div(size(manager, parameters))
                    .reshape(1, -1, 1, 1);
        }

        /** The convolution's weights with the signs of the norm's scale. */
        private NDArray turned(NDManager manager, Parameters parameters) {
            NDArray positive =
                    parameters.constant(manager, norm.name() + ".weight").gte(0).toType(DataType.FLOAT32, false);
            NDArray sign = Scalars.mul(positive, 2).sub(1);
            return parameters.constant(manager, convolution.name() + ".weight").mul(sign.reshape(-1, 1, 1, 1));
        }

        /** Without the convolution's bias, which the norm would take away again. */
        private NDArray pooled(NDArray x, Parameters parameters, NDArray shift) {
            Optional<WindowConvolution> windowed = WindowConvolution.of(convolution, x.getShape());
            NDArray weight = parameters.derived(x, convolution.name() + " turned for " + windowed, manager -> {
                NDArray turned = turned(manager, parameters);
                return windowed.map(form -> form.weight(turned)).orElse(turned);
            });
            if (windowed.isEmpty()) {
                try (NDArray active = active(convolution.apply(x, weight, null), shift, parameters)) {
                    return POOL.forward(active, parameters);
                }
            }
            WindowConvolution form = windowed.get();
            try (NDArray active = active(form.apply(x, weight, parameters), shift, parameters);
                    NDArray mean = active.mean(new int[] {2})) {
                return mean.reshape(x.getShape().get(0), convolution.out(), form.rows(), form.columns());
            }
        }

        /** Lets go of {@code turned}. */
        private static NDArray active(NDArray turned, NDArray shift, Parameters parameters) {
            try (NDArray shifted = shifted(turned, shift, parameters)) {
                return Activation.relu(shifted);
            }
        }

        private static NDArray shifted(NDArray turned, NDArray shift, Parameters parameters) {
            return normed(turned, parameters).addi(shift);
        }

        private static NDArray normed(NDArray turned, Parameters parameters) {
            try (turned) {
                return InstanceNorm.normed(turned, parameters);
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
