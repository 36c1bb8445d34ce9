package dev.romestream.robustness.distill;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.romestream.robustness.TestData;
import dev.romestream.robustness.augment.Augmentation;
import dev.romestream.robustness.network.Architecture;
import dev.romestream.robustness.network.ImageShape;
import dev.romestream.robustness.network.NeuralNetwork;
import dev.romestream.robustness.network.TensorData;
import dev.romestream.robustness.network.TensorFile;
import dev.romestream.robustness.tensor.Autograd;
import dev.romestream.robustness.tensor.Seed;
import dev.romestream.robustness.tensor.Tensors;
import dev.romestream.robustness.train.CurvatureRegularization;
import dev.romestream.robustness.train.StochasticGradientDescent;
import dev.romestream.robustness.train.TrainingSet;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Losses and gradients as PyTorch computes them from the formulas: {@code methods/make_reference.py}. */
class MethodReferenceTest {
    private static final ImageShape SHAPE = new ImageShape(3, 8, 8);
    private static final int CLASSES = 3;
    private static final int PARAMETERS = 10;

    private NDManager manager;
    private Map<?, ?> reference;

    @BeforeEach
    void open() throws IOException {
        manager = TestData.manager();
        reference = (Map<?, ?>) TensorFile.read(Path.of("src/test/resources/methods/reference.npz"));
    }

    @AfterEach
    void close() {
        manager.close();
    }

    private NDArray array(String name) {
        TensorData data = (TensorData) reference.get(name);
        long[] shape = data.shape();
        return manager.create(data.values(), new Shape(shape.length == 0 ? new long[] {1} : shape));
    }

    private NeuralNetwork network(String name) {
        NDList parameters = new NDList();
        for (int i = 0; i < PARAMETERS; i++) {
            parameters.add(array(name + i));
        }
        return new NeuralNetwork(new Architecture("convnet", 6, 2), SHAPE, CLASSES, parameters);
    }

    private void assertClose(NDArray actual, String name) {
        float[] expected = array(name).toFloatArray();
        double largest = 0;
        for (float value : expected) {
            largest = Math.max(largest, Math.abs(value));
        }
        assertThat(actual.toType(DataType.FLOAT32, false).toFloatArray())
                .as(name)
                .containsExactly(expected, within((float) (2e-4 * largest)));
    }

    @Test
    void gradientMatching() {
        NDArray synthetic = Autograd.leaf(array("synthetic"));
        NDArray loss = GradientMatching.loss(network("p"), array("real"), synthetic, 1);
        assertClose(loss, "dc_loss");
        assertClose(Autograd.last(loss, new NDList(synthetic)).head(), "dc_gradient");
    }

    @Test
    void trajectoryMatching() {
        NDArray images = Autograd.leaf(array("student_images"));
        NDArray rate = Autograd.leaf(manager.create(new float[] {0.05f}));
        var none = new StochasticGradientDescent(0, 0, 0);
        var student = new TrajectoryMatching.Student(3, 4, 0.05, Augmentation.NONE);
        NetworkSource experts = new InlinePriors(manager, null, null, null);
        try (var method = new TrajectoryMatching(manager, experts, student, none, none, new Seed(1))) {
            TrainingSet shown = TrainingSet.of(images, Tensors.oneHot(manager, new int[] {0, 1, 2, 0}, CLASSES));
            NDArray loss = method.loss(network("p"), network("q"), shown, rate, new Seed(1));
            assertClose(loss, "mtt_loss");
            NDList gradients = Autograd.last(loss, new NDList(images, rate));
            assertClose(gradients.get(0), "mtt_gradient");
            assertClose(gradients.get(1), "mtt_rate_gradient");
        }
    }

    @Test
    void curvature() {
        NeuralNetwork network = network("p");
        NDArray targets = Tensors.oneHot(manager, new int[] {2, 0, 1}, CLASSES);
        Autograd.Gradients made = Autograd.gradients(network.parameters(), leaves -> new CurvatureRegularization(10, 3)
                .loss(network.withParameters(leaves), array("curved"), targets));
        assertClose(made.value(), "curvature_loss");
        for (int i = 0; i < PARAMETERS; i++) {
            if (i != 1 && i != 5) {
                // instance norm takes away what a convolution's bias adds: both are noise around zero
                assertClose(made.gradients().get(i), "curvature_gradient" + i);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"idm", "bacon", "rome", "guard"})
    void embeddingMatching(String name) {
        PoolMatching.Objective objective =
                switch (name) {
                    case "idm" -> new Idm(0.02);
                    case "bacon" -> new Bacon(0.02);
                    case "rome" -> new Rome(0.2, 0.02, Alignment.SQUARED_TV);
                    default -> new Guard(0.1);
                };
        NeuralNetwork network = network("p");
        PoolMember member = new PoolMember(network, new NDList(), new NDList(), 3, 10);
        NDList target = RealEmbeddings.of(network.features(array("matched")));
        NDArray shown = Autograd.leaf(array("shown"));
        NDArray loss = objective.loss(new PoolMatching.Shown(member, network.features(shown), 1), target);
        assertClose(loss, name + "_loss");
        assertClose(Autograd.last(loss, new NDList(shown)).head(), name + "_gradient");
    }

    @Test
    void contrast() {
        NDArray clean = Autograd.leaf(array("clean"));
        NDArray loss = ContrastiveCurriculum.contrast(clean, array("perturbed"), new int[] {0, 1, 0, 2, 1}, 0.5);
        assertClose(loss, "contrast_loss");
        assertClose(Autograd.last(loss, new NDList(clean)).head(), "contrast_gradient");
    }

    @ParameterizedTest
    @CsvSource({"HERDING, herding", "K_CENTER, k_center"})
    void coresets(Coreset coreset, String name) {
        float[] points = array("points").toFloatArray();
        float[][] features = new float[30][4];
        for (int i = 0; i < points.length; i++) {
            features[i / 4][i % 4] = points[i];
        }
        int[] chosen = coreset.choose(features, 6);
        float[] expected = array(name).toFloatArray();
        for (int i = 0; i < expected.length; i++) {
            assertThat(chosen[i]).isEqualTo((int) expected[i]);
        }
    }
}
