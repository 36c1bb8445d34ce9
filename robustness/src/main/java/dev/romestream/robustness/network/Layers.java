package dev.romestream.robustness.network;

import dev.romestream.robustness.network.Architecture.Norm;
import java.util.ArrayList;
import java.util.List;

/**
 * The layers of an architecture: images to an embedding, and from there one linear layer to the logits.
 *
 * @param features values of the embedding of an image
 * @param classifier name of the linear layer
 */
record Layers(Layer embedding, int features, String classifier) {
    private static final int CIFAR_SIDE = 32;
    private static final int MNIST_SIDE = 28;
    /** Output channels of VGG11's convolutions; 0 halves the image. */
    private static final int[] VGG11 = {64, 0, 128, 0, 256, 256, 0, 512, 512, 0, 512, 512, 0};

    static Layers convNet(ImageShape input, int width, int depth, Norm norm) {
        List<Layer> layers = new ArrayList<>();
        int perBlock = norm == Norm.NONE ? 3 : 4;
        int padding = firstPadding(input, 1);
        int height = input.height() + 2 * (padding - 1);
        int columns = input.width() + 2 * (padding - 1);
        int channels = input.channels();
        for (int block = 0; block < depth; block++) {
            int position = block * perBlock;
            var convolution = new Layer.Convolution(
                    "features." + position, channels, width, 3, 1, block == 0 ? padding : 1, true);
            String normName = "features." + (position + 1);
            if (norm == Norm.INSTANCE) {
                layers.add(new Layer.Block(convolution, new Layer.InstanceNorm(normName, width)));
            } else {
                layers.add(convolution);
                if (norm == Norm.BATCH) {
                    layers.add(new Layer.BatchNorm(normName, width));
                }
                layers.add(Layer.RELU);
                layers.add(new Layer.AveragePool(2));
            }
            channels = width;
            height /= 2;
            columns /= 2;
        }
        if (height < 1 || columns < 1) {
            throw new IllegalArgumentException("A convnet of depth " + depth + " halves an image of " + input.height()
                    + " x " + input.width() + " pixels to nothing; use a smaller depth.");
        }
        layers.add(Layer.FLATTEN);
        return new Layers(new Layer.Sequence(layers), width * height * columns, "classifier");
    }

    static Layers mlp(ImageShape input) {
        requireSide(input, Architecture.MLP);
        int hidden = 128;
        return new Layers(
                new Layer.Sequence(List.of(
                        Layer.FLATTEN,
                        new Layer.Linear("fc_1", input.size(), hidden),
                        Layer.RELU,
                        new Layer.Linear("fc_2", hidden, hidden),
                        Layer.RELU)),
                hidden,
                "fc_3");
    }

    static Layers leNet(ImageShape input) {
        requireSide(input, Architecture.LENET);
        return new Layers(
                new Layer.Sequence(List.of(
                        new Layer.Convolution("features.0", input.channels(), 6, 5, 1, firstPadding(input, 0), true),
                        Layer.RELU,
                        Layer.MAX_POOL,
                        new Layer.Convolution("features.3", 6, 16, 5, 1, 0, true),
                        Layer.RELU,
                        Layer.MAX_POOL,
                        Layer.FLATTEN,
                        new Layer.Linear("fc_1", 16 * 5 * 5, 120),
                        Layer.RELU,
                        new Layer.Linear("fc_2", 120, 84),
                        Layer.RELU)),
                84,
                "fc_3");
    }

    static Layers alexNet(ImageShape input) {
        requireSide(input, Architecture.ALEXNET);
        return new Layers(
                new Layer.Sequence(List.of(
                        new Layer.Convolution("features.0", input.channels(), 128, 5, 1, firstPadding(input, 2), true),
                        Layer.RELU,
                        Layer.MAX_POOL,
                        new Layer.Convolution("features.3", 128, 192, 5, 1, 2, true),
                        Layer.RELU,
                        Layer.MAX_POOL,
                        new Layer.Convolution("features.6", 192, 256, 3, 1, 1, true),
                        Layer.RELU,
                        new Layer.Convolution("features.8", 256, 192, 3, 1, 1, true),
                        Layer.RELU,
                        new Layer.Convolution("features.10", 192, 192, 3, 1, 1, true),
                        Layer.RELU,
                        Layer.MAX_POOL,
                        Layer.FLATTEN)),
                192 * 4 * 4,
                "fc");
    }

