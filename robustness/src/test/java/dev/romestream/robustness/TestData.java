package dev.romestream.robustness;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.romestream.robustness.network.Architecture;
import dev.romestream.robustness.network.ConvNet;
import dev.romestream.robustness.network.ImageShape;
import dev.romestream.robustness.network.LabelledImages;
import dev.romestream.robustness.network.Normalization;
import dev.romestream.robustness.tensor.Seed;
import dev.romestream.robustness.tensor.Tensors;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipFile;
import net.razorvine.pickle.Unpickler;
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

    public static ConvNet randomNetwork(NDManager manager, int width, int depth, ImageShape shape, int classes) {
        Architecture architecture = new Architecture("convnet", width, depth);
        return new ConvNet(
                architecture,
                shape,
                classes,
                ConvNet.initialParameters(manager, architecture, shape, classes, new Seed(5)));
    }

    /** A published network of the BEARD benchmark. */
    public static ConvNet published(NDManager manager, String name) throws IOException {
        Map<String, NDArray> state = stateDict(manager, path("networks/" + name));
        Architecture architecture = new Architecture("convnet", 128, 3);
        NDList parameters = new NDList();
        ConvNet.parameterShapes(architecture, CIFAR_SHAPE, 10).keySet().forEach(key -> parameters.add(state.get(key)));
        return new ConvNet(architecture, CIFAR_SHAPE, 10, parameters);
    }

    /** An ordered dictionary, whose metadata is of no use here. */
    public static final class StateDict extends HashMap<Object, Object> {
        /** Called by the unpickler. */
        @SuppressWarnings({"MethodName", "NonApiType"})
        public void __setstate__(HashMap<Object, Object> attributes) {
            if (attributes.isEmpty()) {
                throw new IllegalStateException("no metadata");
            }
        }
    }

    /** A PyTorch zip archive: tensors as (storage key, shape), resolved against the archive's data files. */
    private static Map<String, NDArray> stateDict(NDManager manager, Path file) throws IOException {
        Unpickler.registerConstructor("torch._utils", "_rebuild_tensor_v2", arguments -> arguments);
        Unpickler.registerConstructor("collections", "OrderedDict", arguments -> new StateDict());
        try (ZipFile zip = new ZipFile(file.toFile())) {
            String pickle = zip.stream()
                    .map(entry -> entry.getName())
                    .filter(name -> name.endsWith("/data.pkl"))
                    .findFirst()
                    .orElseThrow();
            String root = pickle.substring(0, pickle.length() - "data.pkl".length());
            Unpickler unpickler = new Unpickler() {
                @Override
                protected Object persistentLoad(Object pid) {
                    return ((Object[]) pid)[2];
                }
            };
            byte[] bytes = zip.getInputStream(zip.getEntry(pickle)).readAllBytes();
            Map<?, ?> raw = (Map<?, ?>) unpickler.load(new ByteArrayInputStream(bytes));
            Map<String, NDArray> state = new HashMap<>();
            for (Map.Entry<?, ?> entry : raw.entrySet()) {
                Object[] tensor = (Object[]) entry.getValue();
                byte[] data = zip.getInputStream(zip.getEntry(root + "data/" + tensor[0]))
                        .readAllBytes();
                List<Long> shape = new ArrayList<>();
                for (Object length : (Object[]) tensor[2]) {
                    shape.add(((Number) length).longValue());
                }
                float[] values = new float[data.length / 4];
                ByteBuffer.wrap(data)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .asFloatBuffer()
                        .get(values);
                String name = entry.getKey().toString().replaceFirst("^module\\.", "");
                state.put(name, manager.create(values, new Shape(shape)));
            }
            return state;
        }
    }
}
