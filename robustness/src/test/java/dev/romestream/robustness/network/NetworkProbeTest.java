package dev.romestream.robustness.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.jni.JniUtils;
import dev.romestream.robustness.TestData;
import dev.romestream.robustness.network.Architecture.Norm;
import dev.romestream.robustness.tensor.Seed;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** On programs that {@code networks/make_programs.py} wrote. */
class NetworkProbeTest {
    private static final Path FILES = Path.of("src/test/resources/networks");
    private static final int CLASSES = 10;

    @AutoClose
    private final NDManager manager = TestData.manager();

    private Classifier program(String file) throws IOException {
        return TorchScript.load(manager, Files.readAllBytes(FILES.resolve(file)), TestData.CIFAR_SHAPE, CLASSES);
    }

    @ParameterizedTest
    @CsvSource({
        "plain.pt, false, false, false",
        "small.pt, false, false, false",
        "dropout.pt, false, false, false",
        "training-mode.pt, true, false, false",
        "softmax.pt, false, true, false",
        "detached.pt, false, false, true",
        "straight-through.pt, false, false, true",
        "masked.pt, false, false, true"
    })
    void whatAProgramHidesIsSeen(String file, boolean batchDependent, boolean softmax, boolean mismatch)
            throws IOException {
        assertThat(NetworkProbe.of(manager, program(file), TestData.CIFAR_SHAPE, new Seed(0)))
                .isEqualTo(new NetworkProbe(batchDependent, softmax, mismatch));
    }

    @ParameterizedTest
    @CsvSource({"convnet, INSTANCE", "convnet, BATCH", "convnet, NONE", "resnet18, INSTANCE", "lenet, NONE", "mlp, NONE"
    })
    void honestNetworksPass(String name, Norm norm) {
        Architecture architecture = new Architecture(name, 16, 3, norm);
        for (int seed = 0; seed < 3; seed++) {
            NDList parameters = NeuralNetwork.initialParameters(
                    manager, architecture, TestData.CIFAR_SHAPE, CLASSES, new Seed(seed));
            NeuralNetwork network = new NeuralNetwork(architecture, TestData.CIFAR_SHAPE, CLASSES, parameters);
            assertThat(NetworkProbe.of(manager, network, TestData.CIFAR_SHAPE, new Seed(seed)))
                    .isEqualTo(new NetworkProbe(false, false, false));
        }
    }

    @ParameterizedTest
    @CsvSource({"purified.pt, true", "plain.pt, false", "detached.pt, false"})
    void aProgramThatOptimisesWhileItClassifiesIsSeen(String file, boolean differentiates) throws IOException {
        assertThat(TorchScript.differentiates(Files.readAllBytes(FILES.resolve(file))))
                .isEqualTo(differentiates);
        assertThat(program(file).classes()).isEqualTo(CLASSES);
    }

    /** The engine can leave a thread with gradients switched off. */
    @Test
    void aProgramThatDifferentiatesIsTakenOnEveryThread() throws IOException {
        JniUtils.setGradMode(false);
        try {
            assertThat(program("purified.pt").classes()).isEqualTo(CLASSES);
        } finally {
            JniUtils.setGradMode(true);
        }
    }

    @Test
    void aNetworkWithoutAFiniteAnswerIsRefused() {
        assertThatThrownBy(() -> NetworkProbe.of(manager, program("nan.pt"), TestData.CIFAR_SHAPE, new Seed(0)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("NaN");
    }

    @ParameterizedTest
    @CsvSource({"one-image.pt", "eight-images.pt"})
    void aProgramOfOneBatchSizeIsRefusedWithTheRemedy(String file) {
        assertThatThrownBy(() -> program(file))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("batch size");
    }

    @Test
    void aProgramThatAsksForAnotherDeviceIsRefused() {
        assertThatThrownBy(() -> program("cuda.pt"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("cuda");
    }
}
