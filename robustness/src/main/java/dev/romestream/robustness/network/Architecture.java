package dev.romestream.robustness.network;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.BiFunction;

/**
 * A network without its parameters, as the distillation papers define them (Zhao et al. 2021): {@value #CONVNET} of any width
 * and depth, {@value #MLP}, {@value #LENET}, {@value #ALEXNET}, {@value #VGG11} and {@value #RESNET18}.
 *
 * @param width channels of every convolution; of {@value #CONVNET} alone
 * @param depth blocks; of {@value #CONVNET} alone
 * @param norm of {@value #CONVNET}, {@value #VGG11} and {@value #RESNET18}; the others have none
 */
public record Architecture(String name, int width, int depth, Norm norm) {
    public static final String CONVNET = "convnet";
    public static final String MLP = "mlp";
    public static final String LENET = "lenet";
    public static final String ALEXNET = "alexnet";
    public static final String VGG11 = "vgg11";
    public static final String RESNET18 = "resnet18";
    /** Every name. */
    public static final List<String> NAMES = List.of(CONVNET, MLP, LENET, ALEXNET, VGG11, RESNET18);

    private static final int USUAL_WIDTH = 128;
    private static final int USUAL_DEPTH = 3;
    private static final Map<String, BiFunction<ImageShape, Norm, Layers>> FIXED = Map.of(
            MLP, (input, norm) -> Layers.mlp(input),
            LENET, (input, norm) -> Layers.leNet(input),
            ALEXNET, (input, norm) -> Layers.alexNet(input),
            VGG11, Layers::vgg11,
            RESNET18, Layers::resNet18);

    /** What follows a convolution. */
    public enum Norm {
        /** Each channel of each image to zero mean and unit variance. */
        INSTANCE,
        /** Each channel over a batch in training, and by the running statistics of that after it. */
        BATCH,
        NONE
    }

    public Architecture {
        if (!NAMES.contains(name)) {
            throw new IllegalArgumentException(
                    "Unknown architecture '" + name + "'; known are " + String.join(", ", NAMES) + ".");
        }
        if (width < 1 || depth < 1) {
            throw new IllegalArgumentException("A " + name + " of width " + width + " and depth " + depth
                    + " is not possible; both must be at least 1.");
        }
        if (norm == Norm.NONE && (name.equals(VGG11) || name.equals(RESNET18))) {
            throw new IllegalArgumentException("A " + name + " has instance or batch norm.");
        }
    }

    /** With instance norm where the architecture has one. */
    public Architecture(String name, int width, int depth) {
        this(name, width, depth, Norm.INSTANCE);
    }

    /**
     * The architecture of this name whose parameters these are: width, depth and norm are read off their names and shapes.
     *
     * @throws IllegalArgumentException for an unknown name, or where there is no convolution at all in a {@value #CONVNET}
     */
    public static Architecture of(String name, StateDict parameters) {
        boolean batch = parameters.names().stream().anyMatch(key -> key.endsWith(".running_mean"));
        if (!name.equals(CONVNET)) {
            return new Architecture(name, USUAL_WIDTH, USUAL_DEPTH, batch ? Norm.BATCH : Norm.INSTANCE);
        }
        List<String> convolutions = parameters.names().stream()
                .filter(key -> key.matches("features\\.\\d+\\.weight") && parameters.shape(key).length == 4)
                .toList();
        OptionalInt width = convolutions.stream()
                .mapToInt(key -> Math.toIntExact(parameters.shape(key)[0]))
                .findFirst();
        if (width.isEmpty()) {
            throw new IllegalArgumentException("A " + CONVNET + " has convolutions features.N.weight; here are "
                    + String.join(", ", parameters.names()) + ".");
        }
        boolean normed = parameters.names().stream()
                .anyMatch(key -> key.matches("features\\.\\d+\\.weight") && parameters.shape(key).length == 1);
        Norm norm = batch ? Norm.BATCH : normed ? Norm.INSTANCE : Norm.NONE;
        return new Architecture(CONVNET, width.getAsInt(), convolutions.size(), norm);
    }

    /**
     * The layers for images of a shape.
     *
     * @throws IllegalArgumentException where the architecture is not made for such images
     */
    Layers layers(ImageShape input) {
        return name.equals(CONVNET)
                ? Layers.convNet(input, width, depth, norm)
                : FIXED.get(name).apply(input, norm);
    }

    /**
     * Checks that such a network can be distilled with, where an image must not depend on its batch.
     *
     * @throws IllegalArgumentException where it has batch norm
     */
    public void requireIndependentImages() {
        if (norm == Norm.BATCH && hasNorm()) {
            throw new IllegalArgumentException(
                    "A " + this
                            + " can be a victim, and is not what a set is distilled or labelled with; use instance norm there.");
        }
    }

    private boolean hasNorm() {
        return name.equals(CONVNET) || name.equals(VGG11) || name.equals(RESNET18);
    }

    @Override
    public String toString() {
        String normText = norm.name().toLowerCase(Locale.ROOT) + " norm";
        if (name.equals(CONVNET)) {
            return name + " (width " + width + ", depth " + depth + ", " + normText + ")";
        }
        return hasNorm() ? name + " (" + normText + ")" : name;
    }
}
