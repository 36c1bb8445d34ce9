package dev.romestream.robustness.attack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.romestream.robustness.TestData;
import dev.romestream.robustness.network.Classifier;
import dev.romestream.robustness.network.ThreatModel.Space;
import dev.romestream.robustness.tensor.Autograd;
import dev.romestream.robustness.tensor.Seed;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** On linear classifiers the best attacks have closed forms. */
class LinearClassifierTest {
    private static final int SIZE = 3 * 4 * 4;
    private static final int CLASSES = 5;
    private static final int COUNT = 6;
    /** Those that do not aim at the nearest boundary. */
    private static final Set<String> SEARCHES_OR_CROSS_ENTROPY = Set.of("square", "apgd_ce");

    private final float[] weights = new Seed(1).uniform(SIZE * CLASSES, -1, 1);
    private final float[] images = new Seed(2).uniform(COUNT * SIZE, 0.4, 0.6);
    private NDManager manager;
    private Classifier linear;
    private int[] labels;

    @BeforeEach
    void open() {
        manager = TestData.manager();
        NDArray matrix = manager.create(weights, new Shape(SIZE, CLASSES));
        linear = new Classifier() {
            @Override
            public int classes() {
                return CLASSES;
            }

            @Override
            public NDArray logits(NDArray given) {
                return given.reshape(given.getShape().get(0), -1).matMul(matrix);
            }
        };
        labels = linear.predict(batch());
    }

    @AfterEach
    void close() {
        manager.close();
    }

    private NDArray batch() {
        return manager.create(images, new Shape(COUNT, 3, 4, 4));
    }

    private Attack.Perturbation attack(String name, double epsilon, int steps, Map<String, Double> parameters) {
        var settings = new AttackSettings(
                name, Space.PIXEL, false, epsilon, epsilon, steps, false, Optional.empty(), parameters);
        return Attacks.create(settings).perturb(linear, batch(), labels, new Seed(3));
    }

    private float[][] displacements(Attack.Perturbation made) {
        return Rows.of(made.images().sub(batch()));
    }

    private double weight(int i, int other, int label) {
        return weights[i * CLASSES + other] - weights[i * CLASSES + label];
    }

    /** Distance of an image to its nearest boundary: in L2, or for the dual norm 1 in L-infinity. */
    private double boundary(int image, boolean euclidean) {
        double nearest = Double.POSITIVE_INFINITY;
        for (int other = 0; other < CLASSES; other++) {
            if (other != labels[image]) {
                nearest = Math.min(nearest, distance(image, other, euclidean));
            }
        }
        return nearest;
    }

    private double distance(int image, int other, boolean euclidean) {
        double value = 0;
        double dual = 0;
        for (int i = 0; i < SIZE; i++) {
            double w = weight(i, other, labels[image]);
            value += w * images[image * SIZE + i];
            dual += euclidean ? w * w : Math.abs(w);
        }
        return Math.abs(value) / (euclidean ? Math.sqrt(dual) : dual);
    }

    private static double largest(float[] row) {
        double largest = 0;
        for (float value : row) {
            largest = Math.max(largest, Math.abs(value));
        }
        return largest;
    }

    @Test
    void deepFoolGoesToTheNearestBoundaryAndTheOvershootBeyond() {
        float[][] moved = displacements(attack(Attacks.DEEPFOOL, 0, 50, Map.of("overshoot", 0.02)));
        for (int image = 0; image < COUNT; image++) {
            assertThat(Rows.norm(moved[image]) / boundary(image, true)).isCloseTo(1.02, within(1e-3));
        }
    }

    @Test
    void deepFoolAsksNoMoreAboutAnImageThatDoesNotMove() {
        Classifier flat = linear.after(given -> given.mul(0));
        int[] first = new int[COUNT];
        var settings = new AttackSettings(Attacks.DEEPFOOL, Space.PIXEL, false, 0, 0, 50, false);
        var made = Attacks.create(settings).perturb(flat, batch(), first, new Seed(3));
        assertThat(made.forwardEvaluations()).isEqualTo(COUNT);
        assertThat(made.images().toFloatArray()).isEqualTo(images);
    }

    @Test
    void carliniAndWagnerComesCloseToTheNearestBoundary() {
        var made = attack(Attacks.CW, 0, 400, Map.of("c", 3.0, "learningRate", 0.002));
        int[] predicted = linear.predict(made.images());
        for (int image = 0; image < COUNT; image++) {
            assertThat(predicted[image]).isNotEqualTo(labels[image]);
        }
        float[][] moved = displacements(made);
        for (int image = 0; image < COUNT; image++) {
            assertThat(Rows.norm(moved[image]) / boundary(image, true)).isBetween(1.0, 1.15);
        }
    }

