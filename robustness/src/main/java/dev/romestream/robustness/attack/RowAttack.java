package dev.romestream.robustness.attack;

import ai.djl.ndarray.NDArray;
import dev.romestream.robustness.network.Classifier;
import dev.romestream.robustness.tensor.Seed;
import java.util.Arrays;
import java.util.List;

/** The template of attacks that work image by image on what a network answers to the whole batch. */
interface RowAttack extends Attack {

    /**
     * The perturbed images.
     *
     * @param clean one row for each image, in the attack's space; not to be changed
     * @param seed each image's draws come from {@code seed.with(its row)}, so that they do not depend on the other images
     */
    float[][] perturb(Oracle oracle, float[][] clean, int[] labels, Seed seed);

    @Override
    default Perturbation perturb(Classifier model, NDArray images, int[] labels, Seed seed) {
        Oracle oracle = new Oracle(model, images.getManager(), images.getShape().slice(1));
        float[][] clean = Rows.of(images);
        float[][] perturbed = perturb(oracle, clean, labels, seed);
        List<Integer> unmoved = Rows.all(clean).stream()
                .filter(row -> !oracle.hasMoved(row) && Arrays.equals(perturbed[row], clean[row]))
                .toList();
        return new Perturbation(
                oracle.join(perturbed),
                oracle.gradientEvaluations(),
                oracle.forwardEvaluations(),
                oracle.zeroGradients(),
                unmoved);
    }
}
