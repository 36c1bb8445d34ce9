package dev.romestream.robustness.augment;

import ai.djl.ndarray.NDArray;
import dev.romestream.robustness.tensor.Seed;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/**
 * Differentiable Siamese augmentation (Zhao and Bilen 2021): each call draws one operation of the strategy and applies it to
 * normalised images {@code (N, C, H, W)}, with one draw for the whole batch (Siamese) or one for each image.
 */
public final class Augmentation {
    /** Every operation. */
    public static final String FULL = "color_crop_cutout_flip_scale_rotate";
    /** No augmentation. */
    public static final String NONE = "none";

    private final List<ImageOperation> operations;

    private static final Map<String, ImageOperation> KNOWN = Map.of(
            "color", new ColorJitter(),
            "crop", new SpatialTransform(SpatialTransform::crop),
            "cutout", new SpatialTransform(SpatialTransform::cutout),
            "flip", new SpatialTransform(SpatialTransform::flip),
            "scale", new SpatialTransform(SpatialTransform::scale),
            "rotate", new SpatialTransform(SpatialTransform::rotate));

    /** @param strategy operations joined by '_', or {@value #NONE} */
    public Augmentation(String strategy) {
        this.operations = strategy.equals(NONE)
                ? List.of()
                : Stream.of(strategy.split("_")).map(Augmentation::operation).toList();
    }

    private static ImageOperation operation(String name) {
        return Optional.ofNullable(KNOWN.get(name))
                .orElseThrow(() -> new IllegalArgumentException("Unknown augmentation '" + name
                        + "'; known are none and those of " + FULL + ", joined by '_'."));
    }

    /** The same draw for every image: equal seeds transform any two batches alike. */
    public NDArray siamese(NDArray images, Seed seed) {
        return apply(images, seed, 1);
    }

    /** A draw of its own for each image. */
    public NDArray perImage(NDArray images, Seed seed) {
        return apply(images, seed, Math.toIntExact(images.getShape().get(0)));
    }

    private NDArray apply(NDArray images, Seed seed, int draws) {
        if (operations.isEmpty()) {
            return images;
        }
        SplittableRandom random = seed.random();
        ImageOperation operation = operations.get(random.nextInt(operations.size()));
        return operation.apply(images, draws, random);
    }
}
