package dev.romestream.robustness.distill;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;

/**
 * Multi-formation (Kim et al. 2022): a stored image is a 2x2 mosaic of four images at half the size. Height and width must be
 * even.
 */
public final class MultiFormation {
    /** Images in a mosaic. */
    public static final int IMAGES = 4;

    private MultiFormation() {}

    /** Mosaics {@code (N, C, H, W)} to images {@code (4N, C, H, W)}: each quarter upsampled bilinearly. Differentiable. */
    public static NDArray expand(NDArray mosaics) {
        Shape shape = mosaics.getShape();
        long height = shape.get(2);
        long width = shape.get(3);
        NDList quarters = new NDList(IMAGES);
        for (long top = 0; top < height; top += height / 2) {
            for (long left = 0; left < width; left += width / 2) {
                quarters.add(
                        mosaics.get(new NDIndex(":, :, {}:{}, {}:{}", top, top + height / 2, left, left + width / 2)));
            }
        }
        NDArray small = NDArrays.concat(quarters, 0);
        NDManager manager = mosaics.getManager();
        NDArray rows = upsampling(manager, (int) height / 2);
        NDArray columns = upsampling(manager, (int) width / 2);
        return rows.matMul(small).matMul(columns.transpose(1, 0));
    }

    /** Images {@code (4N, C, H, W)} to mosaics {@code (N, C, H, W)}: means of 2x2 pixels; every N-th image goes to one mosaic. */
    public static NDArray compose(NDArray images) {
        Shape shape = images.getShape();
        long mosaics = shape.get(0) / IMAGES;
        long height = shape.get(2);
        long width = shape.get(3);
        NDArray small = images.reshape(shape.get(0), shape.get(1), height / 2, 2, width / 2, 2)
                .mean(new int[] {5})
                .mean(new int[] {3});
        NDList quarters = new NDList(IMAGES);
        for (int quarter = 0; quarter < IMAGES; quarter++) {
            quarters.add(small.get(new NDIndex("{}:{}", quarter * mosaics, (quarter + 1) * mosaics)));
        }
        NDArray upper = NDArrays.concat(new NDList(quarters.get(0), quarters.get(1)), 3);
        NDArray lower = NDArrays.concat(new NDList(quarters.get(2), quarters.get(3)), 3);
        return NDArrays.concat(new NDList(upper, lower), 2);
    }

    /** {@code (2n, n)}: bilinear upsampling by two, pixel centres aligned as in PyTorch's {@code align_corners=False}. */
    private static NDArray upsampling(NDManager manager, int n) {
        float[] weights = new float[2 * n * n];
        for (int row = 0; row < 2 * n; row++) {
            double source = Math.max(0, (row + 0.5) / 2 - 0.5);
            int low = (int) Math.floor(source);
            int high = Math.min(n - 1, low + 1);
            weights[row * n + low] += (float) (1 - (source - low));
            weights[row * n + high] += (float) (source - low);
        }
        return manager.create(weights, new Shape(2L * n, n));
    }
}
