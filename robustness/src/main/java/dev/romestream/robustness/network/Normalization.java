package dev.romestream.robustness.network;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.List;

/** Per-channel normalisation {@code (pixel - mean) / std} of pixels in [0,1]. */
public record Normalization(List<Double> mean, List<Double> std) {
    public Normalization {
        mean = List.copyOf(mean);
        std = List.copyOf(std);
        if (mean.size() != std.size() || std.stream().anyMatch(value -> !(value > 0))) {
            throw new IllegalArgumentException("Normalisation needs a mean and a positive standard deviation for each"
                    + " channel; given are mean " + mean + " and std " + std + ".");
        }
    }

    /** {@code (N, C, H, W)} in pixel space to normalised space. */
    public NDArray normalise(NDArray pixels) {
        return pixels.sub(channels(pixels.getManager(), mean)).div(channels(pixels.getManager(), std));
    }

    /** {@code (N, C, H, W)} in normalised space to pixel space, not clamped. */
    public NDArray denormalise(NDArray images) {
        return images.mul(channels(images.getManager(), std)).add(channels(images.getManager(), mean));
    }

    private static NDArray channels(NDManager manager, List<Double> values) {
        float[] floats = new float[values.size()];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = values.get(i).floatValue();
        }
        return manager.create(floats, new Shape(1, floats.length, 1, 1));
    }
}
