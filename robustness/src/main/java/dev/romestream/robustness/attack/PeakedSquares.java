package dev.romestream.robustness.attack;

import java.util.SplittableRandom;

/**
 * Square's draws in the L2 ball: squares of two opposite peaks, whose share of the norm is taken from another square (the
 * paper's algorithm 3).
 */
final class PeakedSquares extends Square.Proposals {
    private static final int TILES = 5;
    private static final int LEAST_SIDE = 3;
    private static final double SMALL = 1e-10;

    /** @param shape channels, height and width */
    PeakedSquares(float[] clean, double epsilon, long[] shape, SplittableRandom random) {
        super(clean, epsilon, shape, random);
    }

    /** A place for a square. */
    private record Window(int top, int left, int side) {
        boolean holds(int row, int column) {
            return row >= top && row < top + side && column >= left && column < left + side;
        }
    }

    @Override
    float[] first() {
        double[] delta = new double[clean.length];
        int side = Math.max(1, Math.min(height, width) / TILES);
        for (int top = (height % side) / 2; top + side <= height; top += side) {
            for (int left = (width % side) / 2; left + side <= width; left += side) {
                double[][] peaks = peaks(side);
                for (int channel = 0; channel < channels; channel++) {
                    double sign = sign();
                    for (int row = 0; row < side; row++) {
                        for (int column = 0; column < side; column++) {
                            delta[at(channel, top + row, left + column)] += sign * peaks[row][column];
                        }
                    }
                }
            }
        }
        return atSurface(delta);
    }

    @Override
    float[] next(float[] best, double share) {
        double[] delta = new double[clean.length];
        double sum = 0;
        for (int i = 0; i < delta.length; i++) {
            delta[i] = (double) best[i] - clean[i];
            sum += delta[i] * delta[i];
        }
        int wanted = Math.max(LEAST_SIDE, (int) Math.round(Math.sqrt(share * height * width)));
        int odd = wanted % 2 == 0 ? wanted + 1 : wanted;
        int side = Math.min(odd, Math.min(height, width) - 1);
        Window raised = window(side);
        Window emptied = window(side);
        double spare = Math.max(epsilon * epsilon - sum, 0) / channels;
        double[][] peaks = peaks(side);
        for (int channel = 0; channel < channels; channel++) {
            double norm = Math.sqrt(spare + squares(delta, channel, raised, emptied));
            double[][] fresh = fresh(delta, channel, raised, peaks);
            empty(delta, channel, emptied);
            for (int row = 0; row < side; row++) {
                for (int column = 0; column < side; column++) {
                    delta[at(channel, raised.top() + row, raised.left() + column)] = norm * fresh[row][column];
                }
            }
        }
        return atSurface(delta);
    }

    private Window window(int side) {
        return new Window(random.nextInt(height - side + 1), random.nextInt(width - side + 1), side);
    }

    /** The squared norm of what lies in either window. */
    private double squares(double[] delta, int channel, Window one, Window other) {
        double sum = 0;
        for (int row = 0; row < height; row++) {
            for (int column = 0; column < width; column++) {
                if (one.holds(row, column) || other.holds(row, column)) {
                    double value = delta[at(channel, row, column)];
                    sum += value * value;
                }
            }
        }
        return sum;
    }

    /** New peaks upon what the window had, each of unit norm; the sum too. */
    private double[][] fresh(double[] delta, int channel, Window window, double[][] peaks) {
        double old = Math.sqrt(squares(delta, channel, window, window)) + SMALL;
        double sign = sign();
        double[][] fresh = new double[window.side()][window.side()];
        double sum = 0;
        for (int row = 0; row < window.side(); row++) {
            for (int column = 0; column < window.side(); column++) {
                double was = delta[at(channel, window.top() + row, window.left() + column)] / old;
                fresh[row][column] = sign * peaks[row][column] + was;
                sum += fresh[row][column] * fresh[row][column];
            }
        }
        scale(fresh, 1 / (Math.sqrt(sum) + SMALL));
        return fresh;
    }

    private void empty(double[] delta, int channel, Window window) {
        for (int row = window.top(); row < window.top() + window.side(); row++) {
            for (int column = window.left(); column < window.left() + window.side(); column++) {
                delta[at(channel, row, column)] = 0;
            }
        }
    }

    private float[] atSurface(double[] delta) {
        double sum = 0;
        for (double value : delta) {
            sum += value * value;
        }
        double scale = epsilon / (Math.sqrt(sum) + SMALL);
        float[] image = new float[delta.length];
        for (int i = 0; i < image.length; i++) {
            image[i] = Rows.clamp(clean[i] + scale * delta[i], 0, 1);
        }
        return image;
    }

    /** A square of unit norm, one half a peak and the other a trough; lying or standing. */
    private double[][] peaks(int side) {
        double[][] peaks = new double[side][side];
        boolean standing = random.nextBoolean();
        double[][] upper = peak(side / 2, side);
        double[][] lower = peak(side - side / 2, side);
        double sum = 0;
        for (int row = 0; row < side; row++) {
            for (int column = 0; column < side; column++) {
                double value = row < side / 2 ? upper[row][column] : -lower[row - side / 2][column];
                peaks[standing ? column : row][standing ? row : column] = value;
                sum += value * value;
            }
        }
        scale(peaks, 1 / (Math.sqrt(sum) + SMALL));
        return peaks;
    }

    /** A rectangle of unit norm that falls off from its middle: the sum of ever larger boxes, the k-th of height 1 / k^2. */
    private static double[][] peak(int rows, int columns) {
        double[][] peak = new double[rows][columns];
        int middleRow = rows / 2;
        int middleColumn = columns / 2;
        double sum = 0;
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < columns; column++) {
                int farthest = Math.max(Math.abs(row - middleRow), Math.abs(column - middleColumn));
                for (int box = farthest; box < Math.max(middleRow, middleColumn) + 1; box++) {
                    peak[row][column] += 1.0 / ((box + 1) * (box + 1));
                }
                sum += peak[row][column] * peak[row][column];
            }
        }
        scale(peak, 1 / (Math.sqrt(sum) + SMALL));
        return peak;
    }

    private static void scale(double[][] values, double factor) {
        for (double[] row : values) {
            for (int i = 0; i < row.length; i++) {
                row[i] *= factor;
            }
        }
    }
}
