package dev.romestream.robustness.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.romestream.robustness.TestData;
import dev.romestream.robustness.network.Architecture.Norm;
import dev.romestream.robustness.tensor.Autograd;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Against values of PyTorch itself, written by it into the test resources. */
class NetworkFilesTest {
    private static final Path FILES = Path.of("src/test/resources/networks");
    private static final int CLASSES = 10;
    private static final float[] SMALL_LOGITS = {
        0.38383f, 0.47361f, -0.401369f, 0.19212f, 0.514774f, 1.294377f, -0.807346f, -0.109785f, 0.641142f, -0.890345f
    };
    private static final float[] SMALL_GRADIENT = {
        0.085675f, -0.399024f, -0.127129f, 0.178662f, 0.193763f, -0.273828f, -0.0712923f, 0.321597f
    };
    private static final float[] CONVNET_LOGITS = {
        -0.820575f, 0.283853f, -0.868378f, -1.044291f, 0.170818f, -0.63703f, 0.170222f, 0.385336f, 0.259489f, -0.09926f
    };

    @AutoClose
    private final NDManager manager = TestData.manager();

    static Stream<JsonNode> architectures() throws IOException {
        JsonNode results = new ObjectMapper()
                .readTree(FILES.resolve("architectures.json").toFile())
                .get("results");
        return Stream.iterate(0, i -> i < results.size(), i -> i + 1).map(results::get);
    }

    private static Architecture architecture(String text) {
        String[] words = text.split(" ");
        Norm norm = words.length > 1 ? Norm.valueOf(words[1].toUpperCase(Locale.ROOT)) : Norm.NONE;
        return words.length > 2
                ? new Architecture(words[0], Integer.parseInt(words[2]), Integer.parseInt(words[3]), norm)
                : new Architecture(words[0], 128, 3, norm);
    }

    /** Value i of parameter j: v = (2 u - 1) sqrt(3 / fan-in) with u = frac(43758.5453 sin(12.9898 i + 78.233 j)). */
    private NDList parameters(Map<String, Shape> shapes) {
        NDList parameters = new NDList();
        for (Map.Entry<String, Shape> entry : shapes.entrySet()) {
            Shape shape = entry.getValue();
            double fan = shape.dimension() > 1 ? shape.slice(1).size() : 16;
            float[] values = new float[(int) shape.size()];
            for (int i = 0; i < values.length; i++) {
                double w = StrictMath.sin(12.9898 * i + 78.233 * parameters.size()) * 43758.5453;
                double v = (2 * (w - Math.floor(w)) - 1) * Math.sqrt(3 / fan);
                boolean scale = shape.dimension() == 1 && entry.getKey().endsWith("weight");
                values[i] = (float) (entry.getKey().endsWith("running_var") ? 1 + v * v : scale ? 1 + v : v);
            }
            parameters.add(manager.create(values, shape));
        }
        return parameters;
    }

