package dev.romestream.robustness.distill;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.romestream.robustness.network.LabelledImages;
import dev.romestream.robustness.network.Normalization;
import dev.romestream.robustness.tensor.Seed;
import dev.romestream.robustness.tensor.Tensors;
import dev.romestream.robustness.train.StochasticGradientDescent;
import dev.romestream.robustness.train.TrainingSet;
import java.util.Arrays;

/** The images that are distilled, normalised, class by class, with the optimiser's velocities. Close it to free them. */
public final class SyntheticSet implements AutoCloseable {
    private final NDManager manager;
    private final boolean multiFormation;
    private final NDList images;
    private final NDList velocities;
    private final NDList state;
    private final NDList stateVelocities;

    /**
     * A set that goes on from here.
     *
     * @param images of each class, {@code (N, C, H, W)}; taken over
     * @param velocities of the same shapes; taken over
     * @param state what a method has learned beside the images; taken over
     * @param stateVelocities of the same shapes; taken over
     */
    public SyntheticSet(
            NDManager parent,
            boolean multiFormation,
            NDList images,
            NDList velocities,
            NDList state,
            NDList stateVelocities) {
        this.manager = parent.newSubManager();
        this.multiFormation = multiFormation;
        this.images = images;
        this.velocities = velocities;
        this.state = state;
        this.stateVelocities = stateVelocities;
        images.attach(manager);
        velocities.attach(manager);
        state.attach(manager);
        stateVelocities.attach(manager);
    }

    /** A set before its first iteration, of these images of each class, which are taken over. */
    public static SyntheticSet of(NDManager parent, boolean multiFormation, NDList images) {
        NDList velocities = new NDList();
        images.forEach(array -> velocities.add(parent.zeros(array.getShape())));
        return new SyntheticSet(parent, multiFormation, images, velocities, new NDList(), new NDList());
    }

    /**
     * A set of chosen real images.
     *
     * @throws IllegalArgumentException where a class has too few images
     */
    public static SyntheticSet ofRealImages(
            NDManager parent,
            LabelledImages real,
            Normalization normalization,
            int imagesPerClass,
            boolean multiFormation,
            Choice choice) {
        NDList images = new NDList();
        int needed = multiFormation ? imagesPerClass * MultiFormation.IMAGES : imagesPerClass;
        for (int label = 0; label < real.classes(); label++) {
            if (real.size(label) < needed) {
                throw new IllegalArgumentException("Class " + label + " has " + real.size(label) + " real images and "
                        + needed + " are needed to begin with; use fewer imagesPerClass.");
            }
            int of = label;
            int[] ids = Arrays.stream(choice.positions(label, needed))
                    .map(position -> real.id(of, position))
                    .toArray();
            try (NDManager scope = parent.newSubManager()) {
                NDArray drawn = normalization.normalise(real.pixels(scope, ids));
                NDArray stored = multiFormation ? MultiFormation.compose(drawn) : drawn;
                stored.attach(parent);
                images.add(stored);
            }
        }
        return of(parent, multiFormation, images);
    }

    /** Chooses images of a class. */
    @FunctionalInterface
    public interface Choice {
        /** {@code count} positions in the class, each once. */
        int[] positions(int label, int count);

        /** Draws without replacement. */
        static Choice drawn(LabelledImages real, Seed seed) {
            return (label, count) -> seed.with("initial").with(label).sample(count, real.size(label));
        }
    }

    public int classes() {
        return images.size();
    }

    public boolean multiFormation() {
        return multiFormation;
    }

    /** Stored images of a class, {@code (N, C, H, W)}. */
    public NDArray images(int label) {
        return images.get(label);
    }

    /** Velocities of a class's images. */
    public NDArray velocity(int label) {
        return velocities.get(label);
    }

    /** Stored images as networks see them: mosaics taken apart. Differentiable. */
    public static NDArray expanded(NDArray stored, boolean multiFormation) {
        return multiFormation ? MultiFormation.expand(stored) : stored;
    }

    /** What a method learns beside the images, array by array; empty before it begins to. */
    public NDList state() {
        return state;
    }

    /** Velocities of {@link #state}. */
    public NDList stateVelocities() {
        return stateVelocities;
    }

    /** Begins to learn something beside the images. */
    void begin(NDList initial) {
        for (NDArray values : initial) {
            values.attach(manager);
            state.add(values);
            stateVelocities.add(manager.zeros(values.getShape()));
        }
    }

    /**
     * All stored images as networks are trained on them; differentiable.
     *
     * @param stored images of each class, in the place of this set's
     */
    TrainingSet trainingSet(NDList stored) {
        NDList shown = new NDList();
        NDList targets = new NDList();
        for (int label = 0; label < stored.size(); label++) {
            NDArray seen = expanded(stored.get(label), multiFormation);
            shown.add(seen);
            targets.add(Tensors.oneHot(seen.getManager(), label, seen.getShape().get(0), stored.size()));
        }
        return TrainingSet.of(NDArrays.concat(shown, 0), NDArrays.concat(targets, 0));
    }

    /** All images as networks are trained on them, in {@code scope}. */
    TrainingSet trainingSet(NDManager scope) {
        return trainingSet(stored(scope));
    }

    /** Stored images of each class, as arrays of {@code scope}. */
    NDList stored(NDManager scope) {
        NDList stored = new NDList();
        images.forEach(array -> stored.add(Tensors.detached(scope, array)));
        return stored;
    }

    /** One step on a class's images. */
    void update(int label, NDArray gradient, StochasticGradientDescent optimiser) {
        step(images, velocities, label, gradient, optimiser);
    }

    /** One step on what is learned beside the images. */
    void updateState(NDList gradients, StochasticGradientDescent optimiser) {
        for (int i = 0; i < state.size(); i++) {
            step(state, stateVelocities, i, gradients.get(i), optimiser);
        }
    }

    private void step(
            NDList values, NDList speeds, int position, NDArray gradient, StochasticGradientDescent optimiser) {
        NDArray oldValues = values.get(position);
        NDArray oldVelocity = speeds.get(position);
        try (NDManager scope = manager.newSubManager()) {
            NDList parameters = new NDList(oldValues);
            NDList momentum = new NDList(oldVelocity);
            parameters.tempAttach(scope);
            momentum.tempAttach(scope);
            StochasticGradientDescent.Step step = optimiser.step(parameters, new NDList(gradient), momentum);
            step.parameters().attach(manager);
            step.velocities().attach(manager);
            values.set(position, step.parameters().head());
            speeds.set(position, step.velocities().head());
        }
        oldValues.close();
        oldVelocity.close();
    }

    @Override
    public void close() {
        manager.close();
    }
}
