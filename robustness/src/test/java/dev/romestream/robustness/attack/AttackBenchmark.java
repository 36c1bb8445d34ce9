package dev.romestream.robustness.attack;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.romestream.robustness.TestData;
import dev.romestream.robustness.network.Classifier;
import dev.romestream.robustness.network.ImageShape;
import dev.romestream.robustness.network.LabelledImages;
import dev.romestream.robustness.network.NeuralNetwork;
import dev.romestream.robustness.network.ThreatModel.Space;
import dev.romestream.robustness.tensor.Autograd;
import dev.romestream.robustness.tensor.Precision;
import dev.romestream.robustness.tensor.Seed;
import dev.romestream.robustness.tensor.Tensors;
import dev.romestream.robustness.train.CrossEntropy;
import java.io.IOException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * What attacks cost, against the bare forward and backward pass of the same network and the matrix product of the same engine in
 * the same run; printed beside the limits, and not part of the tests. Run with {@code mvn test -pl robustness -am
 * -Dtest=AttackBenchmark -Dsurefire.failIfNoSpecifiedTests=false}, and {@code -Dbenchmark.images=512} for the cost of the suite
 * {@code as-published} on so many images.
 */
class AttackBenchmark {
    private static final ImageShape SHAPE = TestData.CIFAR_SHAPE;
    private static final int BATCH = 64;
    /** Images that attacks ask about at once. */
    private static final int PART = MicroBatch.MOST;

    private static final int REPEATS = 10 * BATCH / PART;
    private static final int ROUNDS = 3;
    private static final int SUITE_IMAGES = Integer.getInteger("benchmark.images", 64);
    private static final double GIGA = 1e9;

    private static double seconds(Runnable work) {
        long start = System.nanoTime();
        work.run();
        return (System.nanoTime() - start) / GIGA;
    }

    /** The median of rounds in which each work takes its turn, after one that warms up. */
    private static Map<String, Double> medians(Map<String, Runnable> works) {
        Map<String, double[]> times = new LinkedHashMap<>();
        for (int round = -1; round < ROUNDS; round++) {
            for (Map.Entry<String, Runnable> work : works.entrySet()) {
                double taken = seconds(work.getValue());
                if (round >= 0) {
                    times.computeIfAbsent(work.getKey(), any -> new double[ROUNDS])[round] = taken;
                }
            }
        }
        Map<String, Double> medians = new LinkedHashMap<>();
        times.forEach((name, taken) -> {
            Arrays.sort(taken);
            medians.put(name, taken[ROUNDS / 2]);
        });
        return medians;
    }

    @Test
    void gradientAttacksAgainstTheBareNetwork() {
        try (NDManager manager = TestData.manager()) {
            for (int width : new int[] {128, 32}) {
                Classifier network =
                        TestData.randomNetwork(manager, width, 3, SHAPE, 10).prepared(manager, Precision.FLOAT32);
                LabelledImages images = TestData.randomImages(SHAPE, 10, 7, 1);
                int[] ids = IntStream.range(0, BATCH).toArray();
                int[] labels = images.labels(ids);
                NDArray pixels = images.pixels(manager, ids);
                // APGD leaves out what is misclassified: the labels are the network's own, and the ball is too small to
                // lose any
                int[] predicted = network.predict(pixels);
                NDArray some = pixels.get("0:" + PART);
                NDArray aim = Tensors.oneHot(manager, Arrays.copyOf(labels, PART), 10);
                Attack pgd = Attacks.create(
                        new AttackSettings(Attacks.PGD, Space.PIXEL, false, 8 / 255.0, 2 / 255.0, 10, false));
                Attack apgd = Attacks.create(new AttackSettings("apgd_ce", Space.PIXEL, false, 1e-6, 0, 100, true));
                NDArray a = manager.create(new Seed(1).uniform(1 << 20, -1, 1), new Shape(1 << 10, 1 << 10));
                Map<String, Runnable> works = new LinkedHashMap<>();
                works.put("matrix product", () -> {
                    for (int i = 0; i < 20; i++) {
                        a.matMul(a).close();
                    }
                });
                works.put("forward", () -> repeat(REPEATS, manager, some, network::logits));
                works.put(
                        "forward and backward",
                        () -> repeat(
                                REPEATS,
                                manager,
                                some,
                                at -> Autograd.gradient(at, x -> CrossEntropy.perImage(network.logits(x), aim)
                                        .sum())));
                works.put("PGD-10", () -> pgd.perturb(network, pixels, labels, new Seed(1))
                        .images()
                        .close());
                Classifier rounded =
                        TestData.randomNetwork(manager, width, 3, SHAPE, 10).prepared(manager, Precision.BFLOAT16);
                works.put("PGD-10 in bfloat16", () -> pgd.perturb(rounded, pixels, labels, new Seed(1))
                        .images()
                        .close());
                works.put("APGD-100", () -> apgd.perturb(network, pixels, predicted, new Seed(1))
                        .images()
                        .close());
                Map<String, Double> medians = medians(works);
                double product = 20 * 2.0 * Math.pow(1 << 10, 3) / medians.get("matrix product") / GIGA;
                double bare = REPEATS * PART / medians.get("forward and backward");
                // multiply-adds of the three convolutions, each of the two passes
                double operations = 2.0 * SHAPE.height() * SHAPE.width() * 9 * width * (3 + width / 4.0 + width / 16.0);
                System.out.printf(
                        "width %d, parts of %d: matrix product %.0f GFLOP/s; forward %.0f images/s; forward and backward"
                                + " %.0f images/s, which is %.0f GFLOP/s of convolutions, %.2f of the matrix"
                                + " product%n",
                        width,
                        PART,
                        product,
                        REPEATS * PART / medians.get("forward"),
                        bare,
                        bare * 2 * operations / GIGA,
                        bare * 2 * operations / GIGA / product);
                System.out.printf(
                        "  PGD-10 %.0f gradients/s, and %.0f in bfloat16 (docs/pgd.py prints torchattacks'; limits 2 and 3 times that);"
                                + " %.3f of the bare rate (limit 0.9); APGD-100 %.2f images/s, %.3f%n",
                        10 * BATCH / medians.get("PGD-10"),
                        10 * BATCH / medians.get("PGD-10 in bfloat16"),
                        10 * BATCH / medians.get("PGD-10") / bare,
                        BATCH / medians.get("APGD-100"),
                        // a start, and a hundred steps
                        101 * BATCH / medians.get("APGD-100") / bare);
            }
        }
    }

