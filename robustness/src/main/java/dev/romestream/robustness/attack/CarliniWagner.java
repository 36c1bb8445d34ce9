package dev.romestream.robustness.attack;

import ai.djl.ndarray.NDArray;
import dev.romestream.robustness.tensor.Seed;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Carlini and Wagner's L2 attack (2017): Adam on the images in tanh space lowers {@code |x' - x|^2 + c * max(margin, -kappa)}; the
 * smallest successful perturbation is kept, and an image without one stays as it is. A run stops when the cost has risen since the
 * last tenth of its steps: as in the benchmark's code the batch's total, and with a search each image's own.
 *
 * @param c weight of the margin; with a search, the first one
 * @param kappa confidence that is sought, in logits; where the margin is not floored, a success needs it
 * @param learningRate of Adam
 * @param searchSteps runs; with more than one, each image's c is bisected, or grows tenfold until there is a success (the paper's
 *     search, which goes with a margin that is not floored)
 * @param clip most by which a value of [-1, 1] may be left, where images are brought into tanh space: the ends of the range are
 *     infinitely far there, and an image never leaves them. 0.999999 in the authors' code; 1 in the benchmark's
 * @param floored whether a logit below 0 counts as 0 in the margin, as in the benchmark's code: a target of such a logit is not
 *     raised
 */
record CarliniWagner(
        double c,
        double kappa,
        int steps,
        double learningRate,
        int searchSteps,
        double clip,
        boolean floored,
        boolean targeted)
        implements RowAttack {
    private static final double GROWTH = 10;
    /** How often in a run the cost is looked at. */
    private static final int CHECKS = 10;

    CarliniWagner {
        if (!(c > 0) || steps < 1 || searchSteps < 1 || !(clip > 0 && clip <= 1)) {
            throw new IllegalArgumentException(
                    "cw needs a positive c, at least one step and one searchStep, and a clip above 0 and up to 1; given"
                            + " are " + c + ", " + steps + ", " + searchSteps + " and " + clip + ".");
        }
    }

    /** What is known of one image. */
    private final class Search {
        private final float[] clean;
        private final int aim;
        private float[] best;
        private double bestDistance = Double.POSITIVE_INFINITY;
        private double weight = c;
        private double low;
        private double high = Double.POSITIVE_INFINITY;
        private boolean succeeded;
        private boolean stopped;
        private double cost;
        private double costAtCheck;
        private double[] latent;
        private float[] current;
        private float[] start;
        private boolean moved;
        private Adam optimiser;

        Search(float[] clean, int aim) {
            this.clean = clean;
            this.aim = aim;
            this.best = clean;
        }

        private void begin() {
            latent = inverseTanhSpace(clean);
            start = tanhSpace(latent);
            optimiser = new Adam(learningRate, clean.length);
            succeeded = false;
            stopped = false;
            costAtCheck = Double.POSITIVE_INFINITY;
        }

        private float[] place() {
            current = tanhSpace(latent);
            moved |= !Arrays.equals(current, start);
            return current;
        }

        private void step(float[] logits, double hinge, float[] hingeGradient) {
            double distance = squaredDistance(current, clean);
            if (isHit(logits)) {
                succeeded = true;
                if (distance < bestDistance) {
                    bestDistance = distance;
                    best = current;
                }
            }
            cost = distance + weight * hinge;
            double[] change = optimiser.descent(gradient(hingeGradient));
            for (int i = 0; i < change.length; i++) {
                latent[i] += change[i];
            }
        }

        private boolean isHit(float[] logits) {
            double margin = Rows.margin(logits, aim);
            return Rows.argMax(logits) == aim == targeted && (floored || (targeted ? margin : -margin) >= kappa);
        }

        private void checkOwnCost() {
            stopped = cost > costAtCheck;
            costAtCheck = cost;
        }

        /** Of the cost, in tanh space. */
        private double[] gradient(float[] hingeGradient) {
            double[] gradient = new double[current.length];
            for (int i = 0; i < gradient.length; i++) {
                double tanh = StrictMath.tanh(latent[i]);
                double inner = 2 * ((double) current[i] - clean[i]) + weight * hingeGradient[i];
                gradient[i] = inner * (1 - tanh * tanh) / 2;
            }
            return gradient;
        }

        private void adjustWeight() {
            if (succeeded) {
                high = Math.min(high, weight);
            } else {
                low = Math.max(low, weight);
            }
            weight = high < Double.POSITIVE_INFINITY ? (low + high) / 2 : weight * GROWTH;
        }
    }

    @Override
    public float[][] perturb(Oracle oracle, float[][] clean, int[] labels, Seed seed) {
        int[] aims = targeted ? Rows.nextClasses(labels, oracle.classes()) : labels;
        List<Search> searches = IntStream.range(0, clean.length)
                .mapToObj(image -> new Search(clean[image], aims[image]))
                .toList();
        for (int round = 0; round < searchSteps; round++) {
            descend(oracle, searches);
            searches.forEach(Search::adjustWeight);
        }
        IntStream.range(0, clean.length)
                .filter(image -> searches.get(image).moved)
                .forEach(oracle::noteMoved);
        return searches.stream().map(search -> search.best).toArray(float[][]::new);
    }

    private void descend(Oracle oracle, List<Search> searches) {
        searches.forEach(Search::begin);
        List<Search> running = searches;
        double batchCostAtCheck = Double.POSITIVE_INFINITY;
        for (int step = 0; step < steps && !running.isEmpty(); step++) {
            ask(oracle, running);
            if (step % Math.max(1, steps / CHECKS) == 0) {
                if (searchSteps == 1) {
                    double cost =
                            running.stream().mapToDouble(search -> search.cost).sum();
                    if (cost > batchCostAtCheck) {
                        return;
                    }
                    batchCostAtCheck = cost;
                } else {
                    running.forEach(Search::checkOwnCost);
                    running = running.stream().filter(search -> !search.stopped).toList();
                }
            }
        }
    }

    private void ask(Oracle oracle, List<Search> searches) {
        int[] aims = searches.stream().mapToInt(search -> search.aim).toArray();
        float[][] points = searches.stream().map(Search::place).toArray(float[][]::new);
        Oracle.Gradients answer = oracle.gradients(points, this::hinge, aims, aims);
        for (int row = 0; row < points.length; row++) {
            searches.get(row).step(answer.logits()[row], answer.losses()[row], answer.gradients()[row]);
        }
    }

    /** What the weight is of; the margin is turned where the label is a target. */
    private NDArray hinge(NDArray logits, int[] aims, int[] same) {
        NDArray margin = floored ? Loss.flooredMargin(logits, aims) : Loss.margin(logits, aims);
        return Loss.hinge(margin, targeted ? -1 : 1, kappa);
    }

    private static float[] tanhSpace(double[] latent) {
        float[] image = new float[latent.length];
        for (int i = 0; i < image.length; i++) {
            image[i] = (float) ((StrictMath.tanh(latent[i]) + 1) / 2);
        }
        return image;
    }

    private double[] inverseTanhSpace(float[] image) {
        double[] latent = new double[image.length];
        for (int i = 0; i < latent.length; i++) {
            double x = Math.max(-clip, Math.min(clip, 2.0 * image[i] - 1));
            latent[i] = 0.5 * StrictMath.log((1 + x) / (1 - x));
        }
        return latent;
    }

    private static double squaredDistance(float[] one, float[] other) {
        double sum = 0;
        for (int i = 0; i < one.length; i++) {
            double difference = (double) one[i] - other[i];
            sum += difference * difference;
        }
        return sum;
    }
}
