package dev.romestream.robustness.attack;

import dev.romestream.robustness.tensor.Seed;

/** A control: uniform noise in the L-infinity ball, which asks the network nothing. */
record Noise(double epsilon) implements RowAttack {

    @Override
    public float[][] perturb(Oracle oracle, float[][] clean, int[] labels, Seed seed) {
        float[][] noisy = new float[clean.length][];
        for (int image = 0; image < clean.length; image++) {
            noisy[image] = seed.with(image).uniform(clean[image].length, -epsilon, epsilon);
            for (int i = 0; i < noisy[image].length; i++) {
                noisy[image][i] = Rows.clamp(noisy[image][i] + (double) clean[image][i], 0, 1);
            }
        }
        return noisy;
    }
}
