package dev.romestream.robustness.attack;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.romestream.robustness.TestData;
import dev.romestream.robustness.augment.Augmentation;
import dev.romestream.robustness.distill.Alignment;
import dev.romestream.robustness.distill.Bacon;
import dev.romestream.robustness.distill.GradientMatching;
import dev.romestream.robustness.distill.Guard;
import dev.romestream.robustness.distill.Idm;
import dev.romestream.robustness.distill.MultiFormation;
import dev.romestream.robustness.distill.PoolMatching;
import dev.romestream.robustness.distill.PoolMember;
import dev.romestream.robustness.distill.Rome;
import dev.romestream.robustness.network.Architecture;
import dev.romestream.robustness.network.ImageShape;
import dev.romestream.robustness.network.NeuralNetwork;
import dev.romestream.robustness.tensor.Autograd;
import dev.romestream.robustness.tensor.Scalars;
import dev.romestream.robustness.tensor.Seed;
import dev.romestream.robustness.tensor.Tensors;
import dev.romestream.robustness.train.AdversarialTraining;
import dev.romestream.robustness.train.CrossEntropy;
import dev.romestream.robustness.train.CurvatureRegularization;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What a backward pass reads must not be Java's to collect: gradients are the same whatever the collector does in between. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class GradientsUnderCollectionTest {
    private static final int IMAGES = 4;
    private static final int CLASSES = 10;
    private static final ImageShape SHAPE = new ImageShape(3, 16, 16);
    private static final int[] LABELS = {3, 1, 0, 9};
    private static final int[] TARGETS = {4, 2, 1, 0};

    private NDManager manager;
    private NeuralNetwork network;
    private float[] pixels;

    @BeforeAll
    void open() {
        manager = Tensors.manager("cpu", 1);
        Architecture architecture = new Architecture(Architecture.CONVNET, 4, 2);
        Seed seed = new Seed(5);
        network = new NeuralNetwork(
                architecture,
                SHAPE,
                CLASSES,
                NeuralNetwork.initialParameters(manager, architecture, SHAPE, CLASSES, seed));
        pixels = seed.with("pixels").uniform(IMAGES * SHAPE.size(), -1, 1);
    }

    @AfterAll
    void close() {
        manager.close();
    }

    /** Scalars of images {@code (4, 3, 16, 16)}. */
    private Map<String, UnaryOperator<NDArray>> functions() {
        Map<String, UnaryOperator<NDArray>> functions = new TreeMap<>();
        functions.put("product with a number", x -> Scalars.mul(x.square(), 0.3).sum());
        functions.put("quotient by a number", x -> Scalars.div(x.square(), 0.3).sum());
        functions.put("power of a number", x -> Scalars.pow(x.abs(), 1.5).sum());
        functions.put(
                "maximum with a number", x -> Scalars.maximum(x, 0.1).square().sum());
        functions.put("mean cross-entropy", x -> CrossEntropy.mean(network.logits(x), oneHot(x)));
        for (Alignment alignment : Alignment.values()) {
            functions.put("ROME, " + alignment, x -> matched(x, new Rome(0.2, 0.02, alignment)));
        }
        functions.put("IDM", x -> matched(x, new Idm(0.02)));
        functions.put("BACON", x -> matched(x, new Bacon(0.02)));
        functions.put("GUARD", x -> matched(x, new Guard(0.1)));
        functions.put(
                "gradient matching",
                x -> GradientMatching.loss(network, x.stopGradient().add(0.1f), x, 1));
        functions.put("curvature", x -> new CurvatureRegularization(10, 3).loss(network, x, oneHot(x)));
        functions.put("TRADES", this::trades);
        for (String operation : Augmentation.FULL.split("_")) {
            functions.put("augmentation " + operation, x -> new Augmentation(operation)
                    .siamese(x, new Seed(2))
                    .square()
                    .sum());
        }
        functions.put("multi-formation", x -> MultiFormation.expand(x).square().sum());
        Map.of(
                        "cross-entropy", Loss.CROSS_ENTROPY,
                        "targeted cross-entropy", Loss.TARGET_CROSS_ENTROPY,
                        "DLR", Loss.DLR,
                        "targeted DLR", Loss.TARGET_DLR,
                        "C&W",
                                (Loss) (logits, labels, targets) ->
                                        Loss.hinge(Loss.flooredMargin(logits, labels), -1, 2))
                .forEach((name, loss) -> functions.put(name, x -> loss.perImage(network.logits(x), LABELS, TARGETS)
                        .sum()));
        return functions;
    }

    private static NDArray oneHot(NDArray x) {
        return Tensors.oneHot(x.getManager(), LABELS, CLASSES);
    }

    private NDArray matched(NDArray x, PoolMatching.Objective objective) {
        PoolMember member = new PoolMember(network, new NDList(), new NDList(), 3, 10);
        NDArray zeros = x.getManager().zeros(new Shape(network.embeddingSize()));
        return objective.loss(
                new PoolMatching.Shown(member, network.features(x), 3), new NDList(zeros, zeros.duplicate()));
    }

    private NDArray trades(NDArray x) {
        return new AdversarialTraining(AdversarialTraining.Regime.TRADES, 0.01, 0.005, 2, 6, TestData.CIFAR10)
                .loss(network, x, oneHot(x), new Seed(2));
    }

    private List<String> names() {
        return new ArrayList<>(functions().keySet());
    }

    @ParameterizedTest
    @MethodSource("names")
    void theGradientIsTheSame(String name) {
        UnaryOperator<NDArray> function = functions().get(name);
        float[] expected = gradient(function, () -> {});
        float[] collected = gradient(function, GradientsUnderCollectionTest::collect);
        assertArrayEquals(expected, collected, 0);
    }

    private float[] gradient(UnaryOperator<NDArray> function, Runnable between) {
        try (NDManager scope = manager.newSubManager()) {
            NDArray at = scope.create(pixels, new Shape(IMAGES, 3, 16, 16));
            return Autograd.gradient(at, x -> {
                        NDArray value = function.apply(x);
                        between.run();
                        return value;
                    })
                    .toFloatArray();
        }
    }

    /** Frees whatever Java lets go of, and puts other values in its place. */
    private static void collect() {
        ByteBuffer[] others = new ByteBuffer[6000];
        for (int i = 0; i < others.length; i++) {
            if (i % 2000 == 0) {
                System.gc();
                sleep(); // buffers are freed by another thread
            }
            others[i] = ByteBuffer.allocateDirect(Long.BYTES).order(ByteOrder.nativeOrder());
            others[i].putFloat(7e5f).putFloat(7e5f);
        }
    }

    private static void sleep() {
        try {
            Thread.sleep(20);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
