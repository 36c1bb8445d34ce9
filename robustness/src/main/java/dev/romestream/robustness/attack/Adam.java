package dev.romestream.robustness.attack;

/** Adam (Kingma and Ba 2015) with its usual constants, on one row of numbers. */
final class Adam {
    private static final double BETA1 = 0.9;
    private static final double BETA2 = 0.999;
    private static final double EPSILON = 1e-8;

    private final double learningRate;
    private final double[] first;
    private final double[] second;
    private int step;

    Adam(double learningRate, int size) {
        this.learningRate = learningRate;
        this.first = new double[size];
        this.second = new double[size];
    }

    /** What is to be added to each number to lower a function of this gradient. */
    double[] descent(double[] gradient) {
        step++;
        double correction1 = 1 - Math.pow(BETA1, step);
        double correction2 = 1 - Math.pow(BETA2, step);
        double[] change = new double[gradient.length];
        for (int i = 0; i < change.length; i++) {
            first[i] = BETA1 * first[i] + (1 - BETA1) * gradient[i];
            second[i] = BETA2 * second[i] + (1 - BETA2) * gradient[i] * gradient[i];
            change[i] = -learningRate * (first[i] / correction1) / (Math.sqrt(second[i] / correction2) + EPSILON);
        }
        return change;
    }
}
