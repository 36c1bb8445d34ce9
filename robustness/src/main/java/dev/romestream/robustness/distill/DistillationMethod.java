package dev.romestream.robustness.distill;

/** A way to distil: what one iteration does to the synthetic images. */
public interface DistillationMethod extends AutoCloseable {

    /** Takes one step on every class's images. */
    void step(SyntheticSet set, int iteration);

    @Override
    void close();
}
