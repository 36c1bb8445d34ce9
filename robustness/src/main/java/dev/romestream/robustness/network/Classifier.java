package dev.romestream.robustness.network;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.romestream.robustness.tensor.Precision;
import dev.romestream.robustness.tensor.Tensors;
import java.util.function.UnaryOperator;

/** What an attack needs of a network: images in its space to logits, differentiably. */
public interface Classifier {
    int classes();

    /** {@code (N, C, H, W)} to {@code (N, classes)}. */
    NDArray logits(NDArray images);

    /** As {@link #logits}, for gradients by the images: in the precision that the network was {@linkplain #prepared prepared} for. */
    default NDArray craftingLogits(NDArray images) {
        return logits(images);
    }

    /** Whether {@link #craftingLogits} are in float32, too. */
    default boolean isExact() {
        return true;
    }

    /**
     * This network for many queries in a row: what does not depend on the images is computed once.
     *
     * @param keeper keeps that; to be closed after the last query. Not for several threads at a time
     * @param precision of convolutions in {@link #craftingLogits}, on a processor; all others, and all on a GPU, are in float32
     */
    default Classifier prepared(NDManager keeper, Precision precision) {
        return this;
    }

    /** This network behind something that is done with the images first. */
    default Classifier after(UnaryOperator<NDArray> first) {
        Classifier inner = this;
        return new Classifier() {
            @Override
            public int classes() {
                return inner.classes();
            }

            @Override
            public NDArray logits(NDArray images) {
                return inner.logits(first.apply(images));
            }

            @Override
            public NDArray craftingLogits(NDArray images) {
                return inner.craftingLogits(first.apply(images));
            }

            @Override
            public boolean isExact() {
                return inner.isExact();
            }

            @Override
            public Classifier prepared(NDManager keeper, Precision precision) {
                return inner.prepared(keeper, precision).after(first);
            }
        };
    }

    /** The predicted classes of {@code (N, C, H, W)}. */
    default int[] predict(NDArray images) {
        return Tensors.argMax(logits(images));
    }
}
