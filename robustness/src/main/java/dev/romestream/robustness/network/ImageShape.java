package dev.romestream.robustness.network;

import ai.djl.ndarray.types.Shape;

/** Channels, height and width of an image. */
public record ImageShape(int channels, int height, int width) {
    public ImageShape {
        if (channels < 1 || height < 1 || width < 1) {
            throw new IllegalArgumentException(
                    "An image of shape (" + channels + ", " + height + ", " + width + ") is empty.");
        }
    }

    /** Values of one image. */
    public int size() {
        return channels * height * width;
    }

    /** {@code (count, C, H, W)}. */
    public Shape batch(int count) {
        return new Shape(count, channels, height, width);
    }
}
