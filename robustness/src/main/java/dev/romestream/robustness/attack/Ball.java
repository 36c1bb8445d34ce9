package dev.romestream.robustness.attack;

import java.util.SplittableRandom;

/** The points of [0, 1] within epsilon of a clean image, whose rows attacks step through. */
record Ball(Norm norm, double epsilon) {
    private static final double SMALL = 1e-12;

    /** A random point on the ball's surface, brought into the range. */
    float[] start(float[] clean, SplittableRandom random) {
        double[] noise = new double[clean.length];
        for (int i = 0; i < noise.length; i++) {
            noise[i] = norm == Norm.LINF ? 2 * random.nextDouble() - 1 : random.nextGaussian();
        }
        double scale = epsilon / (length(noise) + SMALL);
        float[] started = new float[clean.length];
        for (int i = 0; i < started.length; i++) {
            started[i] = Rows.clamp(clean[i] + scale * noise[i], 0, 1);
        }
        return started;
    }

    /**
     * A step with momentum, as in Auto-PGD (Croce and Hein 2020, algorithm 1): {@code z = P(x + length * d)} with d the steepest
     * direction, then {@code P(x + share * (z - x) + (1 - share) * (x - previous))}, P the projection onto ball and range.
     *
     * @param previous the iterate before {@code point}
     * @param share weight of the new step, in [0, 1]
     */
    float[] stepped(float[] point, float[] previous, float[] clean, float[] gradient, double length, double share) {
        if (norm == Norm.LINF) {
            float[] stepped = new float[point.length];
            for (int i = 0; i < stepped.length; i++) {
                double sign = gradient[i] > 0 ? 1 : gradient[i] < 0 ? -1 : 0;
                float there = Rows.within(point[i] + length * sign, clean[i], epsilon);
                stepped[i] = Rows.within(mixed(point[i], previous[i], there, share), clean[i], epsilon);
            }
            return stepped;
        }
        double[] moved = new double[point.length];
        double scale = length / (Rows.norm(gradient) + SMALL);
        for (int i = 0; i < moved.length; i++) {
            moved[i] = point[i] + scale * gradient[i];
        }
        float[] there = projected(moved, clean);
        for (int i = 0; i < moved.length; i++) {
            moved[i] = mixed(point[i], previous[i], there[i], share);
        }
        return projected(moved, clean);
    }

    private static double mixed(float point, float previous, float there, double share) {
        return point + share * (there - point) + (1 - share) * ((double) point - previous);
    }

    /** The nearest point of the ball in L2, brought into the range. */
    private float[] projected(double[] point, float[] clean) {
        float[] projected = new float[point.length];
        double sum = 0;
        for (int i = 0; i < point.length; i++) {
            sum += (point[i] - clean[i]) * (point[i] - clean[i]);
        }
        double scale = Math.min(1, epsilon / (Math.sqrt(sum) + SMALL));
        for (int i = 0; i < projected.length; i++) {
            projected[i] = Rows.clamp(clean[i] + scale * (point[i] - clean[i]), 0, 1);
        }
        return projected;
    }

    /** How far a point is from the clean one. */
    double distance(float[] point, float[] clean) {
        double[] difference = new double[point.length];
        for (int i = 0; i < difference.length; i++) {
            difference[i] = (double) point[i] - clean[i];
        }
        return length(difference);
    }

    double length(double[] displacement) {
        double largest = 0;
        double sum = 0;
        for (double value : displacement) {
            largest = Math.max(largest, Math.abs(value));
            sum += value * value;
        }
        return norm == Norm.LINF ? largest : Math.sqrt(sum);
    }

    /** The most that a step of length one can raise a function of this gradient: the dual norm. */
    double dual(float[] gradient) {
        if (norm == Norm.L2) {
            return Rows.norm(gradient);
        }
        double sum = 0;
        for (float value : gradient) {
            sum += Math.abs(value);
        }
        return sum;
    }
}
