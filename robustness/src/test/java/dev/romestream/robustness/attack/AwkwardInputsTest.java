package dev.romestream.robustness.attack;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.romestream.robustness.TestData;
import dev.romestream.robustness.network.ImageShape;
import dev.romestream.robustness.network.NeuralNetwork;
import dev.romestream.robustness.network.ThreatModel.Space;
import dev.romestream.robustness.tensor.Seed;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Two and three classes, images of one value, networks that are dead, or wrong everywhere: finite images in range, no failure. */
class AwkwardInputsTest {
    private static final ImageShape SHAPE = new ImageShape(3, 8, 8);
    private static final int IMAGES = 3;

    static Stream<AttackSettings> attacks() {
        return Attacks.names().stream().flatMap(name -> {
            AttackSettings attack = new AttackSettings(
                    name,
                    Space.PIXEL,
                    false,
                    0.05,
                    0.02,
                    Attacks.isScoreBased(name) ? 20 : 3,
                    false,
                    Optional.empty(),
                    name.startsWith("autoattack") ? Map.of("queries", 20.0) : Map.of());
            return Attacks.isTargetable(name) ? Stream.of(attack, attack.targetedAt(true)) : Stream.of(attack);
        });
    }

    @ParameterizedTest
    @MethodSource("attacks")
    void nothingFailsAndEveryValueIsFinite(AttackSettings attack) {
        try (NDManager manager = TestData.manager()) {
            boolean needsThree =
                    attack.name().equals("apgd_dlr") || attack.name().equals("apgd_t");
            for (int classes = needsThree ? 3 : 2; classes <= 3; classes++) {
                NeuralNetwork network = TestData.randomNetwork(manager, 4, 2, SHAPE, classes);
                NDList zeros = new NDList();
                network.parameters().forEach(parameter -> zeros.add(parameter.zerosLike()));
                for (NeuralNetwork victim : new NeuralNetwork[] {network, network.withParameters(zeros)}) {
                    for (int value : new int[] {0, 128, 255, -1}) {
                        byte[] pixels = pixels(value);
                        NDArray images = manager.create(floats(pixels), SHAPE.batch(IMAGES));
                        int[] right = victim.predict(TestData.CIFAR10.normalise(images));
                        int shift = classes - 1;
                        int[] wrong = Arrays.stream(right)
                                .map(label -> (label + shift) % victim.classes())
                                .toArray();
                        for (int[] labels : new int[][] {right, wrong}) {
                            check(manager, attack, victim, pixels, labels);
                        }
                    }
                }
            }
        }
    }

    private static void check(
            NDManager manager, AttackSettings attack, NeuralNetwork victim, byte[] pixels, int[] labels) {
        AttackTask task = new AttackTask(attack, SHAPE, pixels, labels, Optional.empty(), new Seed(1));
        try (NDManager scope = manager.newSubManager()) {
            for (float value :
                    task.run(scope, victim, TestData.CIFAR10).images().toFloatArray()) {
                assertThat(value).isBetween(-1e-6f, 1 + 1e-6f);
            }
        }
    }

    /** All of one value, or random ones where it is negative. */
    private static byte[] pixels(int value) {
        byte[] pixels = new byte[IMAGES * SHAPE.size()];
        if (value < 0) {
            new Random(1).nextBytes(pixels);
        } else {
            Arrays.fill(pixels, (byte) value);
        }
        return pixels;
    }

    private static float[] floats(byte[] pixels) {
        float[] values = new float[pixels.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = (pixels[i] & 0xff) / 255f;
        }
        return values;
    }
}
