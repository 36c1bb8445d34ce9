package dev.romestream.robustness.network;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.romestream.robustness.tensor.Precision;
import dev.romestream.robustness.tensor.Seed;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A network of a known architecture on normalised images. Parameters carry the names of PyTorch's state dict. They are the
 * caller's; the network frees nothing.
 */
public final class NeuralNetwork implements Classifier {
    /** Faults of a state dict that are named one by one. */
    private static final int MOST_LISTED = 12;

    private final Architecture architecture;
    private final ImageShape input;
    private final int classes;
    private final Layers layers;
    private final Layer classifier;
    private final List<String> names;
    private final NDList parameters;
    private final Parameters named;
    /** For gradients by the images. */
    private final Parameters crafting;

    /**
     * A network on these parameters.
     *
     * @param parameters in the order of {@link #parameterShapes}
     * @throws IllegalArgumentException where a shape does not fit, naming the parameter
     */
    public NeuralNetwork(Architecture architecture, ImageShape input, int classes, NDList parameters) {
        this(architecture, input, classes, parameters, parameters.stream().anyMatch(NDArray::hasGradient));
    }

    private NeuralNetwork(Architecture architecture, ImageShape input, int classes, NDList parameters, boolean train) {
        this.architecture = architecture;
        this.input = input;
        this.classes = classes;
        this.layers = architecture.layers(input);
        this.classifier = classifier(layers, classes);
        this.parameters = parameters;
        Map<String, Layer.Parameter> declared = declared(layers, classes);
        this.names = List.copyOf(declared.keySet());
        if (parameters.size() != declared.size()) {
            throw new IllegalArgumentException("A " + architecture + " has " + declared.size()
                    + " parameters; given are " + parameters.size() + ".");
        }
        Map<String, NDArray> byName = new HashMap<>();
        for (int i = 0; i < names.size(); i++) {
            Shape shape = parameters.get(i).getShape();
            Shape wanted = declared.get(names.get(i)).shape();
            if (!shape.equals(wanted)) {
                throw new IllegalArgumentException("The parameter " + names.get(i) + " has the shape " + shape + "; a "
                        + architecture + " needs " + wanted + ".");
            }
            byName.put(names.get(i), parameters.get(i));
        }
        this.named = Parameters.of(byName, train);
        this.crafting = named;
    }

    private NeuralNetwork(NeuralNetwork other, Parameters named, Parameters crafting) {
        this.architecture = other.architecture;
        this.input = other.input;
        this.classes = other.classes;
        this.layers = other.layers;
        this.classifier = other.classifier;
        this.names = other.names;
        this.parameters = other.parameters;
        this.named = named;
        this.crafting = crafting;
    }

    @Override
    public NeuralNetwork prepared(NDManager keeper, Precision precision) {
        Parameters exact = named.kept(keeper, Precision.FLOAT32);
        // the norms of a GPU take one type alone
        boolean rounded = precision != Precision.FLOAT32 && !keeper.getDevice().isGpu();
        return new NeuralNetwork(this, exact, rounded ? named.kept(keeper, precision) : exact);
    }

    private static Layer classifier(Layers layers, int classes) {
        return new Layer.Linear(layers.classifier(), layers.features(), classes);
    }

    /**
     * How many classes parameters tell apart: the rows of the last layer's weights.
     *
     * @throws IllegalArgumentException where they have none of that name
     */
    public static int classes(Architecture architecture, ImageShape input, StateDict state) {
        String weights = architecture.layers(input).classifier() + ".weight";
        if (!state.names().contains(weights)) {
            throw new IllegalArgumentException("A " + architecture.name() + " ends with " + weights
                    + ", which is not among the parameters " + String.join(", ", state.names()) + ".");
        }
        return Math.toIntExact(state.shape(weights)[0]);
    }

    private static Map<String, Layer.Parameter> declared(Layers layers, int classes) {
        Map<String, Layer.Parameter> parameters = new LinkedHashMap<>();
        layers.embedding().declare(parameters);
        classifier(layers, classes).declare(parameters);
        return parameters;
    }

    /** A network on another set of parameters. */
    public NeuralNetwork withParameters(NDList others) {
        return new NeuralNetwork(architecture, input, classes, others);
    }

    /** A network on parameters that were computed of others, by which gradients are wanted. */
    public NeuralNetwork withComputedParameters(NDList others) {
        return new NeuralNetwork(architecture, input, classes, others, true);
    }

