package dev.romestream.robustness.network;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.DoubleStream;

/** Per-channel normalisation {@code (pixel - mean) / std} of pixels in [0,1]. */
public record Normalization(List<Double> mean, List<Double> std) {
    private static final Map<String, Normalization> NAMED = new TreeMap<>(Map.of(
            "cifar10", of(new double[] {0.4914, 0.4822, 0.4465}, new double[] {0.2023, 0.1994, 0.2010}),
            "cifar100", of(new double[] {0.5071, 0.4866, 0.4409}, new double[] {0.2673, 0.2564, 0.2762}),
            "imagenet", of(new double[] {0.485, 0.456, 0.406}, new double[] {0.229, 0.224, 0.225}),
            "half", of(new double[] {0.5, 0.5, 0.5}, new double[] {0.5, 0.5, 0.5})));

    public Normalization {
        mean = List.copyOf(mean);
        std = List.copyOf(std);
        if (mean.size() != std.size() || std.stream().anyMatch(value -> !(value > 0))) {
            throw new IllegalArgumentException("Normalisation needs a mean and a positive standard deviation for each"
                    + " channel; given are mean " + mean + " and std " + std + ".");
        }
    }

    private static Normalization of(double[] mean, double[] std) {
        return new Normalization(
                DoubleStream.of(mean).boxed().toList(),
                DoubleStream.of(std).boxed().toList());
    }

    /** The names of the constants that repositories use, whatever the statistics of their data are. */
    public static Set<String> names() {
        return NAMED.keySet();
    }

    /** The constants of such a name; empty where there are none. */
    public static Optional<Normalization> named(String name) {
        return Optional.ofNullable(NAMED.get(name));
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
