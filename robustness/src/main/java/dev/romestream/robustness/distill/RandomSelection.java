package dev.romestream.robustness.distill;

/** Real images as they are. */
public final class RandomSelection implements DistillationMethod {
    @Override
    public void step(SyntheticSet set, int iteration) {
        throw new IllegalStateException("A random selection has no iterations.");
    }

    @Override
    public void close() {
        // it holds nothing
    }
}
