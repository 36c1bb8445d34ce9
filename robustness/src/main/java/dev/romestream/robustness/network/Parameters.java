package dev.romestream.robustness.network;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.romestream.robustness.tensor.Precision;
import dev.romestream.robustness.tensor.Tensors;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/** A network's parameters by name, and what follows from them alone. */
final class Parameters {
    private final Map<String, NDArray> byName;
    private final boolean train;
    private final Precision precision;
    private final Optional<NDManager> keeper;
    private final Map<String, NDArray> kept = new HashMap<>();
    private final Map<String, NDArray> noted = new HashMap<>();

    private Parameters(Map<String, NDArray> byName, boolean train, Precision precision, Optional<NDManager> keeper) {
        this.byName = byName;
        this.train = train;
        this.precision = precision;
        this.keeper = keeper;
    }

    /**
     * Parameters from which everything else is computed anew in each pass.
     *
     * @param train whether gradients by the parameters are wanted
     */
    static Parameters of(Map<String, NDArray> byName, boolean train) {
        return new Parameters(Map.copyOf(byName), train, Precision.FLOAT32, Optional.empty());
    }

    /**
     * The same, of which {@code keeper} keeps what was computed once. Not for several threads at a time.
     *
     * @param precision of convolutions
     */
    Parameters kept(NDManager keeper, Precision precision) {
        return new Parameters(byName, train, precision, Optional.of(keeper));
    }

    Precision precision() {
        return precision;
    }

    /** Whether gradients by the parameters are wanted. */
    boolean train() {
        return train;
    }

    /** Notes what the newest pass has found of a parameter that follows the data. */
    void note(String name, NDArray value) {
        noted.put(name, value);
    }

    /** What was noted last of a parameter. */
    NDArray noted(String name) {
        return noted.get(name);
    }

    NDArray get(String name) {
        return byName.get(name);
    }

    /** The parameter, in {@link #precision} where that is possible. */
    NDArray crafting(NDArray x, String name, boolean possible) {
        return precision == Precision.FLOAT32 || !possible
                ? get(name)
                : derived(x, name + " in " + precision, manager -> precision.of(constant(manager, name)));
    }

    /** The parameter without its gradient, as an array of {@code manager}. */
    NDArray constant(NDManager manager, String name) {
        return Tensors.detached(manager, byName.get(name));
    }

    /**
     * What does not depend on the images.
     *
     * @param x of the pass, whose manager owns the result where it is not kept
     * @param key tells it from all others of the network
     * @param computation in the manager that owns the result
     */
    NDArray derived(NDArray x, String key, Function<NDManager, NDArray> computation) {
        return keeper.map(owner -> kept.computeIfAbsent(key, any -> computation.apply(owner)))
                .orElseGet(() -> computation.apply(x.getManager()));
    }
}
