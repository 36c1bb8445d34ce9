package dev.romestream.robustness.network;

import ai.djl.ndarray.NDArray;

/** In which space images are perturbed. The range is [0,1] in both, which in {@link Space#NORMALISED} is a fault of the published protocol. */
public record ThreatModel(Space space, Normalization normalization) {
    /** The space of perturbed images. */
    public enum Space {
        /** Images in [0,1], normalised inside the network. */
        PIXEL,
        /** Normalised images, clamped to [0,1] as published. */
        NORMALISED
    }

    /** Pixels in [0,1] to the space of the attack. */
    public NDArray fromPixels(NDArray pixels) {
        return space == Space.PIXEL ? pixels : normalization.normalise(pixels);
    }

    /** Normalised images to the space of the attack, clipped to its range if that is the pixels'. */
    public NDArray fromNormalised(NDArray images) {
        return space == Space.PIXEL ? normalization.denormalise(images).clip(0, 1) : images;
    }

    /** Images of the space, normalised. */
    public NDArray normalised(NDArray images) {
        return space == Space.PIXEL ? normalization.normalise(images) : images;
    }

    /** The network as the attack sees it: images of the space to logits. */
    public Classifier view(Classifier network) {
        return space == Space.NORMALISED ? network : network.after(this::normalised);
    }
}