    /** Names and shapes of the parameters, in order. */
    public static Map<String, Shape> parameterShapes(Architecture architecture, ImageShape input, int classes) {
        Map<String, Shape> shapes = new LinkedHashMap<>();
        declared(architecture.layers(input), classes).forEach((name, parameter) -> shapes.put(name, parameter.shape()));
        return shapes;
    }

    /** Fresh parameters, as PyTorch initialises them: uniform within 1 / sqrt(fan-in); norms at one and zero. */
    public static NDList initialParameters(
            NDManager manager, Architecture architecture, ImageShape input, int classes, Seed seed) {
        NDList fresh = new NDList();
        declared(architecture.layers(input), classes).forEach((name, parameter) -> {
            Shape shape = parameter.shape();
            double bound = parameter.bound();
            fresh.add(
                    bound == 0
                            ? manager.full(shape, parameter.constant())
                            : manager.create(seed.with(name).uniform((int) shape.size(), -bound, bound), shape));
        });
        return fresh;
    }

    /**
     * The network that a state dict holds; its parameters belong to {@code manager}.
     *
     * @throws IllegalArgumentException where keys are missing or surplus or have the wrong shape, naming them
     */
    public static NeuralNetwork of(
            NDManager manager, Architecture architecture, ImageShape input, int classes, StateDict state) {
        List<String> faults = new ArrayList<>();
        Map<String, Shape> wanted = parameterShapes(architecture, input, classes);
        wanted.forEach((name, shape) -> {
            if (!state.names().contains(name)) {
                faults.add(name + " is missing");
            } else if (!new Shape(state.shape(name)).equals(shape)) {
                faults.add(name + " has the shape " + new Shape(state.shape(name)) + " and not " + shape);
            }
        });
        state.names().stream()
                .filter(name -> !wanted.containsKey(name) && !isCounter(name, wanted))
                .forEach(name -> faults.add(name + " is surplus"));
        if (!faults.isEmpty()) {
            throw new IllegalArgumentException("The state dict is not one of a " + architecture + " for images of "
                    + input.channels() + " x " + input.height() + " x " + input.width() + " and " + classes
                    + " classes: " + listed(faults) + ".");
        }
        NDList parameters = new NDList();
        wanted.forEach((name, shape) -> parameters.add(manager.create(state.values(name), shape)));
        return new NeuralNetwork(architecture, input, classes, parameters);
    }

    private static String listed(List<String> faults) {
        String first = String.join(", ", faults.subList(0, Math.min(MOST_LISTED, faults.size())));
        return faults.size() <= MOST_LISTED ? first : first + ", and " + (faults.size() - MOST_LISTED) + " more";
    }

    /** Whether a parameter follows the data, and no gradient: a running statistic of batch norm. */
    public boolean isStatistic(int parameter) {
        String name = names.get(parameter);
        return name.endsWith(Layer.BatchNorm.RUNNING_MEAN) || name.endsWith(Layer.BatchNorm.RUNNING_VARIANCE);
    }

    /** A {@link #isStatistic statistic} of the last batch that these parameters saw with gradients by them wanted; the variance is without bias. */
    public NDArray ofLastBatch(int statistic) {
        return named.noted(names.get(statistic));
    }

    /** Batch norm counts its batches; the count has no effect. */
    private static boolean isCounter(String name, Map<String, Shape> wanted) {
        String suffix = ".num_batches_tracked";
        return name.endsWith(suffix)
                && wanted.containsKey(
                        name.substring(0, name.length() - suffix.length()) + Layer.BatchNorm.RUNNING_MEAN);
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
        return names;
    }

    /** Values of an embedding: what the last layer takes. */
    public int embeddingSize() {
        return Math.toIntExact(parameters.get(parameters.size() - 2).getShape().get(1));
    }

    /** The embedding {@code (N, features)} of normalised images {@code (N, C, H, W)}: what the last linear layer sees. */
    public NDArray features(NDArray images) {
        return layers.embedding().forward(images, named);
    }

    /** The logits of an embedding {@code (N, features)}. */
    public NDArray classify(NDArray features) {
        return classifier.forward(features, named);
    }

    @Override
    public NDArray logits(NDArray images) {
        return classify(features(images));
    }

    @Override
    public NDArray craftingLogits(NDArray images) {
        return classify(layers.embedding().forward(images, crafting));
    }

    @Override
    public boolean isExact() {
        return crafting == named;
    }
}
