package dev.romestream.robustness.distill;

import java.util.List;

/** Where a method gets its trained networks: made on the spot, or from a stream. The same bytes either way. */
public interface NetworkSource extends AutoCloseable {

    /** The networks that the schedule has for an iteration, in its order; they stay valid until the next call. */
    List<PoolMember> networks(int iteration);

    @Override
    void close();
}