    @Test
    void carliniAndWagnersSearchFindsTheWeightOfTheMargin() {
        Map<String, Double> tooSmall = Map.of("c", 0.003, "learningRate", 0.002);
        assertThat(linear.predict(attack(Attacks.CW, 0, 200, tooSmall).images()))
                .containsExactly(labels);
        double grown = searchedDistance(4);
        double bisected = searchedDistance(9);
        assertThat(bisected).isLessThan(grown);
    }

    /** The mean distance, in that of the nearest boundary, after a search that begins at 0.003 and grows tenfold. */
    private double searchedDistance(double searchSteps) {
        var made = attack(
                Attacks.CW,
                0,
                400,
                Map.of("c", 0.003, "learningRate", 0.002, "searchSteps", searchSteps, "floored", 0.0));
        float[][] moved = displacements(made);
        int[] predicted = linear.predict(made.images());
        double sum = 0;
        for (int image = 0; image < COUNT; image++) {
            assertThat(predicted[image]).isNotEqualTo(labels[image]);
            double distance = Rows.norm(moved[image]) / boundary(image, true);
            assertThat(distance).isBetween(1.0, 1.1);
            sum += distance / COUNT;
        }
        return sum;
    }

    @Test
    void aSuccessOfCarliniAndWagnerHasTheConfidenceThatIsAskedFor() {
        for (double floored : new double[] {0, 1}) {
            var made = attack(
                    Attacks.CW, 0, 400, Map.of("c", 3.0, "learningRate", 0.002, "kappa", 0.2, "floored", floored));
            float[][] logits = Rows.of(linear.logits(made.images()));
            double least = Double.NEGATIVE_INFINITY;
            for (int image = 0; image < COUNT; image++) {
                least = Math.max(least, Rows.margin(logits[image], labels[image]));
            }
            // the benchmark's code takes the first success, whatever the confidence
            if (floored == 0) {
                assertThat(least).isLessThanOrEqualTo(-0.2 + 1e-4);
            } else {
                assertThat(least).isBetween(-0.2, 0.0);
            }
        }
    }

    /** Where every value is 0 or 1, tanh space has the image infinitely far, and the authors clip it. */
    @ParameterizedTest
    @CsvSource({"0.999999, 0, 0", "0.999999, 1, 0", "1, 0, 6", "1, 1, 6"})
    void imagesAtTheEndsOfTheRangeAreAttackedWhereTheyAreClipped(double clip, double floored, int unmoved) {
        float[] ends = new float[images.length];
        for (int i = 0; i < ends.length; i++) {
            ends[i] = images[i] < 0.5f ? 0 : 1;
        }
        NDArray batch = manager.create(ends, new Shape(COUNT, 3, 4, 4));
        int[] own = linear.predict(batch);
        var spec = new AttackSettings(
                Attacks.CW,
                Space.PIXEL,
                false,
                0,
                0,
                400,
                false,
                Optional.empty(),
                Map.of("c", 10.0, "learningRate", 0.1, "clip", clip, "floored", floored));
        Attack.Perturbation made = Attacks.create(spec).perturb(linear, batch, own, new Seed(3));
        assertThat(made.unmoved()).hasSize(unmoved);
        int[] predicted = linear.predict(made.images());
        for (int image = 0; image < COUNT; image++) {
            if (unmoved == 0) {
                assertThat(predicted[image]).isNotEqualTo(own[image]);
            } else {
                assertThat(Rows.of(made.images())[image]).isEqualTo(Rows.of(batch)[image]);
            }
        }
    }

    /** It gives back what it does not fool, by design; its iterates have moved. */
    @ParameterizedTest
    @CsvSource({"autoattack_10", "apgd_ce", "fab", "square", "fgsm", "pgd", "deepfool", "cw", "spsa"})
    void whatAnAttackDoesNotFoolHasMovedAllTheSame(String name) {
        assertThat(attack(name, 1e-4, 10, Map.of()).unmoved()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"fgsm", "pgd", "deepfool", "fab"})
    void withoutAGradientNothingMoves(String name) {
        Classifier flat = new Classifier() {
            @Override
            public int classes() {
                return CLASSES;
            }

            @Override
            public NDArray logits(NDArray given) {
                NDArray sums = given.reshape(given.getShape().get(0), -1).sum(new int[] {1}, true);
                return sums.mul(sums.zerosLike())
                        .add(manager.create(new float[] {5, 4, 3, 2, 1}, new Shape(1, CLASSES)));
            }
        };
        var spec = new AttackSettings(name, Space.PIXEL, false, 0.1, 0.1, 5, false);
        assertThat(Attacks.create(spec)
                        .perturb(flat, batch(), new int[COUNT], new Seed(3))
                        .unmoved())
                .hasSize(COUNT);
    }

