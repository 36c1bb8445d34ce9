package dev.romestream.robustness.attack;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A range of a batch's images that goes through a network at once. */
record MicroBatch(int from, int to) {
    /** Fewer, and calls cost as much as what they compute; more, and memory is all that grows. */
    static final int MOST = 64;

    /** The parts of a batch; on a GPU it is one. */
    static List<MicroBatch> of(int count, NDManager manager) {
        int most = manager.getDevice().isGpu() ? Math.max(1, count) : MOST;
        List<MicroBatch> parts = new ArrayList<>();
        for (int from = 0; from < count; from += most) {
            parts.add(new MicroBatch(from, Math.min(count, from + most)));
        }
        return parts;
    }

    int size() {
        return to - from;
    }

    float[][] of(float[][] rows) {
        return Arrays.copyOfRange(rows, from, to);
    }

    int[] of(int[] values) {
        return Arrays.copyOfRange(values, from, to);
    }

    NDArray of(NDArray rows) {
        return rows.get(from + ":" + to);
    }

    /** Puts the rows of an array in their places. */
    void fill(float[][] rows, NDArray answers) {
        System.arraycopy(Rows.of(answers), 0, rows, from, size());
    }
}