    static Layers vgg11(ImageShape input, Norm norm) {
        requireSide(input, Architecture.VGG11);
        List<Layer> layers = new ArrayList<>();
        int channels = input.channels();
        int position = 0;
        for (int out : VGG11) {
            if (out == 0) {
                layers.add(Layer.MAX_POOL);
                position++;
            } else {
                int padding = position == 0 ? firstPadding(input, 1) : 1;
                layers.add(new Layer.Convolution("features." + position, channels, out, 3, 1, padding, true));
                layers.add(norm("features." + (position + 1), out, norm));
                layers.add(Layer.RELU);
                channels = out;
                position += 3;
            }
        }
        layers.add(Layer.FLATTEN);
        return new Layers(new Layer.Sequence(layers), channels, "classifier");
    }

    static Layers resNet18(ImageShape input, Norm norm) {
        if (input.height() != CIFAR_SIDE || input.width() != CIFAR_SIDE) {
            throw wrongSide(input, Architecture.RESNET18);
        }
        List<Layer> layers = new ArrayList<>();
        layers.add(new Layer.Convolution("conv1", input.channels(), 64, 3, 1, 1, false));
        layers.add(norm("bn1", 64, norm));
        layers.add(Layer.RELU);
        int channels = 64;
        for (int stage = 1; stage <= 4; stage++) {
            int planes = 32 << stage;
            for (int block = 0; block < 2; block++) {
                int stride = stage > 1 && block == 0 ? 2 : 1;
                layers.add(basicBlock("layer" + stage + "." + block, channels, planes, stride, norm));
                channels = planes;
            }
        }
        layers.add(new Layer.AveragePool(4));
        layers.add(Layer.FLATTEN);
        return new Layers(new Layer.Sequence(layers), channels, "classifier");
    }

    private static Layer basicBlock(String name, int in, int out, int stride, Norm norm) {
        Layer body = new Layer.Sequence(List.of(
                new Layer.Convolution(name + ".conv1", in, out, 3, stride, 1, false),
                norm(name + ".bn1", out, norm),
                Layer.RELU,
                new Layer.Convolution(name + ".conv2", out, out, 3, 1, 1, false),
                norm(name + ".bn2", out, norm)));
        Layer shortcut = stride == 1 && in == out
                ? new Layer.Sequence(List.of())
                : new Layer.Sequence(List.of(
                        new Layer.Convolution(name + ".shortcut.0", in, out, 1, stride, 0, false),
                        norm(name + ".shortcut.1", out, norm)));
        return new Layer.Residual(body, shortcut);
    }

    private static Layer norm(String name, int channels, Norm norm) {
        return norm == Norm.BATCH ? new Layer.BatchNorm(name, channels) : new Layer.InstanceNorm(name, channels);
    }

    /** The papers pad images of 28 x 28 pixels to 32 x 32 in the first convolution. */
    private static int firstPadding(ImageShape input, int usual) {
        return input.channels() == 1 && input.height() == MNIST_SIDE ? usual + 2 : usual;
    }

    private static void requireSide(ImageShape input, String name) {
        boolean mnist = input.channels() == 1 && input.height() == MNIST_SIDE && input.width() == MNIST_SIDE;
        if (!mnist && (input.height() != CIFAR_SIDE || input.width() != CIFAR_SIDE)) {
            throw wrongSide(input, name);
        }
    }

    private static IllegalArgumentException wrongSide(ImageShape input, String name) {
        return new IllegalArgumentException("A " + name + " is made for images of 32 x 32 pixels; these have "
                + input.height() + " x " + input.width() + ".");
    }
}
