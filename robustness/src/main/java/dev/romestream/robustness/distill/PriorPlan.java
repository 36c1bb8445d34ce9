package dev.romestream.robustness.distill;

import dev.romestream.robustness.attack.AttackSettings;
import dev.romestream.robustness.attack.AttackTask;
import dev.romestream.robustness.attack.AttackTask.AugmentationDraw;
import dev.romestream.robustness.network.LabelledImages;
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
public record PriorPlan(LabelledImages images, AttackSettings attack, int batch, String strategy, Seed seed) {
    /** Most images of one task. */
    public static final int TASK_IMAGES = 64;

    /** A part of a class's prior, with the ids of its images. */
    public record PriorTask(int[] imageIds, AttackTask task) {}

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

    /** What has to be perturbed, in parts of at most {@value #TASK_IMAGES} images. */
    public List<PriorTask> tasks(int iteration, int label) {
        int[] ids = imageIds(iteration, label);
        List<PriorTask> tasks = new ArrayList<>();
        for (int from = 0; from < ids.length; from += TASK_IMAGES) {
            int[] part = Arrays.copyOfRange(ids, from, Math.min(ids.length, from + TASK_IMAGES));
            Seed attackSeed = root(iteration, label).with("attack").with(from);
            tasks.add(new PriorTask(
                    part,
                    new AttackTask(
                            attack,
                            images.shape(),
                            images.bytes(part),
                            images.labels(part),
                            Optional.of(augmentation(iteration, label)),
                            attackSeed)));
        }
        return tasks;
    }
}
