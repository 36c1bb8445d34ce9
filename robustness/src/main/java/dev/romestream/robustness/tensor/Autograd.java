package dev.romestream.robustness.tensor;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import java.util.function.Function;

/**
 * Reverse-mode differentiation. DJL's {@code GradientCollector} allows one collection at a time in a JVM; the engine underneath
 * has no such limit. This is the one place that reaches for it.
 */
public final class Autograd {
    /** DJL has {@code backward} alone, which stores a gradient in its leaf: one that is differentiable itself would hold its own leaf for ever. */
    private static final String GRADIENTS = """
            gradients = annotate(List[Tensor], [])
            optional = torch.autograd.grad([x], at, None, None, %s)
            for i in range(torch.len(optional)):
              gradient = unchecked_cast(Tensor, optional[i])
              _0 = torch.append(gradients, gradient)
            return gradients
            """;
    /** Gradients that are differentiable themselves; what they were computed from is kept for that. */
    private static final Program DIFFERENTIABLE = Program.of(GRADIENTS.formatted("True"));
    /** Gradients that are not; what they were computed from is given back. */
    private static final Program LAST = Program.of(GRADIENTS.formatted("False"));

    private Autograd() {}

    /**
     * A function's value and its gradients, one for each input, in the inputs' shapes.
     *
     * @param value a scalar, detached
     */
    public record Gradients(NDArray value, NDList gradients) {}

    /**
     * The gradients of a scalar function.
     *
     * @param at where; arrays of the same manager, which receives everything that is computed
     * @param function of fresh copies of {@code at} (the storage is shared) to a scalar
     */
    public static Gradients gradients(NDList at, Function<NDList, NDArray> function) {
        NDManager manager = at.head().getManager();
        NDList leaves = new NDList(at.size());
        for (NDArray input : at) {
            leaves.add(leaf(input));
        }
        NDArray value = function.apply(leaves);
        NDArray one = manager.ones(value.getShape());
        JniUtils.backward((PtNDArray) value, (PtNDArray) one, false, false);
        NDList gradients = new NDList(at.size());
        for (NDArray leaf : leaves) {
            gradients.add(leaf.getGradient());
        }
        return new Gradients(value.stopGradient(), gradients);
    }

    /** {@link #gradients} of one input. */
    public static NDArray gradient(NDArray at, Function<NDArray, NDArray> function) {
        return gradients(new NDList(at), inputs -> function.apply(inputs.head()))
                .gradients()
                .head();
    }

    /**
     * The gradients of a scalar at what it was computed from, which can be differentiated in their turn.
     *
     * @param value a scalar that depends on every one of {@code at}
     * @param at inputs of its computation, or what was made of them on the way, with gradients required
     */
    public static NDList differentiable(NDArray value, NDList at) {
        return DIFFERENTIABLE.apply(value, at.toArray(new NDArray[0]));
    }

    /** As {@link #differentiable}, without a way on. Nothing of what {@code value} was computed from can be differentiated again. */
    public static NDList last(NDArray value, NDList at) {
        return LAST.apply(value, at.toArray(new NDArray[0]));
    }

    /** A leaf with the values of {@code input} (the storage is shared), whose gradients can be taken in this thread. */
    public static NDArray leaf(NDArray input) {
        return leaf(input.getManager(), input);
    }

    /** As {@link #leaf(NDArray)}, an array of {@code manager}, which receives what is computed from it. */
    public static NDArray leaf(NDManager manager, NDArray input) {
        JniUtils.setGradMode(true);
        NDArray leaf = Tensors.detached(manager, input);
        leaf.setRequiresGradient(true);
        return leaf;
    }

    /**
     * The gradients of every column of a function's rows.
     *
     * @param value {@code (N, columns)}, detached
     * @param gradients one of the shape of the input for each column, where row i is the gradient of value (i, column)
     */
    public record Jacobian(NDArray value, NDList gradients) {}

    /** {@link Jacobian} of a function whose row i depends on row i of the input alone; one forward pass. */
    public static Jacobian jacobian(NDArray at, Function<NDArray, NDArray> function) {
        NDManager manager = at.getManager();
        NDArray leaf = leaf(at);
        NDArray value = function.apply(leaf);
        int columns = Math.toIntExact(value.getShape().get(1));
        NDList gradients = new NDList(columns);
        for (int column = 0; column < columns; column++) {
            NDArray choice = manager.zeros(value.getShape());
            choice.set(new NDIndex(":," + column), 1);
            JniUtils.backward((PtNDArray) value, (PtNDArray) choice, column + 1 < columns, false);
            NDArray accumulated = leaf.getGradient();
            gradients.add(accumulated.duplicate());
            // not by subtraction: what is infinite less itself is no number
            accumulated.set(new NDIndex("..."), 0);
        }
        return new Jacobian(value.stopGradient(), gradients);
    }
}
