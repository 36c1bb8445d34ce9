package dev.romestream.robustness.network;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.LayerNorm;
import dev.romestream.robustness.tensor.Seed;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The ConvNet of the distillation papers (Gidaris and Komodakis 2018; Zhao et al. 2021) on normalised images. Parameters carry
 * the names of PyTorch's state dict: {@code features.{4k}} convolution, {@code features.{4k+1}} instance norm,
 * {@code classifier}. The parameters are the caller's; the network frees nothing.
 */
public final class ConvNet implements Classifier {
    private static final float EPSILON = 1e-5f;
    private static final int KERNEL = 3;
    private static final int PARAMETERS_PER_BLOCK = 4;
    private static final Shape ONE = new Shape(1, 1);
    private static final Shape TWO = new Shape(2, 2);
    private static final Shape ZERO = new Shape(0, 0);

    private final Architecture architecture;
    private final ImageShape input;
    private final int classes;
    private final NDList parameters;

    /**
     * A network on these parameters.
     *
     * @param parameters in the order of {@link #parameterShapes}
     * @throws IllegalArgumentException where a shape does not fit, naming the parameter
     */
    public ConvNet(Architecture architecture, ImageShape input, int classes, NDList parameters) {
        this.architecture = architecture;
        this.input = input;
        this.classes = classes;
        this.parameters = parameters;
        Map<String, Shape> shapes = parameterShapes(architecture, input, classes);
        if (parameters.size() != shapes.size()) {
            throw new IllegalArgumentException("A " + architecture + " has " + shapes.size() + " parameters; given are "
                    + parameters.size() + ".");
        }
        int i = 0;
        for (Map.Entry<String, Shape> wanted : shapes.entrySet()) {
            Shape given = parameters.get(i++).getShape();
            if (!given.equals(wanted.getValue())) {
                throw new IllegalArgumentException("The parameter " + wanted.getKey() + " has the shape " + given
                        + "; a " + architecture + " needs " + wanted.getValue() + ".");
            }
        }
    }

    /** A network on another set of parameters. */
    public ConvNet withParameters(NDList others) {
        return new ConvNet(architecture, input, classes, others);
    }

    /** Names and shapes of the parameters, in order. */
    public static Map<String, Shape> parameterShapes(Architecture architecture, ImageShape input, int classes) {
        Map<String, Shape> shapes = new LinkedHashMap<>();
        int width = architecture.width();
        int channels = input.channels();
        for (int block = 0; block < architecture.depth(); block++) {
            String convolution = "features." + 4 * block;
            String norm = "features." + (4 * block + 1);
            shapes.put(convolution + ".weight", new Shape(width, channels, KERNEL, KERNEL));
            shapes.put(convolution + ".bias", new Shape(width));
            shapes.put(norm + ".weight", new Shape(width));
            shapes.put(norm + ".bias", new Shape(width));
            channels = width;
        }
        shapes.put("classifier.weight", new Shape(classes, architecture.features(input)));
        shapes.put("classifier.bias", new Shape(classes));
        return shapes;
    }

    /** Fresh parameters, as PyTorch initialises them: uniform within 1 / sqrt(fan-in); norms at one and zero. */
    public static NDList initialParameters(
            NDManager manager, Architecture architecture, ImageShape input, int classes, Seed seed) {
        NDList parameters = new NDList();
        double bound = 0;
        for (Map.Entry<String, Shape> entry :
                parameterShapes(architecture, input, classes).entrySet()) {
            Shape shape = entry.getValue();
            boolean weight = entry.getKey().endsWith(".weight");
            if (shape.dimension() > 1) {
                bound = 1 / Math.sqrt((double) shape.slice(1).size());
            }
            boolean norm = shape.dimension() == 1 && (weight || isNorm(entry.getKey()));
            NDArray values = norm
                    ? (weight ? manager.ones(shape) : manager.zeros(shape))
                    : manager.create(seed.with(entry.getKey()).uniform((int) shape.size(), -bound, bound), shape);
            parameters.add(values);
        }
        return parameters;
    }

    private static boolean isNorm(String name) {
        return name.startsWith("features.") && Integer.parseInt(name.split("\\.")[1]) % 4 == 1;
    }

    public Architecture architecture() {
        return architecture;
    }

    public ImageShape input() {
        return input;
    }

    @Override
    public int classes() {
        return classes;
    }

    public NDList parameters() {
        return parameters;
    }

    /** Names of {@link #parameters}, in order. */
    public List<String> parameterNames() {
        return new ArrayList<>(parameterShapes(architecture, input, classes).keySet());
    }

    /** The embedding {@code (N, features)} of normalised images {@code (N, C, H, W)}: the flattened output of the last block. */
    public NDArray features(NDArray images) {
        NDArray x = images;
        for (int block = 0; block < architecture.depth(); block++) {
            int first = block * PARAMETERS_PER_BLOCK;
            x = Conv2d.conv2d(x, parameters.get(first), parameters.get(first + 1), ONE, ONE, ONE, 1)
                    .head();
            x = Activation.relu(instanceNorm(x, parameters.get(first + 2), parameters.get(first + 3)));
            x = averagePool(x);
        }
        return x.reshape(x.getShape().get(0), -1);
    }

    /** The logits of an embedding {@code (N, features)}. */
    public NDArray classify(NDArray features) {
        int last = parameters.size() - 2;
        return Linear.linear(features, parameters.get(last), parameters.get(last + 1))
                .head();
    }

    @Override
    public NDArray logits(NDArray images) {
        return classify(features(images));
    }

    /** Means of 2x2 pixels, as a depthwise convolution: the engine's own pooling takes more than twice the time. */
    private static NDArray averagePool(NDArray x) {
        long channels = x.getShape().get(1);
        NDArray kernel = x.getManager().full(new Shape(channels, 1, 2, 2), 0.25f);
        return Conv2d.conv2d(x, kernel, null, TWO, ZERO, ONE, Math.toIntExact(channels))
                .head();
    }

    /** Each channel of each image to zero mean and unit variance, which is a layer norm over its pixels; then affine. */
    private static NDArray instanceNorm(NDArray x, NDArray weight, NDArray bias) {
        Shape pixels = x.getShape().slice(2);
        NDManager manager = x.getManager();
        NDArray normed = LayerNorm.layerNorm(x, pixels, manager.ones(pixels), manager.zeros(pixels), EPSILON)
                .head();
        NDArray scale = weight.reshape(1, -1, 1, 1);
        NDArray shift = bias.reshape(1, -1, 1, 1);
        scale.attach(manager);
        shift.attach(manager);
        return normed.mul(scale).add(shift);
    }
}
