package dev.romestream.robustness.distill;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.romestream.robustness.attack.AttackSettings;
import dev.romestream.robustness.attack.AttackTask;
import dev.romestream.robustness.attack.AttackTask.AugmentationDraw;
import dev.romestream.robustness.augment.Augmentation;
import dev.romestream.robustness.network.LabelledImages;
import dev.romestream.robustness.network.Normalization;
import dev.romestream.robustness.tensor.Seed;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Which real images an iteration draws of a class, with which augmentation, and how they are perturbed. It does not depend on
 * the synthetic images, so experiments that differ only in those share it.
 *
 * @param attack the robust prior's
 * @param batch real images of a class
 * @param strategy of the augmentation
 */
public record PriorDraws(LabelledImages images, AttackSettings attack, int batch, String strategy, Seed seed) {
    /** Most images of a part. */
    public static final int PART_IMAGES = 64;

    /** A part of a class's prior: some of its images, and the seed of their attack. */
    public record Part(int[] imageIds, Seed seed) {}

    private Seed root(int iteration, int label) {
        return seed.with("prior").with(iteration).with(label);
    }

    /** The augmentation's draw, which the synthetic images of the class get too. */
    public AugmentationDraw augmentation(int iteration, int label) {
        return new AugmentationDraw(strategy, root(iteration, label).with("augmentation"));
    }

    /** Ids of the real images of a class. */
    public int[] imageIds(int iteration, int label) {
        int[] positions = root(iteration, label).with("images").sample(batch, images.size(label));
        return Arrays.stream(positions)
                .map(position -> images.id(label, position))
                .toArray();
    }

    /** The real images of a class, normalised and augmented, {@code (N, C, H, W)} in {@code manager}; not attacked. */
    public NDArray augmented(NDManager manager, Normalization normalization, int iteration, int label) {
        AugmentationDraw draw = augmentation(iteration, label);
        NDArray real = normalization.normalise(images.pixels(manager, imageIds(iteration, label)));
        return new Augmentation(draw.strategy()).siamese(real, draw.seed());
    }

    /** What has to be perturbed, in parts of at most {@value #PART_IMAGES} images. */
    public List<Part> parts(int iteration, int label) {
        int[] ids = imageIds(iteration, label);
        List<Part> parts = new ArrayList<>();
        for (int from = 0; from < ids.length; from += PART_IMAGES) {
            int[] part = Arrays.copyOfRange(ids, from, Math.min(ids.length, from + PART_IMAGES));
            parts.add(new Part(part, root(iteration, label).with("attack").with(from)));
        }
        return parts;
    }

    /** The attack on a part. */
    public AttackTask task(Part part, int iteration, int label) {
        return new AttackTask(
                attack,
                images.shape(),
                images.bytes(part.imageIds()),
                images.labels(part.imageIds()),
                Optional.of(augmentation(iteration, label)),
                part.seed());
    }
}
