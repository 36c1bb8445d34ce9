package dev.romestream.robustness.attack;

import ai.djl.ndarray.NDArray;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** Arithmetic on images, logits and labels as rows of Java's numbers. */
final class Rows {
    private Rows() {}

    /** The rows of an array, along its first axis. */
    static float[][] of(NDArray array) {
        int count = Math.toIntExact(array.getShape().get(0));
        float[] values = array.toFloatArray();
        int size = values.length / Math.max(1, count);
        float[][] rows = new float[count][];
        for (int i = 0; i < count; i++) {
            rows[i] = Arrays.copyOfRange(values, i * size, (i + 1) * size);
        }
        return rows;
    }

    /** Those with these indices. */
    static float[][] select(float[][] rows, List<Integer> indices) {
        return indices.stream().map(i -> rows[i]).toArray(float[][]::new);
    }

    /** All of their indices. */
    static List<Integer> all(float[][] rows) {
        return IntStream.range(0, rows.length).boxed().toList();
    }

    static int[] select(int[] values, List<Integer> indices) {
        return indices.stream().mapToInt(i -> values[i]).toArray();
    }

    /** The class of the largest logit; the first one of several. */
    static int argMax(float[] logits) {
        int best = 0;
        for (int c = 1; c < logits.length; c++) {
            if (logits[c] > logits[best]) {
                best = c;
            }
        }
        return best;
    }

    /** How far the largest logit is before the second, as a share of the distance of the largest from the smallest. */
    static double lead(float[] logits) {
        float[] sorted = logits.clone();
        Arrays.sort(sorted);
        int last = sorted.length - 1;
        return (sorted[last] - sorted[last - 1]) / Math.max(Float.MIN_NORMAL, sorted[last] - (double) sorted[0]);
    }

    /** The label's logit minus the largest other one. */
    static double margin(float[] logits, int label) {
        double other = Double.NEGATIVE_INFINITY;
        for (int c = 0; c < logits.length; c++) {
            if (c != label) {
                other = Math.max(other, logits[c]);
            }
        }
        return logits[label] - other;
    }

    /** The classes aimed at in targeted mode: the next one. */
    static int[] nextClasses(int[] labels, int classes) {
        return Arrays.stream(labels).map(label -> (label + 1) % classes).toArray();
    }

    static float clamp(double value, double low, double high) {
        return (float) (value < low ? low : value > high ? high : value);
    }

    /** The nearest value within epsilon of the clean one and within [0, 1]. */
    static float within(double value, double clean, double epsilon) {
        return clamp(clamp(value, clean - epsilon, clean + epsilon), 0, 1);
    }

    /** The Euclidean norm. */
    static double norm(float[] row) {
        double sum = 0;
        for (float value : row) {
            sum += (double) value * value;
        }
        return Math.sqrt(sum);
    }
}
