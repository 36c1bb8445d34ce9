package dev.romestream.robustness.attack;

import dev.romestream.robustness.tensor.Seed;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Carlini and Wagner's L2 attack (2017): Adam on the images in tanh space lowers {@code |x' - x|^2 + c * max(margin, -kappa)}; the
 * smallest successful perturbation is kept, and an image without one stays as it is. As in the benchmark's code, the batch stops
 * when its total cost has risen since the last tenth of the steps.
 *
 * @param c weight of the margin; with a search, the first one
 * @param kappa confidence that a success needs, in logits
 * @param learningRate of Adam
 * @param searchSteps runs; with more than one, each image's c is bisected, or grows tenfold until there is a success (the paper's
 *     search)
 * @param floored whether a logit below 0 counts as 0 in the margin, as in the benchmark's code: a target of such a logit is not
 *     raised
 */
record CarliniWagner(
        double c, double kappa, int steps, double learningRate, int searchSteps, boolean floored, boolean targeted)
        implements RowAttack {
    private static final double GROWTH = 10;

    CarliniWagner {
        if (!(c > 0) || steps < 1 || searchSteps < 1) {
            throw new IllegalArgumentException(
                    "cw needs a positive c, and at least one step and one searchStep; given are " + c + ", " + steps
                            + " and " + searchSteps + ".");
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
        private double[] latent;
        private float[] current;
        private Adam optimiser;

        Search(float[] clean, int aim) {
            this.clean = clean;
            this.aim = aim;
            this.best = clean;
        }

        private void begin() {
            latent = inverseTanhSpace(clean);
            optimiser = new Adam(learningRate, clean.length);
            succeeded = false;
        }

        private float[] place() {
            current = tanhSpace(latent);
            return current;
        }

        /** Takes a step, and tells the cost of where it was. */
        private double step(float[] logits, double hinge, float[] hingeGradient) {
            double distance = squaredDistance(current, clean);
            boolean hit = Rows.argMax(logits) == aim;
            if (hit == targeted) {
                succeeded = true;
                if (distance < bestDistance) {
                    bestDistance = distance;
                    best = current;
                }
            }
            double[] change = optimiser.descent(gradient(hingeGradient));
            for (int i = 0; i < change.length; i++) {
                latent[i] += change[i];
            }
            return distance + weight * hinge;
        }

        /** Of the cost, in tanh space. */
        private double[] gradient(float[] hingeGradient) {
            double[] gradient = new double[current.length];
            for (int i = 0; i < gradient.length; i++) {
                double tanh = 2.0 * current[i] - 1;
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
            descend(oracle, searches, aims);
            searches.forEach(Search::adjustWeight);
        }
        return searches.stream().map(search -> search.best).toArray(float[][]::new);
    }

    private void descend(Oracle oracle, List<Search> searches, int[] aims) {
        double sign = targeted ? -1 : 1;
        Loss hinge =
                (logits, given, targets) -> (floored ? Loss.flooredMargin(logits, given) : Loss.margin(logits, given))
                        .mul((float) sign)
                        .maximum((float) -kappa);
        searches.forEach(Search::begin);
        double previousCost = Double.POSITIVE_INFINITY;
        for (int step = 0; step < steps; step++) {
            float[][] points = searches.stream().map(Search::place).toArray(float[][]::new);
            Oracle.Gradients answer = oracle.gradients(points, hinge, aims, aims);
            double cost = 0;
            for (int image = 0; image < points.length; image++) {
                cost += searches.get(image)
                        .step(answer.logits()[image], answer.losses()[image], answer.gradients()[image]);
            }
            if (step % Math.max(1, steps / 10) == 0) {
                if (cost > previousCost) {
                    return;
                }
                previousCost = cost;
            }
        }
    }

    private static float[] tanhSpace(double[] latent) {
        float[] image = new float[latent.length];
        for (int i = 0; i < image.length; i++) {
            image[i] = (float) ((StrictMath.tanh(latent[i]) + 1) / 2);
        }
        return image;
    }

    /** Values at the ends of the range become infinite, and stay there. */
    private static double[] inverseTanhSpace(float[] image) {
        double[] latent = new double[image.length];
        for (int i = 0; i < latent.length; i++) {
            double x = Math.max(-1, Math.min(1, 2.0 * image[i] - 1));
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
