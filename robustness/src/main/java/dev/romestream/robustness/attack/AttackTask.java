package dev.romestream.robustness.attack;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.romestream.robustness.augment.Augmentation;
import dev.romestream.robustness.network.Classifier;
import dev.romestream.robustness.network.ImageShape;
import dev.romestream.robustness.network.LabelledImages;
import dev.romestream.robustness.network.Normalization;
import dev.romestream.robustness.network.ThreatModel;
import dev.romestream.robustness.tensor.Precision;
import dev.romestream.robustness.tensor.Seed;
import java.util.Optional;

/**
 * Everything that determines perturbed images, but for the network: wherever and whenever it is carried out on one kind of
 * processor, the bytes are the same.
 *
 * @param pixels N images, a byte a value
 * @param precision of convolutions where gradients are wanted
 * @param augmentation a Siamese draw that the normalised images get before the attack, for priors
 */
public record AttackTask(
        AttackSettings spec,
        ImageShape shape,
        byte[] pixels,
        int[] labels,
        Optional<AugmentationDraw> augmentation,
        Seed seed,
        Precision precision) {

    /** In float32. */
    public AttackTask(
            AttackSettings spec,
            ImageShape shape,
            byte[] pixels,
            int[] labels,
            Optional<AugmentationDraw> augmentation,
            Seed seed) {
        this(spec, shape, pixels, labels, augmentation, seed, Precision.FLOAT32);
    }

    /** A Siamese draw by its strategy and seed. */
    public record AugmentationDraw(String strategy, Seed seed) {}

    /**
     * Perturbed images {@code (N, C, H, W)} in the attack's space, in {@code manager}. In pixel space, what an augmentation makes of
     * them is clipped to the range of pixels before it is attacked.
     */
    public Attack.Perturbation run(NDManager manager, Classifier network, Normalization normalization) {
        ThreatModel threat = new ThreatModel(spec.space(), normalization);
        Attack attack = Attacks.create(spec);
        Attacks.requireClasses(spec, network.classes());
        try (NDManager scope = manager.newSubManager()) {
            NDArray start = start(threat, LabelledImages.pixels(scope, shape, pixels));
            Attack.Perturbation made =
                    attack.perturb(threat.view(network).prepared(scope, precision), start, labels, seed);
            made.images().attach(manager);
            return made;
        }
    }

    private NDArray start(ThreatModel threat, NDArray images) {
        if (augmentation.isEmpty()) {
            return threat.fromPixels(images);
        }
        AugmentationDraw draw = augmentation.get();
        return threat.fromNormalised(
                new Augmentation(draw.strategy()).siamese(threat.normalization().normalise(images), draw.seed()));
    }
}
