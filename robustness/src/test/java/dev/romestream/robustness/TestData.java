package dev.romestream.robustness;

import ai.djl.ndarray.NDManager;
import dev.romestream.robustness.network.Architecture;
import dev.romestream.robustness.network.ImageShape;
import dev.romestream.robustness.network.LabelledImages;
import dev.romestream.robustness.network.NeuralNetwork;
import dev.romestream.robustness.network.Normalization;
import dev.romestream.robustness.network.StateDict;
import dev.romestream.robustness.tensor.Seed;
import dev.romestream.robustness.tensor.Tensors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Assumptions;

/** Real images and published networks beside the project, and random ones of our own. */
public final class TestData {
    public static final ImageShape CIFAR_SHAPE = new ImageShape(3, 32, 32);
    public static final Normalization CIFAR10 =
            new Normalization(List.of(.4914, .4822, .4465), List.of(.2023, .1994, .2010));
    private static final Path DIRECTORY = Path.of("../../shared/data");

    private TestData() {}

    /** A manager as the services use it: one native thread. */
    public static NDManager manager() {
        return Tensors.manager("cpu", 1);
    }

    /** A path below the test data; skips the test where it is absent. */
    public static Path path(String relative) {
        Path path = DIRECTORY.resolve(relative);
        Assumptions.assumeTrue(Files.exists(path), "skipped: the test data " + relative + " is not there");
        return path;
    }

    public static LabelledImages cifarTest(int count) throws IOException {
        return cifar(path("cifar10/test_batch.bin"), count);
    }

    private static LabelledImages cifar(Path file, int count) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        byte[] pixels = new byte[count * 3072];
        int[] labels = new int[count];
        for (int i = 0; i < count; i++) {
            labels[i] = bytes[i * 3073];
            System.arraycopy(bytes, i * 3073 + 1, pixels, i * 3072, 3072);
        }
        return new LabelledImages(CIFAR_SHAPE, 10, pixels, labels);
    }

    /** Random images of a shape, an equal number of each class. */
    public static LabelledImages randomImages(ImageShape shape, int classes, int perClass, long seed) {
        byte[] pixels = new byte[classes * perClass * shape.size()];
        var random = new Seed(seed).random();
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (byte) random.nextInt(256);
        }
        int[] labels = new int[classes * perClass];
        for (int i = 0; i < labels.length; i++) {
            labels[i] = i % classes;
        }
        return new LabelledImages(shape, classes, pixels, labels);
    }

    public static NeuralNetwork randomNetwork(NDManager manager, int width, int depth, ImageShape shape, int classes) {
        Architecture architecture = new Architecture("convnet", width, depth);
        return new NeuralNetwork(
                architecture,
                shape,
                classes,
                NeuralNetwork.initialParameters(manager, architecture, shape, classes, new Seed(5)));
    }

    /** A published network of the BEARD benchmark. */
    public static NeuralNetwork published(NDManager manager, String name) throws IOException {
        StateDict state = StateDict.read(path("networks/" + name));
        return NeuralNetwork.of(manager, Architecture.of("convnet", state), CIFAR_SHAPE, 10, state);
    }
}
