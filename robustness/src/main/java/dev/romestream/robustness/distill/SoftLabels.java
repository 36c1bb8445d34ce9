package dev.romestream.robustness.distill;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import dev.romestream.robustness.network.NeuralNetwork;
import dev.romestream.robustness.tensor.Scalars;
import java.util.List;

/** What teachers say of images: the mean of their softmax. */
public final class SoftLabels {
    private static final long BATCH = 256;

    private SoftLabels() {}

    /**
     * A row for each image as networks see it: {@code (N, classes)}, or {@code (4N, classes)} of mosaics, quarter by quarter.
     *
     * @param stored normalised, {@code (N, C, H, W)}
     * @param temperature by which logits are divided
     */
    public static float[] of(
            NDManager manager,
            List<NeuralNetwork> teachers,
            NDArray stored,
            boolean multiFormation,
            double temperature) {
        try (NDManager scope = manager.newSubManager()) {
            NDArray own = stored.duplicate();
            own.attach(scope);
            NDArray images = SyntheticSet.expanded(own, multiFormation);
            long count = images.getShape().get(0);
            NDList rows = new NDList();
            for (long from = 0; from < count; from += BATCH) {
                NDArray batch = images.get(new NDIndex("{}:{}", from, Math.min(count, from + BATCH)));
                NDList answers = new NDList();
                teachers.forEach(teacher -> answers.add(
                        Scalars.div(teacher.logits(batch), (float) temperature).softmax(1)));
                NDArray sum = answers.get(0);
                for (NDArray answer : answers.subList(1, answers.size())) {
                    sum = sum.add(answer);
                }
                rows.add(Scalars.div(sum, answers.size()));
            }
            return NDArrays.concat(rows, 0).toFloatArray();
        }
    }
}
