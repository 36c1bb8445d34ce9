package dev.romestream.robustness.network;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.norm.LayerNorm;
import ai.djl.nn.pooling.Pool;
import java.util.List;
import java.util.Map;

/** A step from images, or what became of them, to logits; its parameters carry the names of PyTorch's state dict. */
interface Layer {

    /** Adds this layer's parameters. */
    default void declare(Map<String, Parameter> parameters) {}

    /** @param x {@code (N, C, H, W)}, or {@code (N, features)} once flattened */
    NDArray forward(NDArray x, Map<String, NDArray> parameters);

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

    /** A constant, all that is made of which is freed with {@code x}'s manager rather than with the network. */
    private static NDArray inManagerOf(NDArray x, NDArray parameter) {
        NDArray own = parameter.stopGradient();
        own.attach(x.getManager());
        return own;
    }

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
        public NDArray forward(NDArray x, Map<String, NDArray> parameters) {
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
        public NDArray forward(NDArray x, Map<String, NDArray> parameters) {
            return ai.djl.nn.core.Linear.linear(x, parameters.get(name + ".weight"), parameters.get(name + ".bias"))
                    .head();
        }
    }

    /** Means of square patches, as a depthwise convolution: the engine's own pooling takes more than twice the time. */
    record AveragePool(int size) implements Layer {
        @Override
        public NDArray forward(NDArray x, Map<String, NDArray> parameters) {
            long channels = x.getShape().get(1);
            NDArray kernel = x.getManager().full(new Shape(channels, 1, size, size), 1f / (size * size));
            return Conv2d.conv2d(x, kernel, null, square(size), square(0), square(1), Math.toIntExact(channels))
                    .head();
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
        public NDArray forward(NDArray x, Map<String, NDArray> parameters) {
            NDManager manager = x.getManager();
            NDArray scale = parameters.get(name + ".weight").reshape(1, -1, 1, 1);
            NDArray shift = parameters.get(name + ".bias").reshape(1, -1, 1, 1);
            scale.attach(manager);
            shift.attach(manager);
            return normed(x).mul(scale).add(shift);
        }

        /** Without the affine map. */
        static NDArray normed(NDArray x) {
            Shape pixels = x.getShape().slice(2);
            NDManager manager = x.getManager();
            return LayerNorm.layerNorm(x, pixels, manager.ones(pixels), manager.zeros(pixels), EPSILON)
                    .head();
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
        public NDArray forward(NDArray x, Map<String, NDArray> parameters) {
            NDArray scale = parameters.get(norm.name() + ".weight");
            if (scale.hasGradient()) {
                NDArray normed = norm.forward(convolution.forward(x, parameters), parameters);
                return POOL.forward(Activation.relu(normed), parameters);
            }
            NDArray own = inManagerOf(x, scale);
            NDArray size = own.abs().maximum(LEAST_SCALE);
            NDArray sign = own.gte(0).toType(DataType.FLOAT32, false).mul(2).sub(1);
            NDArray weight = inManagerOf(x, parameters.get(convolution.name() + ".weight"))
                    .mul(sign.reshape(-1, 1, 1, 1));
            NDArray bias =
                    inManagerOf(x, parameters.get(convolution.name() + ".bias")).mul(sign);
            NDArray shift = inManagerOf(x, parameters.get(norm.name() + ".bias"))
                    .div(size)
                    .reshape(1, -1, 1, 1);
            NDArray factor = size.reshape(1, -1, 1, 1);
            // each array is let go as soon as the next is there: memory that is used again is warm
            try (NDArray turned = convolution.apply(x, weight, bias);
                    NDArray pooled = pooled(turned, shift)) {
                return pooled.mul(factor);
            }
        }

        private static NDArray pooled(NDArray turned, NDArray shift) {
            try (NDArray active = active(turned, shift)) {
                return POOL.forward(active, Map.of());
            }
        }

        private static NDArray active(NDArray turned, NDArray shift) {
            try (NDArray normed = InstanceNorm.normed(turned);
                    NDArray shifted = normed.add(shift)) {
                return Activation.relu(shifted);
            }
        }
    }

    /** Each channel by the mean and variance that training left; then affine: an affine map in all. */
    record BatchNorm(String name, int channels) implements Layer {
        private static final float EPSILON = 1e-5f;

        @Override
        public void declare(Map<String, Parameter> parameters) {
            parameters.put(name + ".weight", Parameter.constant(1, channels));
            parameters.put(name + ".bias", Parameter.constant(0, channels));
            parameters.put(name + ".running_mean", Parameter.constant(0, channels));
            parameters.put(name + ".running_var", Parameter.constant(1, channels));
        }

        @Override
        public NDArray forward(NDArray x, Map<String, NDArray> parameters) {
            NDArray deviation = inManagerOf(x, parameters.get(name + ".running_var"))
                    .add(EPSILON)
                    .sqrt();
            NDArray scale = inManagerOf(x, parameters.get(name + ".weight")).div(deviation);
            NDArray mean = inManagerOf(x, parameters.get(name + ".running_mean"));
            NDArray shift = inManagerOf(x, parameters.get(name + ".bias")).sub(mean.mul(scale));
            return x.mul(scale.reshape(1, -1, 1, 1)).add(shift.reshape(1, -1, 1, 1));
        }
    }

    /** Layers one after the other. What lies between is let go at once; the engine keeps what a backward pass needs. */
    record Sequence(List<Layer> layers) implements Layer {
        @Override
        public void declare(Map<String, Parameter> parameters) {
            layers.forEach(layer -> layer.declare(parameters));
        }

        @Override
        public NDArray forward(NDArray x, Map<String, NDArray> parameters) {
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
        public NDArray forward(NDArray x, Map<String, NDArray> parameters) {
            return Activation.relu(body.forward(x, parameters).add(shortcut.forward(x, parameters)));
        }
    }
}