    @ParameterizedTest
    @CsvSource({"apgd_dlr, 2, false", "apgd_t, 2, false", "apgd_dlr, 3, true", "apgd_ce, 2, true", "autoattack, 2, true"
    })
    void aRatioOfLogitsNeedsThreeClasses(String name, int classes, boolean allowed) {
        var spec = new AttackSettings(name, Space.PIXEL, false, 0.1, 0.1, 5, false);
        if (allowed) {
            Attacks.requireClasses(spec, classes);
        } else {
            assertThatThrownBy(() -> Attacks.requireClasses(spec, classes))
                    .hasMessageContaining(name + " needs 3 classes or more, and there are " + classes)
                    .hasMessageContaining("Use apgd_ce");
        }
        assertThat(Attacks.leavesOut(spec, classes)).isEqualTo(name.equals("autoattack"));
    }

    @Test
    void aFlooredMarginDoesNotRaiseATargetBelowZero() {
        NDArray logits = manager.create(new float[] {1, -2, 0.5f}, new Shape(1, 3));
        int[] target = {1};
        assertThat(Loss.margin(logits, target).toFloatArray()).containsExactly(-3);
        assertThat(Loss.flooredMargin(logits, target).toFloatArray()).containsExactly(-1);
        assertThat(Autograd.gradient(logits, z -> Loss.margin(z, target).sum()).toFloatArray())
                .containsExactly(-1, 1, 0);
        assertThat(Autograd.gradient(logits, z -> Loss.flooredMargin(z, target).sum())
                        .toFloatArray())
                .containsExactly(-1, 0, 0);
    }

    @Test
    void targetedFabSeeksTheBoundaryOfTheNextClass() {
        for (int image = 0; image < COUNT; image++) {
            int next = (labels[image] + 1) % CLASSES;
            var above = targetedFab(distance(image, next, false) * 1.05);
            assertThat(linear.predict(above.images())[image]).isNotEqualTo(labels[image]);
            float[] moved = displacements(above)[image];
            for (int i = 0; i < SIZE; i++) {
                assertThat(Math.signum(moved[i])).isEqualTo((float) Math.signum(weight(i, next, labels[image])));
            }
            var below = targetedFab(boundary(image, false) * 0.98);
            assertThat(linear.predict(below.images())[image]).isEqualTo(labels[image]);
        }
    }

    private Attack.Perturbation targetedFab(double epsilon) {
        var settings = new AttackSettings(Attacks.FAB, Space.PIXEL, true, epsilon, 0, 50, false);
        return Attacks.create(settings).perturb(linear, batch(), labels, new Seed(3));
    }

    @Test
    void restartsAreMadeForTheImagesThatStandAlone() {
        labels[1] = (labels[1] + 1) % CLASSES;
        labels[4] = (labels[4] + 1) % CLASSES;
        var settings = new AttackSettings(
                Attacks.PGD, Space.PIXEL, false, 1e-4, 1e-4, 7, true, Optional.empty(), Map.of("restarts", 3.0));
        var made = Attacks.create(settings).perturb(linear, batch(), labels, new Seed(3));
        assertThat(made.gradientEvaluations()).isEqualTo(7 * (COUNT + 2 * (COUNT - 2)));
        // after the first run all are looked at, after the second those that stood
        assertThat(made.forwardEvaluations()).isEqualTo(made.gradientEvaluations() + COUNT + COUNT - 2);
        for (float[] row : displacements(made)) {
            assertThat(largest(row)).isPositive().isLessThanOrEqualTo(1e-4 + 1e-6);
        }
    }

    @Test
    void aRestartReplacesTheImagesThatItWasMadeFor() {
        double epsilon = boundary(0, false) * 0.5;
        labels[2] = (labels[2] + 1) % CLASSES;
        Map<String, Double> restarts = Map.of("restarts", 2.0);
        NDArray once = randomStarts(epsilon, Map.of());
        float[][] onceRows = Rows.of(once);
        float[][] twice = Rows.of(randomStarts(epsilon, restarts));
        boolean[] misclassified = new boolean[COUNT];
        int[] predicted = linear.predict(once);
        for (int image = 0; image < COUNT; image++) {
            misclassified[image] = predicted[image] != labels[image];
            assertThat(Arrays.equals(onceRows[image], twice[image])).isEqualTo(misclassified[image]);
        }
        assertThat(misclassified).contains(true).contains(false);
    }

