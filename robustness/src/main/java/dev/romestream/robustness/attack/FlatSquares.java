package dev.romestream.robustness.attack;

import java.util.SplittableRandom;

/** Square's draws in the L-infinity ball: vertical stripes first, then squares of one value a channel. */
final class FlatSquares extends Square.Proposals {
    /** @param shape channels, height and width */
    FlatSquares(float[] clean, double epsilon, long[] shape, SplittableRandom random) {
        super(clean, epsilon, shape, random);
    }

    @Override
    float[] first() {
        float[] stripes = new float[clean.length];
        for (int channel = 0; channel < channels; channel++) {
            for (int column = 0; column < width; column++) {
                double shift = epsilon * sign();
                for (int row = 0; row < height; row++) {
                    int i = at(channel, row, column);
                    stripes[i] = Rows.clamp(clean[i] + shift, 0, 1);
                }
            }
        }
        return stripes;
    }

    @Override
    float[] next(float[] best, double share) {
        int wanted = Math.max(1, (int) Math.round(Math.sqrt(share * height * width)));
        int side = Math.min(wanted, Math.min(height, width) - 1);
        float[] next = best.clone();
        boolean changed = false;
        int top = random.nextInt(height - side + 1);
        int left = random.nextInt(width - side + 1);
        for (int channel = 0; channel < channels; channel++) {
            double shift = 2 * epsilon * sign();
            for (int row = top; row < top + side; row++) {
                for (int column = left; column < left + side; column++) {
                    int i = at(channel, row, column);
                    next[i] = Rows.within(best[i] + shift, clean[i], epsilon);
                    changed |= next[i] != best[i];
                }
            }
        }
        return changed ? next : best;
    }
}
