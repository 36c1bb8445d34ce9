package dev.romestream.robustness.tensor;

import ai.djl.ndarray.NDArray;
import java.util.function.UnaryOperator;

/**
 * Arithmetic with a number, of the number's own type. DJL's own (as of 0.35.1) puts the number into a Java buffer and lets go of
 * it at once, while the engine keeps its address for the backward pass: a garbage collection in between changes the gradient.
 * Here the engine has a copy.
 */
public final class Scalars {
    private Scalars() {}

    /** {@code x * factor}. */
    public static NDArray mul(NDArray x, Number factor) {
        return with(x, factor, x::mul);
    }

    /** {@code x / divisor}. */
    public static NDArray div(NDArray x, Number divisor) {
        return with(x, divisor, x::div);
    }

    /** {@code x ** exponent}. */
    public static NDArray pow(NDArray x, Number exponent) {
        return with(x, exponent, x::pow);
    }

    /** The larger of each value and {@code least}. */
    public static NDArray maximum(NDArray x, Number least) {
        return with(x, least, x::maximum);
    }

    private static NDArray with(NDArray x, Number value, UnaryOperator<NDArray> operation) {
        try (NDArray javas = x.getManager().create(value);
                NDArray engines = javas.duplicate()) {
            return operation.apply(engines);
        }
    }
}
