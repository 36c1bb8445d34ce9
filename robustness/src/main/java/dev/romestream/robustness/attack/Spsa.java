package dev.romestream.robustness.attack;

import dev.romestream.robustness.tensor.Seed;
import java.util.SplittableRandom;

/**
 * SPSA (Uesato et al. 2018) in the L-infinity ball: Adam on gradients of the margin that are estimated from pairs of random
 * displacements.
 *
 * @param samples pairs of an estimate
 * @param delta size of the displacements
 * @param learningRate of Adam
 * @param targeted towards class (label + 1) mod classes
 */
record Spsa(double epsilon, int steps, int samples, double delta, double learningRate, boolean targeted)
        implements RowAttack {

    @Override
    public float[][] perturb(Oracle oracle, float[][] clean, int[] labels, Seed seed) {
        int[] aims = targeted ? Rows.nextClasses(labels, oracle.classes()) : labels;
        float[][] perturbed = new float[clean.length][];
        for (int image = 0; image < clean.length; image++) {
            perturbed[image] =
                    perturb(oracle, clean[image], aims[image], seed.with(image).random());
        }
        return perturbed;
    }

    private float[] perturb(Oracle oracle, float[] clean, int aim, SplittableRandom random) {
        Adam optimiser = new Adam(learningRate, clean.length);
        float[] current = clean.clone();
        for (int step = 0; step < steps; step++) {
            double[] change = optimiser.descent(estimate(oracle, current, aim, random));
            float[] next = new float[clean.length];
            for (int i = 0; i < next.length; i++) {
                next[i] = Rows.within(current[i] + change[i], clean[i], epsilon);
            }
            current = next;
        }
        return current;
    }

    /** The estimated gradient of what is to be lowered. */
    private double[] estimate(Oracle oracle, float[] at, int aim, SplittableRandom random) {
        float[][] points = new float[2 * samples][at.length];
        boolean[][] signs = new boolean[samples][at.length];
        for (int sample = 0; sample < samples; sample++) {
            for (int i = 0; i < at.length; i++) {
                signs[sample][i] = random.nextBoolean();
                double shift = signs[sample][i] ? delta : -delta;
                points[2 * sample][i] = (float) (at[i] + shift);
                points[2 * sample + 1][i] = (float) (at[i] - shift);
            }
        }
        float[][] logits = oracle.logits(points);
        double[] gradient = new double[at.length];
        for (int sample = 0; sample < samples; sample++) {
            double rise = Rows.margin(logits[2 * sample], aim) - Rows.margin(logits[2 * sample + 1], aim);
            double slope = (targeted ? -rise : rise) / (2 * delta * samples);
            for (int i = 0; i < gradient.length; i++) {
                gradient[i] += signs[sample][i] ? slope : -slope;
            }
        }
        return gradient;
    }
}
