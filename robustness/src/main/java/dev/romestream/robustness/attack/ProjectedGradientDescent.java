package dev.romestream.robustness.attack;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.romestream.robustness.network.Classifier;
import dev.romestream.robustness.tensor.Autograd;
import dev.romestream.robustness.tensor.Seed;
import dev.romestream.robustness.tensor.Tensors;
import dev.romestream.robustness.train.CrossEntropy;

/**
 * Projected gradient descent on the cross-entropy (Madry et al. 2018): steps of a fixed length, each followed by a projection
 * onto the ball around the clean image and onto [0,1]. One step as long as the radius is the fast gradient sign method
 * (Goodfellow et al. 2015).
 *
 * @param targeted towards class (label + 1) mod classes rather than away from the label
 */
public record ProjectedGradientDescent(
        Norm norm, double epsilon, double stepSize, int steps, boolean randomStart, boolean targeted)
        implements Attack {

    public ProjectedGradientDescent {
        if (!(epsilon > 0) || !(stepSize > 0) || steps < 1) {
            throw new IllegalArgumentException(
                    "A gradient attack needs a positive epsilon, stepSize and number of steps;" + " given are "
                            + epsilon + ", " + stepSize + " and " + steps + ".");
        }
    }

    /** The fast gradient sign method. */
    public static ProjectedGradientDescent fgsm(double epsilon, boolean targeted) {
        return new ProjectedGradientDescent(Norm.LINF, epsilon, epsilon, 1, false, targeted);
    }

    @Override
    public Perturbation perturb(Classifier model, NDArray images, int[] labels, Seed seed) {
        int classes = model.classes();
        int[] aims = labels.clone();
        if (targeted) {
            for (int i = 0; i < aims.length; i++) {
                aims[i] = (aims[i] + 1) % classes;
            }
        }
        NDManager owner = images.getManager();
        NDArray aim = Tensors.oneHot(owner, aims, classes);
        NDArray current = randomStart ? start(images, seed) : images;
        for (int step = 0; step < steps; step++) {
            NDArray next;
            try (NDManager scope = owner.newSubManager()) {
                NDArray at = current.stopGradient();
                at.attach(scope);
                NDArray clean = images.stopGradient();
                clean.attach(scope);
                next = step(model, clean, at, aim);
                next.attach(owner);
            }
            if (current != images) {
                current.close();
            }
            current = next;
        }
        aim.close();
        long gradients = (long) steps * labels.length;
        return new Perturbation(current, gradients, gradients);
    }

    private NDArray start(NDArray images, Seed seed) {
        NDManager manager = images.getManager();
        int size = Math.toIntExact(images.size());
        try (NDArray noise = manager.create(seed.uniform(size, -epsilon, epsilon), images.getShape());
                NDArray moved = noise.add(images)) {
            return moved.clip(0, 1);
        }
    }

    private NDArray step(Classifier model, NDArray clean, NDArray at, NDArray aim) {
        NDArray gradient = Autograd.gradient(
                at, x -> CrossEntropy.perImage(model.logits(x), aim).sum());
        NDArray moved = at.add(norm.direction(gradient).mul(targeted ? -stepSize : stepSize));
        return clean.add(norm.project(moved.sub(clean), epsilon)).clip(0, 1);
    }
}
