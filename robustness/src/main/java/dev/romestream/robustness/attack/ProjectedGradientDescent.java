package dev.romestream.robustness.attack;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
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
 * @param restarts runs from random starts; those after the first count for images that still stand
 * @param targeted towards class (label + 1) mod classes rather than away from the label
 */
public record ProjectedGradientDescent(
        Norm norm, double epsilon, double stepSize, int steps, boolean randomStart, int restarts, boolean targeted)
        implements Attack {

    public ProjectedGradientDescent {
        if (!(epsilon > 0) || !(stepSize > 0) || steps < 1) {
            throw new IllegalArgumentException(
                    "A gradient attack needs a positive epsilon, stepSize and number of steps;" + " given are "
                            + epsilon + ", " + stepSize + " and " + steps + ".");
        }
        if (restarts < 1 || (restarts > 1 && !randomStart)) {
            throw new IllegalArgumentException("restarts is " + restarts + " and randomStart is " + randomStart
                    + "; there is at least one run, and more need random starts.");
        }
    }

    /** The fast gradient sign method. */
    public static ProjectedGradientDescent fgsm(double epsilon, boolean targeted) {
        return new ProjectedGradientDescent(Norm.LINF, epsilon, epsilon, 1, false, 1, targeted);
    }

    @Override
    public Perturbation perturb(Classifier model, NDArray images, int[] labels, Seed seed) {
        Perturbation best = run(model, images, labels, seed);
        for (int restart = 1; restart < restarts; restart++) {
            boolean[] lost = lost(model, best.images(), labels);
            Perturbation next = run(model, images, labels, seed.with("restart").with(restart));
            NDArray keep = images.getManager().create(lost, new Shape(lost.length, 1, 1, 1));
            best = new Perturbation(
                    NDArrays.where(keep, best.images(), next.images()),
                    best.gradientEvaluations() + next.gradientEvaluations(),
                    best.forwardEvaluations() + next.forwardEvaluations() + lost.length,
                    best.zeroGradients());
        }
        return best;
    }

    private static boolean[] lost(Classifier model, NDArray images, int[] labels) {
        int[] predicted = model.predict(images);
        boolean[] lost = new boolean[labels.length];
        for (int i = 0; i < lost.length; i++) {
            lost[i] = predicted[i] != labels[i];
        }
        return lost;
    }

    private Perturbation run(Classifier model, NDArray images, int[] labels, Seed seed) {
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
        long zeroGradients = 0;
        for (int step = 0; step < steps; step++) {
            NDArray next;
            try (NDManager scope = owner.newSubManager()) {
                NDArray at = current.stopGradient();
                at.attach(scope);
                NDArray clean = images.stopGradient();
                clean.attach(scope);
                NDArray gradient = Autograd.gradient(
                        at, x -> CrossEntropy.perImage(model.logits(x), aim).sum());
                if (step == 0) {
                    zeroGradients = zeroRows(gradient);
                }
                next = step(clean, at, gradient);
                next.attach(owner);
            }
            if (current != images) {
                current.close();
            }
            current = next;
        }
        aim.close();
        long gradients = (long) steps * labels.length;
        return new Perturbation(current, gradients, gradients, zeroGradients);
    }

    private NDArray start(NDArray images, Seed seed) {
        NDManager manager = images.getManager();
        int size = Math.toIntExact(images.size());
        try (NDArray noise = manager.create(seed.uniform(size, -epsilon, epsilon), images.getShape());
                NDArray moved = noise.add(images)) {
            return moved.clip(0, 1);
        }
    }

    private static long zeroRows(NDArray gradient) {
        long count = 0;
        for (float largest : Norm.LINF.length(gradient).toFloatArray()) {
            count += largest == 0 ? 1 : 0;
        }
        return count;
    }

    private NDArray step(NDArray clean, NDArray at, NDArray gradient) {
        NDArray moved = at.add(norm.direction(gradient).mul(targeted ? -stepSize : stepSize));
        return clean.add(norm.project(moved.sub(clean), epsilon)).clip(0, 1);
    }
}
