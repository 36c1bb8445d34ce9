package dev.romestream.robustness.tensor;

import ai.djl.ndarray.NDArray;
import java.util.Locale;

/** Of the products of convolutions; sums, norms and losses are in float32. */
public enum Precision {
    FLOAT32,
    /** Eight bits of mantissa. */
    BFLOAT16;

    private static final Program TO_BFLOAT16 = Program.of("return [torch.to(x, 15, False, False, None)]");
    private static final Program AS = Program.of("return [torch.type_as(x, at[0])]");

    /** An array of float32 in this precision; DJL's own conversion ends the process. The list is there because a program takes one. */
    public NDArray of(NDArray array) {
        return this == FLOAT32
                ? array
                : TO_BFLOAT16.apply(array, array.stopGradient()).head();
    }

    /** An array in the type of another one; differentiable. */
    public static NDArray as(NDArray like, NDArray array) {
        return array.getDataType() == like.getDataType()
                ? array
                : AS.apply(array, like).head();
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
