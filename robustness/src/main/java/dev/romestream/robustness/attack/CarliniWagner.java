package dev.romestream.robustness.attack;

import dev.romestream.robustness.tensor.Seed;

/**
 * Carlini and Wagner's L2 attack (2017) at a fixed constant: Adam on the images in tanh space lowers {@code |x' - x|^2 + c *
 * max(margin, -kappa)}; the smallest successful perturbation is kept, and an image without one stays as it is. As in the
 * benchmark's code, the batch stops when its total cost has risen since the last tenth of the steps.
 *
 * @param kappa confidence that a success needs, in logits
 * @param learningRate of Adam
 */
record CarliniWagner(double c, double kappa, int steps, double learningRate, boolean targeted) implements RowAttack {

    @Override
    public float[][] perturb(Oracle oracle, float[][] clean, int[] labels, Seed seed) {
        int[] aims = targeted ? Rows.nextClasses(labels, oracle.classes()) : labels;
        double[][] latent = new double[clean.length][];
        Adam[] optimisers = new Adam[clean.length];
        float[][] best = clean.clone();
        double[] bestDistance = new double[clean.length];
        for (int image = 0; image < clean.length; image++) {
            latent[image] = inverseTanhSpace(clean[image]);
            optimisers[image] = new Adam(learningRate, clean[image].length);
            bestDistance[image] = Double.POSITIVE_INFINITY;
        }
        double sign = targeted ? -1 : 1;
        Loss hinge = (logits, given, targets) ->
                Loss.margin(logits, given).mul((float) sign).maximum((float) -kappa);
        double previousCost = Double.POSITIVE_INFINITY;
        for (int step = 0; step < steps; step++) {
            float[][] current = new float[clean.length][];
            for (int image = 0; image < clean.length; image++) {
                current[image] = tanhSpace(latent[image]);
            }
            Oracle.Gradients answer = oracle.gradients(current, hinge, aims, aims);
            double cost = 0;
            for (int image = 0; image < clean.length; image++) {
                double distance = squaredDistance(current[image], clean[image]);
                cost += distance + c * answer.losses()[image];
                boolean hit = Rows.argMax(answer.logits()[image]) == aims[image];
                if (hit == targeted && distance < bestDistance[image]) {
                    bestDistance[image] = distance;
                    best[image] = current[image];
                }
                double[] change =
                        optimisers[image].descent(gradient(current[image], clean[image], answer.gradients()[image]));
                for (int i = 0; i < change.length; i++) {
                    latent[image][i] += change[i];
                }
            }
            if (step % Math.max(1, steps / 10) == 0) {
                if (cost > previousCost) {
                    return best;
                }
                previousCost = cost;
            }
        }
        return best;
    }

    /** Of the cost, in tanh space. */
    private double[] gradient(float[] current, float[] clean, float[] hingeGradient) {
        double[] gradient = new double[current.length];
        for (int i = 0; i < gradient.length; i++) {
            double tanh = 2.0 * current[i] - 1;
            double inner = 2 * ((double) current[i] - clean[i]) + c * hingeGradient[i];
            gradient[i] = inner * (1 - tanh * tanh) / 2;
        }
        return gradient;
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