    private static void repeat(int times, NDManager manager, NDArray images, UnaryOperator<NDArray> work) {
        for (int i = 0; i < times; i++) {
            try (NDManager scope = manager.newSubManager()) {
                NDArray at = images.stopGradient();
                at.attach(scope);
                work.apply(at).toFloatArray();
            }
        }
    }

    @Test
    void theSuiteAsPublishedAgainstItsPgd() throws IOException {
        LabelledImages images = TestData.cifarTest(SUITE_IMAGES);
        try (NDManager manager = TestData.manager()) {
            NeuralNetwork network = TestData.published(manager, "DM_ConvNet_CIFAR10_50_None.pth");
            Suite suite = Suite.named("as-published");
            SuiteAttack pgd = suite.attacks().stream()
                    .filter(attack -> attack.spec().name().equals(Attacks.PGD))
                    .findFirst()
                    .orElseThrow();
            cost(manager, network, TestData.cifarTest(BATCH), pgd); // warms up
            double unit = cost(manager, network, images, pgd).seconds();
            Cost rated = Cost.NONE;
            Cost unrated = Cost.NONE;
            for (SuiteAttack attack : suite.attacks()) {
                Cost cost = cost(manager, network, images, attack);
                rated = attack.rated() ? rated.and(cost) : rated;
                unrated = attack.rated() ? unrated : unrated.and(cost);
            }
            // the machine may have changed its pace meanwhile
            unit = (unit + cost(manager, network, images, pgd).seconds())
                    / 2
                    / modes(pgd).size();
            System.out.printf(
                    "as-published, %d images, all modes: %.1f times its PGD-10 (%.2f s) for the attacks of the ratios (limit"
                            + " 80; the published logs 280), %.1f more for those beside them%n",
                    SUITE_IMAGES, rated.seconds() / unit, unit, unrated.seconds() / unit);
        }
    }

    /** Seconds, and evaluations of the network over all images. */
    private record Cost(double seconds, long gradients, long forwards) {
        static final Cost NONE = new Cost(0, 0, 0);

        Cost and(Cost other) {
            return new Cost(seconds + other.seconds, gradients + other.gradients, forwards + other.forwards);
        }
    }

    private static List<Boolean> modes(SuiteAttack attack) {
        return Stream.of(false, true)
                .filter(targeted -> targeted ? attack.targeted() : attack.untargeted())
                .toList();
    }

    private static Cost cost(NDManager manager, NeuralNetwork network, LabelledImages images, SuiteAttack attack) {
        Cost all = Cost.NONE;
        for (boolean targeted : modes(attack)) {
            AttackSettings settings = attack.spec().targetedAt(targeted);
            Cost cost = cost(manager, network, images, settings);
            System.out.printf(
                    "  %-22s %8.2f s, an image %7.1f gradients and %7.1f forward passes%n",
                    settings.name() + (targeted ? " targeted" : ""),
                    cost.seconds(),
                    (double) cost.gradients() / images.size(),
                    (double) cost.forwards() / images.size());
            all = all.and(cost);
        }
        return all;
    }

    private static Cost cost(NDManager manager, NeuralNetwork network, LabelledImages images, AttackSettings settings) {
        long start = System.nanoTime();
        long gradients = 0;
        long forwards = 0;
        for (int from = 0; from < images.size(); from += BATCH) {
            int[] ids =
                    IntStream.range(from, Math.min(images.size(), from + BATCH)).toArray();
            var task = new AttackTask(
                    settings, SHAPE, images.bytes(ids), images.labels(ids), Optional.empty(), new Seed(from));
            try (NDManager scope = manager.newSubManager()) {
                Attack.Perturbation made = task.run(scope, network, TestData.CIFAR10);
                gradients += made.gradientEvaluations();
                forwards += made.forwardEvaluations();
            }
        }
        return new Cost((System.nanoTime() - start) / GIGA, gradients, forwards);
    }
}
