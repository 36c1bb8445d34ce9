package dev.romestream.robustness.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.romestream.robustness.TestData;
import dev.romestream.robustness.network.Architecture;
import dev.romestream.robustness.network.ImageShape;
import dev.romestream.robustness.network.NeuralNetwork;
import dev.romestream.robustness.network.TensorData;
import dev.romestream.robustness.network.TensorFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Two steps in training and an evaluation after them, against PyTorch: {@code networks/make_batch_norm.py}. */
class BatchNormTrainingTest {
    private static final int PARAMETERS = 14;
    private static final Architecture ARCHITECTURE = new Architecture("convnet", 6, 2, Architecture.Norm.BATCH);

    private NDManager manager;
    private Map<?, ?> reference;

    @BeforeEach
    void open() throws IOException {
        manager = TestData.manager();
        reference = (Map<?, ?>) TensorFile.read(Path.of("src/test/resources/networks/batch-norm.npz"));
    }

    @AfterEach
    void close() {
        manager.close();
    }

    private NDArray array(String name) {
        TensorData data = (TensorData) reference.get(name);
        return manager.create(data.values(), new Shape(data.shape()));
    }

    private void assertClose(NDArray actual, String name) {
        assertThat(actual.toFloatArray()).as(name).containsExactly(array(name).toFloatArray(), within(2e-4f));
    }

    @Test
    void parametersAndRunningStatisticsFollowAsInPyTorch() {
        NDList parameters = new NDList();
        for (int i = 0; i < PARAMETERS; i++) {
            parameters.add(array("p" + i));
        }
        NeuralNetwork network = new NeuralNetwork(ARCHITECTURE, new ImageShape(3, 8, 8), 3, parameters);
        try (Training training = new Training(manager, network, new NDList())) {
            for (int step = 0; step < 2; step++) {
                training.step(
                        new StochasticGradientDescent(0.1, 0.9, 0.01), array("images" + step), array("targets" + step));
            }
            NeuralNetwork trained = training.network();
            for (int i = 0; i < PARAMETERS; i++) {
                assertClose(trained.parameters().get(i), "after" + i);
            }
            assertClose(trained.logits(array("images0")), "logits");
            assertThat(trained.isStatistic(4)).isTrue();
            assertThat(training.velocities().get(4).toFloatArray()).containsOnly(0);
        }
    }
}
