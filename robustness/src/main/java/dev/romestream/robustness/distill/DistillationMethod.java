package dev.romestream.robustness.distill;

/** A way to distil: what one iteration does to the synthetic images. */
public interface DistillationMethod extends AutoCloseable {

    /** Whether iterations change anything. A method that selects real images has none. */
    boolean iterates();

    /** Takes one step on every class's images. */
    void step(SyntheticSet set, int iteration);

    @Override
    void close();
}
