package dev.romestream.robustness.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.romestream.robustness.TestData;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

class AutogradTest {
    @Test
    void gradientsCanBeDifferentiated() {
        try (NDManager manager = TestData.manager()) {
            NDArray x = manager.create(new float[] {1, 2, -3});
            NDArray y = manager.create(new float[] {2, 0.5f, 1});
            // of sum(x^3 y) at y the gradient is x^3; of the sum of its squares, x^6, the gradient at x is 6 x^5
            for (int again = 0; again < 5; again++) {
                NDArray gradient = Autograd.gradient(x, at -> {
                    NDArray other = Autograd.leaf(y);
                    NDArray value = cube(at).mul(other).sum();
                    return Autograd.differentiable(value, new NDList(other))
                            .head()
                            .square()
                            .sum();
                });
                assertThat(gradient.toFloatArray()).containsExactly(new float[] {6, 192, -1458}, within(1e-3f));
            }
        }
    }

    @Test
    void aStepOfTrainingCanBeDifferentiated() {
        try (NDManager manager = TestData.manager()) {
            NDArray x = manager.create(new float[] {0.5f, -0.25f});
            // p = 1 - 0.1 d/dp (p^2 x) = 1 - 0.2 x, twice; the second time p - 0.2 p x = (1 - 0.2 x)^2
            Function<NDArray, NDArray> trained = at -> {
                NDArray parameter = Autograd.leaf(at.getManager().ones(at.getShape()));
                for (int step = 0; step < 2; step++) {
                    NDArray loss = parameter.square().mul(at).sum();
                    NDArray gradient =
                            Autograd.differentiable(loss, new NDList(parameter)).head();
                    parameter = parameter.sub(Scalars.mul(gradient, 0.1f));
                }
                return parameter.sum();
            };
            float[] gradient = Autograd.gradient(x, trained).toFloatArray();
            assertThat(gradient).containsExactly(new float[] {-0.4f * 0.9f, -0.4f * 1.05f}, within(1e-5f));
        }
    }

    /** The gradient of 1e30 times 1e30 x is beyond float32; that of 2x is 2 all the same. */
    @Test
    void anInfiniteColumnOfAJacobianLeavesTheOthersRight() {
        try (NDManager manager = TestData.manager()) {
            NDArray x = manager.create(new float[][] {{1}, {4}});
            Autograd.Jacobian jacobian = Autograd.jacobian(x, at -> {
                NDArray large = Scalars.mul(Scalars.mul(at, 1e30f), 1e30f);
                return NDArrays.concat(new NDList(large, Scalars.mul(at, 2f)), 1);
            });
            assertThat(jacobian.gradients().get(0).toFloatArray())
                    .containsExactly(Float.POSITIVE_INFINITY, Float.POSITIVE_INFINITY);
            assertThat(jacobian.gradients().get(1).toFloatArray()).containsExactly(2f, 2f);
        }
    }

    private static NDArray cube(NDArray x) {
        return x.mul(x).mul(x);
    }
}
