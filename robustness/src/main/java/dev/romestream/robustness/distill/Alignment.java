package dev.romestream.robustness.distill;

import ai.djl.ndarray.NDArray;
import dev.romestream.robustness.tensor.Scalars;

/** Distance between two mean embeddings {@code (features)}; a scalar. */
public enum Alignment {
    /** {@code (||a - b||_1 / 2)^2}, as ROME's code has it. */
    SQUARED_TV {
        @Override
        public NDArray distance(NDArray a, NDArray b) {
            return Scalars.div(a.sub(b).abs().sum(), 2).square();
        }
    },
    /** {@code ||a - b||_2^2}, as ROME's paper and DM have it. */
    SQUARED_L2 {
        @Override
        public NDArray distance(NDArray a, NDArray b) {
            return a.sub(b).square().sum();
        }
    };

    public abstract NDArray distance(NDArray a, NDArray b);
}
