package dev.romestream.robustness.distill;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;

/** Where ROME gets its robust priors, beside the networks: made on the spot, or from a stream. The same bytes either way. */
public interface PriorSource extends NetworkSource {

    /** Mean embedding of a class's perturbed real images, {@code (features)}, in {@code manager}. */
    NDArray meanEmbedding(NDManager manager, int iteration, int label);
}
