package dev.romestream.robustness.attack;

import ai.djl.ndarray.NDArray;
import dev.romestream.robustness.tensor.Scalars;

/** Geometry of a perturbation {@code (N, C, H, W)}, image by image. */
public enum Norm {
    LINF {
        @Override
        NDArray direction(NDArray gradient) {
            return gradient.sign();
        }

        @Override
        NDArray project(NDArray displacement, double radius) {
            return displacement.clip(-(float) radius, (float) radius);
        }

        @Override
        public NDArray length(NDArray displacement) {
            return displacement
                    .reshape(displacement.getShape().get(0), -1)
                    .abs()
                    .max(new int[] {1});
        }
    },
    L2 {
        @Override
        NDArray direction(NDArray gradient) {
            return gradient.div(column(length(gradient).add(SMALL)));
        }

        @Override
        NDArray project(NDArray displacement, double radius) {
            NDArray factor =
                    Scalars.mul(Scalars.pow(length(displacement), -1), radius).clip(0, 1);
            return displacement.mul(column(factor));
        }

        @Override
        public NDArray length(NDArray displacement) {
            return displacement
                    .reshape(displacement.getShape().get(0), -1)
                    .square()
                    .sum(new int[] {1})
                    .sqrt();
        }
    };

    private static final float SMALL = 1e-10f;

    /** The steepest step of unit length. */
    abstract NDArray direction(NDArray gradient);

    /** The nearest displacement within the ball. */
    abstract NDArray project(NDArray displacement, double radius);

    /** {@code (N)}. */
    public abstract NDArray length(NDArray displacement);

    private static NDArray column(NDArray perImage) {
        return perImage.reshape(-1, 1, 1, 1);
    }
}
