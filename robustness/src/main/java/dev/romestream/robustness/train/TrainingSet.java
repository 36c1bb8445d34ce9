package dev.romestream.robustness.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import dev.romestream.robustness.network.ImageShape;
import dev.romestream.robustness.network.LabelledImages;
import dev.romestream.robustness.network.Normalization;
import dev.romestream.robustness.tensor.Tensors;
import java.util.stream.IntStream;

/** What a network is trained on: images, and for each of them the probability of each class. */
public interface TrainingSet {
    /** Images. */
    int size();

    ImageShape shape();

    int classes();

    /** These images, normalised, {@code (N, C, H, W)}. */
    NDArray images(NDManager manager, int[] ids);

    /** What they are, {@code (N, classes)}. */
    NDArray targets(NDManager manager, int[] ids);

    /**
     * A set in native memory.
     *
     * @param images normalised, {@code (N, C, H, W)}; stay the caller's
     * @param targets {@code (N, classes)}; stay the caller's
     */
    static TrainingSet of(NDArray images, NDArray targets) {
        return new Given(images, targets);
    }

    /** A split of a data set; images are normalised as they are asked for. */
    static TrainingSet of(LabelledImages images, Normalization normalization) {
        return new Split(images, normalization);
    }

    /** See {@link #of(NDArray, NDArray)}. */
    record Given(NDArray images, NDArray targets) implements TrainingSet {
        @Override
        public int size() {
            return Math.toIntExact(images.getShape().get(0));
        }

        @Override
        public ImageShape shape() {
            return new ImageShape(
                    (int) images.getShape().get(1), (int) images.getShape().get(2), (int)
                            images.getShape().get(3));
        }

        @Override
        public int classes() {
            return Math.toIntExact(targets.getShape().get(1));
        }

        @Override
        public NDArray images(NDManager manager, int[] ids) {
            return rows(manager, images, ids);
        }

        @Override
        public NDArray targets(NDManager manager, int[] ids) {
            return rows(manager, targets, ids);
        }

        private static NDArray rows(NDManager manager, NDArray array, int[] ids) {
            long[] indices = IntStream.of(ids).asLongStream().toArray();
            NDArray rows = array.get(new NDIndex("{}", manager.create(indices)));
            rows.attach(manager);
            return rows;
        }
    }

    /** See {@link #of(LabelledImages, Normalization)}. */
    record Split(LabelledImages split, Normalization normalization) implements TrainingSet {
        @Override
        public int size() {
            return split.size();
        }

        @Override
        public ImageShape shape() {
            return split.shape();
        }

        @Override
        public int classes() {
            return split.classes();
        }

        @Override
        public NDArray images(NDManager manager, int[] ids) {
            return normalization.normalise(split.pixels(manager, ids));
        }

        @Override
        public NDArray targets(NDManager manager, int[] ids) {
            return Tensors.oneHot(manager, split.labels(ids), split.classes());
        }
    }
}