    private NDArray images(ImageShape shape) {
        float[] values = new float[2 * shape.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) StrictMath.cos(0.11 * i);
        }
        return manager.create(values, shape.batch(2));
    }

    /** Of the sum of logits, each times its class's number from 1. */
    private float[] gradient(Classifier network, NDArray images) {
        float[] weights = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
        return Autograd.gradient(images, x -> network.logits(x)
                        .mul(x.getManager().create(weights))
                        .sum())
                .toFloatArray();
    }

    @ParameterizedTest
    @MethodSource("architectures")
    void logitsAndInputGradientsAreThoseOfPyTorch(JsonNode expected) {
        int channels = expected.get("channels").asInt();
        int side = channels == 1 ? 28 : 32;
        ImageShape shape = new ImageShape(channels, side, side);
        Architecture architecture = architecture(expected.get("architecture").asText());
        NDList parameters = parameters(NeuralNetwork.parameterShapes(architecture, shape, CLASSES));
        NeuralNetwork network = new NeuralNetwork(architecture, shape, CLASSES, parameters);
        NDArray images = images(shape);
        float[] logits = network.logits(images).toFloatArray();
        for (int i = 0; i < logits.length; i++) {
            double wanted = expected.get("logits").get(i).asDouble();
            assertThat((double) logits[i]).isCloseTo(wanted, within(2e-4 * Math.max(1, Math.abs(wanted))));
        }
        float[] gradient = gradient(network, images);
        double scale = expected.get("gradientNorm").asDouble() / Math.sqrt(gradient.length);
        for (int i = 0; i < 8; i++) {
            assertThat((double) gradient[i * (gradient.length / 8)])
                    .isCloseTo(expected.get("gradient").get(i).asDouble(), within(5e-3 * scale));
        }
    }

    private NeuralNetwork load(String file) throws IOException {
        StateDict state = StateDict.read(FILES.resolve(file));
        return NeuralNetwork.of(
                manager, Architecture.of(Architecture.CONVNET, state), TestData.CIFAR_SHAPE, CLASSES, state);
    }

    @ParameterizedTest
    @CsvSource({
        "convnet.pth, 1e-4",
        "convnet-parallel-half.pth, 5e-3",
        "convnet-legacy.pth, 1e-4",
        "convnet-compiled.pth, 1e-4",
        "convnet-lightning.ckpt, 1e-4",
        "convnet-epoch.pth.tar, 1e-4",
        "convnet.safetensors, 1e-4"
    })
    void aStateDictClassifiesAsInPyTorch(String file, float slack) throws IOException {
        NeuralNetwork network = load(file);
        assertThat(network.architecture()).hasToString("convnet (width 4, depth 3, instance norm)");
        float[] logits = network.logits(images(TestData.CIFAR_SHAPE)).get("0:1").toFloatArray();
        assertThat(logits).containsExactly(CONVNET_LOGITS, within(slack));
    }

    /** {@code make_precisions.py}: twice the first ten values, which all of these types hold exactly. */
    @ParameterizedTest
    @ValueSource(strings = {"bfloat16", "half"})
    void aProgramMayAnswerInAnotherPrecision(String type) throws IOException {
        byte[] program = Files.readAllBytes(FILES.resolve("answers-" + type + ".pt"));
        TorchScript network = TorchScript.load(manager, program, TestData.CIFAR_SHAPE, 10);
        float[] values = new float[TestData.CIFAR_SHAPE.size()];
        for (int i = 0; i < 10; i++) {
            values[i] = i / 4f;
        }
        NDArray image = manager.create(values, TestData.CIFAR_SHAPE.batch(1));
        assertThat(network.logits(image).toFloatArray()).containsExactly(0, 0.5f, 1, 1.5f, 2, 2.5f, 3, 3.5f, 4, 4.5f);
        float[] gradient =
                Autograd.gradient(image, x -> network.logits(x).sum()).toFloatArray();
        assertThat(gradient).startsWith(2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 0, 0);
    }

    @ParameterizedTest
    @CsvSource({"int, int32", "double, float64"})
    void aProgramThatAnswersInAnotherTypeIsRefused(String name, String type) throws IOException {
        byte[] program = Files.readAllBytes(FILES.resolve("answers-" + name + ".pt"));
        assertThatThrownBy(() -> TorchScript.load(manager, program, TestData.CIFAR_SHAPE, 10))
                .hasMessageContaining("answers in " + type)
                .hasMessageContaining("Convert it by .float()");
    }

    @Test
    void aBatchNormNetworkIsReadWithItsRunningStatistics() throws IOException {
        NeuralNetwork network = load("convnet-batch.pth");
        assertThat(network.architecture()).isEqualTo(new Architecture("convnet", 4, 2, Norm.BATCH));
        assertThat(network.parameterNames()).contains("features.1.running_var");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "whole-model.pth | asks for __main__.ConvNet",
                "os-system.pth | asks for posix.system",
                "exported.pt2 | is a program of torch.export",
                "small.pt | is a TorchScript program"
            })
    void whatIsNoStateDictIsRefusedByName(String file, String message) {
        assertThatThrownBy(() -> StateDict.read(FILES.resolve(file)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(file)
                .hasMessageContaining(message);
    }

    @Test
    void everyFaultOfAStateDictIsNamedAtOnce() throws IOException {
        StateDict state = StateDict.read(FILES.resolve("convnet.pth"));
        var deeper = new Architecture("convnet", 4, 4);
        assertThatThrownBy(() -> NeuralNetwork.of(manager, deeper, TestData.CIFAR_SHAPE, CLASSES, state))
                .hasMessageContaining("features.12.weight is missing")
                .hasMessageContaining("classifier.weight has the shape (10, 64) and not (10, 16)");
        var bare = new Architecture("convnet", 4, 3, Norm.NONE);
        assertThatThrownBy(() -> NeuralNetwork.of(manager, bare, TestData.CIFAR_SHAPE, CLASSES, state))
                .hasMessageContaining("features.1.weight is surplus")
                .hasMessageContaining("features.3.weight is missing");
    }

    /** However it is cut or changed, a file is read or refused, and nothing else. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "convnet.pth",
                "convnet-legacy.pth",
                "convnet-lightning.ckpt",
                "convnet-epoch.pth.tar",
                "convnet.safetensors",
                "whole-model.pth"
            })
    void damagedFilesAreRefusedOrRead(String file, @TempDir Path directory) throws IOException {
        byte[] whole = Files.readAllBytes(FILES.resolve(file));
        Random random = new Random(1);
        Path damaged = directory.resolve("damaged");
        for (int i = 0; i < 400; i++) {
            byte[] bytes = i % 4 == 0 ? Arrays.copyOf(whole, random.nextInt(whole.length)) : whole.clone();
            for (int change = 0; change < i % 4 && bytes.length > 0; change++) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            }
            Files.write(damaged, bytes);
            try {
                StateDict.read(damaged);
            } catch (IllegalArgumentException e) {
                assertThat(e.getMessage()).isNotBlank();
            }
        }
    }

    @Test
    void aDamagedFileIsRefused(@TempDir Path directory) throws IOException {
        byte[] bytes = Files.readAllBytes(FILES.resolve("convnet.pth"));
        Path half = directory.resolve("half.pth");
        Files.write(half, Arrays.copyOf(bytes, bytes.length / 2));
        assertThatThrownBy(() -> StateDict.read(half))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("half.pth");
    }

    private TorchScript script(String file) throws IOException {
        return TorchScript.load(manager, Files.readAllBytes(FILES.resolve(file)), TestData.CIFAR_SHAPE, CLASSES);
    }

    @Test
    void aTorchScriptProgramClassifiesAndDifferentiatesAsInPyTorch() throws IOException {
        TorchScript network = script("small.pt");
        NDArray images = images(TestData.CIFAR_SHAPE);
        assertThat(network.logits(images).get("0:1").toFloatArray()).containsExactly(SMALL_LOGITS, within(1e-4f));
        float[] gradient = gradient(network, images);
        for (int i = 0; i < SMALL_GRADIENT.length; i++) {
            assertThat(gradient[i * 768]).isCloseTo(SMALL_GRADIENT[i], within(1e-4f));
        }
    }

    @Test
    void aProgramThatWasSavedInTrainingModeIsEvaluated() throws IOException {
        assertThat(script("dropout.pt")
                        .logits(images(TestData.CIFAR_SHAPE))
                        .get("0:1")
                        .toFloatArray())
                .containsExactly(SMALL_LOGITS, within(1e-4f));
    }

    @Test
    void whatIsNoClassifierIsRefused() throws IOException {
        assertThatThrownBy(() -> script("two-outputs.pt"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("needed is one, the logits");
        assertThatThrownBy(() -> script("convnet.pth"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("The TorchScript program cannot be read");
        byte[] program = Files.readAllBytes(FILES.resolve("small.pt"));
        assertThatThrownBy(() -> TorchScript.load(manager, program, TestData.CIFAR_SHAPE, 7))
                .hasMessageContaining("needed are logits of shape (1, 7)");
    }
}
