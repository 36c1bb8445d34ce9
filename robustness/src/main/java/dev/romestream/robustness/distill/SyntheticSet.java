package dev.romestream.robustness.distill;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.romestream.robustness.network.LabelledImages;
import dev.romestream.robustness.network.Normalization;
import dev.romestream.robustness.tensor.Seed;
import dev.romestream.robustness.train.StochasticGradientDescent;
import java.util.Arrays;

/** The images that are distilled, normalised, class by class, with the optimiser's velocities. Close it to free them. */
public final class SyntheticSet implements AutoCloseable {
    private final NDManager manager;
    private final boolean multiFormation;
    private final NDList images;
    private final NDList velocities;

    /**
     * A set that goes on from here.
     *
     * @param images of each class, {@code (N, C, H, W)}; taken over
     * @param velocities of the same shapes; taken over
     */
    public SyntheticSet(NDManager parent, boolean multiFormation, NDList images, NDList velocities) {
        this.manager = parent.newSubManager();
        this.multiFormation = multiFormation;
        this.images = images;
        this.velocities = velocities;
        images.attach(manager);
        velocities.attach(manager);
    }

    /**
     * A set of real images, drawn without replacement from each class.
     *
     * @throws IllegalArgumentException where a class has too few images
     */
    public static SyntheticSet ofRealImages(
            NDManager parent,
            LabelledImages real,
            Normalization normalization,
            int imagesPerClass,
            boolean multiFormation,
            Seed seed) {
        NDList images = new NDList();
        NDList velocities = new NDList();
        int needed = multiFormation ? imagesPerClass * MultiFormation.IMAGES : imagesPerClass;
        for (int label = 0; label < real.classes(); label++) {
            int[] ids = draw(real, label, needed, seed.with("initial").with(label));
            try (NDManager scope = parent.newSubManager()) {
                NDArray drawn = normalization.normalise(real.pixels(scope, ids));
                NDArray stored = multiFormation ? MultiFormation.compose(drawn) : drawn;
                stored.attach(parent);
                images.add(stored);
                velocities.add(parent.zeros(stored.getShape()));
            }
        }
        return new SyntheticSet(parent, multiFormation, images, velocities);
    }

    private static int[] draw(LabelledImages real, int label, int needed, Seed seed) {
        if (real.size(label) < needed) {
            throw new IllegalArgumentException("Class " + label + " has " + real.size(label) + " real images and "
                    + needed + " are needed to begin with; use fewer imagesPerClass.");
        }
        return Arrays.stream(seed.sample(needed, real.size(label)))
                .map(position -> real.id(label, position))
                .toArray();
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

    /** One step on a class's images. */
    void update(int label, NDArray gradient, StochasticGradientDescent optimiser) {
        NDArray oldImages = images.get(label);
        NDArray oldVelocity = velocities.get(label);
        try (NDManager scope = manager.newSubManager()) {
            NDList images1 = new NDList(oldImages);
            NDList velocities1 = new NDList(oldVelocity);
            images1.tempAttach(scope);
            velocities1.tempAttach(scope);
            StochasticGradientDescent.Step step = optimiser.step(images1, new NDList(gradient), velocities1);
            step.parameters().attach(manager);
            step.velocities().attach(manager);
            images.set(label, step.parameters().head());
            velocities.set(label, step.velocities().head());
        }
        oldImages.close();
        oldVelocity.close();
    }

    @Override
    public void close() {
        manager.close();
    }
}