    private NDArray randomStarts(double epsilon, Map<String, Double> parameters) {
        var settings = new AttackSettings(
                Attacks.PGD, Space.PIXEL, false, epsilon, epsilon / 50, 1, true, Optional.empty(), parameters);
        return Attacks.create(settings)
                .perturb(linear, batch(), labels, new Seed(3))
                .images();
    }

    @Test
    void aRandomStartInL2LiesWithinTheBall() {
        var settings = new AttackSettings(Attacks.PGD_L2, Space.PIXEL, false, 0.2, 1e-9, 1, true);
        float[][] moved = displacements(Attacks.create(settings).perturb(linear, batch(), labels, new Seed(3)));
        double shortest = Double.POSITIVE_INFINITY;
        for (float[] row : moved) {
            assertThat(Rows.norm(row)).isPositive().isLessThanOrEqualTo(0.2 + 1e-6);
            shortest = Math.min(shortest, Rows.norm(row));
        }
        assertThat(shortest).isLessThan(0.15);
    }

    @Test
    void squareDoesNotAskAboutDrawsThatChangeNothing() {
        // beyond the range by more than epsilon: every candidate is the clamped image
        float[] bright = new Seed(2).uniform(COUNT * SIZE, 1.5, 2);
        NDArray beyond = manager.create(bright, new Shape(COUNT, 3, 4, 4));
        int[] seen = linear.predict(beyond);
        assertThat(seen).contains(linear.predict(beyond.clip(0, 1))[0]);
        var settings = new AttackSettings(Attacks.SQUARE, Space.NORMALISED, false, 0.1, 0, 200, true);
        var made = Attacks.create(settings).perturb(linear, beyond, seen, new Seed(3));
        assertThat(made.forwardEvaluations()).isEqualTo(2 * COUNT);
    }

    @ParameterizedTest
    @CsvSource({"apgd_ce,100", "apgd_dlr,100", "apgd_t,30", "fab,50", "fab_t,50", "autoattack,50", "square,3000"})
    void anAttackIsWonAboveTheDistanceOfTheBoundaryAndLostBelow(String name, int steps) {
        double slack = SEARCHES_OR_CROSS_ENTROPY.contains(name) ? 1.5 : 1.05;
        for (int image = 0; image < COUNT; image++) {
            double distance = boundary(image, false);
            int above = linear.predict(
                            attack(name, distance * slack, steps, Map.of()).images())[image];
            int below = linear.predict(
                            attack(name, distance * 0.98, steps, Map.of()).images())[image];
            assertThat(above).as("image %d above", image).isNotEqualTo(labels[image]);
            assertThat(below).as("image %d below", image).isEqualTo(labels[image]);
        }
    }

    @Test
    void pgdInL2StepsStraightAcrossForTwoClasses() {
        double epsilon = 0.05;
        float[][] moved = displacements(attack(Attacks.PGD_L2, epsilon, 1, Map.of()));
        for (float[] row : moved) {
            assertThat(Rows.norm(row)).isCloseTo(epsilon, within(1e-5));
        }
    }

    @Test
    void spsaLowersTheMarginWithoutGradients() {
        var made = attack(Attacks.SPSA, 0.05, 10, Map.of("samples", 64.0));
        assertThat(made.gradientEvaluations()).isZero();
        assertThat(made.forwardEvaluations()).isEqualTo(COUNT * 10L * 2 * 64);
        float[][] before = Rows.of(linear.logits(batch()));
        float[][] after = Rows.of(linear.logits(made.images()));
        for (int image = 0; image < COUNT; image++) {
            assertThat(Rows.margin(after[image], labels[image])).isLessThan(Rows.margin(before[image], labels[image]));
            assertThat(largest(displacements(made)[image])).isLessThanOrEqualTo(0.05 + 1e-6);
        }
    }

    @Test
    void theShortestWayToAHyperplaneKeepsTheRange() {
        float[] x = {0.9f, 0.5f, 0.1f};
        float[] w = {1, 2, -1};
        double[] free = Fab.shortest(Norm.LINF, x, w, 0.2);
        assertThat(free).containsExactly(new double[] {0.05, 0.05, -0.05}, within(1e-6));
        // the first has room for 0.1 and the last for 0.1: the second goes on alone
        double[] bounded = Fab.shortest(Norm.LINF, x, w, 0.8);
        assertThat(bounded).containsExactly(new double[] {0.1, 0.3, -0.1}, within(1e-6));
        double[] unreachable = Fab.shortest(Norm.LINF, x, w, 5);
        assertThat(unreachable).containsExactly(new double[] {0.1, 0.5, -0.1}, within(1e-6));
        double[] backwards = Fab.shortest(Norm.LINF, x, w, -0.2);
        assertThat(backwards).containsExactly(new double[] {-0.05, -0.05, 0.05}, within(1e-6));
    }
}
