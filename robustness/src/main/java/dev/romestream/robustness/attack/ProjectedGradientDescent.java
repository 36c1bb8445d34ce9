package dev.romestream.robustness.attack;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.romestream.robustness.network.Classifier;
import dev.romestream.robustness.tensor.Autograd;
import dev.romestream.robustness.tensor.Scalars;
import dev.romestream.robustness.tensor.Seed;
import dev.romestream.robustness.tensor.Tensors;
import dev.romestream.robustness.train.CrossEntropy;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * Projected gradient descent on the cross-entropy (Madry et al. 2018): steps of a fixed length, each followed by a projection
 * onto the ball around the clean image and onto [0,1]. One step as long as the radius is the fast gradient sign method
 * (Goodfellow et al. 2015).
 *
 * @param restarts runs from random starts; those after the first are made for images that still stand
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
        NDManager owner = images.getManager();
        try (NDManager scope = owner.newSubManager()) {
            NDArray clean = images.stopGradient();
            clean.attach(scope);
            int[] aims = targeted ? Rows.nextClasses(labels, model.classes()) : labels;
            Descent first = descend(model, clean, randomStart ? start(clean, seed) : clean, aims);
            NDArray points = first.points();
            long gradients = (long) steps * labels.length;
            long predictions = 0;
            List<Integer> robust = IntStream.range(0, labels.length).boxed().toList();
            for (int restart = 1; restart < restarts; restart++) {
                predictions += robust.size();
                robust = robust(model, points, labels, robust);
                if (robust.isEmpty()) {
                    break;
                }
                NDArray fresh = start(clean, seed.with("restart").with(restart));
                Descent next = descend(model, rows(clean, robust), rows(fresh, robust), Rows.select(aims, robust));
                points = replaced(points, robust, next.points());
                gradients += (long) steps * robust.size();
            }
            List<Integer> unmoved = zeroRows(points.sub(clean));
            points.attach(owner);
            return new Perturbation(points, gradients, gradients + predictions, first.zeroGradients(), unmoved);
        }
    }

    /** Those of some images that the network still classifies correctly. */
    private static List<Integer> robust(Classifier model, NDArray points, int[] labels, List<Integer> some) {
        List<Integer> robust = new ArrayList<>();
        for (MicroBatch part : MicroBatch.of(some.size(), points.getManager())) {
            List<Integer> asked = some.subList(part.from(), part.to());
            int[] predicted = model.predict(rows(points, asked));
            for (int row = 0; row < predicted.length; row++) {
                if (predicted[row] == labels[asked.get(row)]) {
                    robust.add(asked.get(row));
                }
            }
        }
        return robust;
    }

    /** Those with these indices. */
    private static NDArray rows(NDArray array, List<Integer> indices) {
        long[] chosen = indices.stream().mapToLong(Integer::longValue).toArray();
        return array.get(array.getManager().create(chosen));
    }

    /** An array with other rows at these indices. */
    private static NDArray replaced(NDArray array, List<Integer> indices, NDArray others) {
        int count = Math.toIntExact(array.getShape().get(0));
        List<Integer> order = new ArrayList<>(IntStream.range(0, count).boxed().toList());
        for (int row = 0; row < indices.size(); row++) {
            order.set(indices.get(row), count + row);
        }
        return rows(array.concat(others), order);
    }

    /** Where images came to; of how many the gradient vanished at the start. */
    private record Descent(NDArray points, long zeroGradients) {}

    /** Descends from the start, some images after the others. */
    private Descent descend(Classifier model, NDArray clean, NDArray start, int[] aims) {
        NDList ends = new NDList();
        long zeroGradients = 0;
        for (MicroBatch part : MicroBatch.of(aims.length, clean.getManager())) {
            Descent made = descendAtOnce(model, part.of(clean), part.of(start), part.of(aims));
            ends.add(made.points());
            zeroGradients += made.zeroGradients();
        }
        return new Descent(ends.isEmpty() ? clean : NDArrays.concat(ends), zeroGradients);
    }

    private Descent descendAtOnce(Classifier model, NDArray clean, NDArray start, int[] aims) {
        NDManager owner = clean.getManager();
        NDArray aim = Tensors.oneHot(owner, aims, model.classes());
        NDArray current = start;
        long zeroGradients = 0;
        for (int step = 0; step < steps; step++) {
            NDArray next;
            try (NDManager scope = owner.newSubManager()) {
                NDArray at = Tensors.detached(scope, current);
                NDArray origin = Tensors.detached(scope, clean);
                NDArray gradient = Autograd.gradient(at, x -> CrossEntropy.perImage(model.craftingLogits(x), aim)
                        .sum());
                if (step == 0) {
                    zeroGradients = zeroRows(gradient).size();
                }
                next = step(origin, at, gradient);
                next.attach(owner);
            }
            current.close();
            current = next;
        }
        return new Descent(current, zeroGradients);
    }

    /** A random point of the ball: uniform in L-infinity; in L2 a uniform length in a uniform direction. */
    private NDArray start(NDArray images, Seed seed) {
        NDManager manager = images.getManager();
        int size = Math.toIntExact(images.size());
        float[] values = norm == Norm.LINF
                ? seed.uniform(size, -epsilon, epsilon)
                : directions(Math.toIntExact(images.getShape().get(0)), size, seed);
        try (NDArray noise = manager.create(values, images.getShape());
                NDArray moved = noise.add(images)) {
            return moved.clip(0, 1);
        }
    }

    private float[] directions(int count, int size, Seed seed) {
        float[] values = new float[size];
        int perImage = size / Math.max(1, count);
        for (int image = 0; image < count; image++) {
            SplittableRandom random = seed.with(image).random();
            float[] direction = new float[perImage];
            for (int i = 0; i < perImage; i++) {
                direction[i] = (float) random.nextGaussian();
            }
            double scale = epsilon * random.nextDouble() / Rows.norm(direction);
            for (int i = 0; i < perImage; i++) {
                values[image * perImage + i] = (float) (scale * direction[i]);
            }
        }
        return values;
    }

    private static List<Integer> zeroRows(NDArray rows) {
        float[] largest = Norm.LINF.length(rows).toFloatArray();
        return IntStream.range(0, largest.length)
                .filter(row -> largest[row] == 0)
                .boxed()
                .toList();
    }

    private NDArray step(NDArray clean, NDArray at, NDArray gradient) {
        NDArray moved = at.add(Scalars.mul(norm.direction(gradient), targeted ? -stepSize : stepSize));
        return clean.add(norm.project(moved.sub(clean), epsilon)).clip(0, 1);
    }
}
