package dev.romestream.robustness.distill;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;

/** Where ROME gets its pool networks and robust priors: made on the spot, or from a stream. The same bytes either way. */
public interface PriorSource extends AutoCloseable {

    /** The network that the schedule has for an iteration; it stays valid until the next call. */
    PoolMember network(int iteration);

    /** Mean embedding of a class's perturbed real images, {@code (features)}, in {@code manager}. */
    NDArray meanEmbedding(NDManager manager, int iteration, int label);

    @Override
    void close();
}
