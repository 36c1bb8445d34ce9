package dev.romestream.robustness.attack;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.romestream.robustness.network.Classifier;
import dev.romestream.robustness.tensor.Autograd;
import java.util.Arrays;

/**
 * A network as iterative attacks ask it: images as rows of Java's numbers, so that the attack's own arithmetic is plain loops
 * and images that are done can be left out of a call. Counts what is asked.
 */
final class Oracle {
    /** Images of one forward pass: larger arrays are no faster, and cost memory that is mapped anew each time. */
    private static final int MOST_AT_ONCE = 64;

    private final Classifier model;
    private final NDManager manager;
    private final Shape image;
    private long forwardEvaluations;
    private long gradientEvaluations;
    private long zeroGradients;
    private boolean zeroGradientsNoted;

    /** The answer to a call of {@link #gradients}: rows as asked. */
    record Gradients(float[][] logits, float[] losses, float[][] gradients) {}

    /** The answer to a call of {@link #jacobians}: by row, then class. */
    record Jacobians(float[][] logits, float[][][] gradients) {}

    /** @param image {@code (C, H, W)} */
    Oracle(Classifier model, NDManager manager, Shape image) {
        this.model = model;
        this.manager = manager;
        this.image = image;
    }

    int classes() {
        return model.classes();
    }

    /** Channels, height and width. */
    Shape image() {
        return image;
    }

    long forwardEvaluations() {
        return forwardEvaluations;
    }

    long gradientEvaluations() {
        return gradientEvaluations;
    }

    long zeroGradients() {
        return zeroGradients;
    }

    /** Notes images whose gradient vanishes where an attack starts; further starts on the same images count no more. */
    void noteZeroGradients(float[][] gradients) {
        if (zeroGradientsNoted) {
            return;
        }
        zeroGradientsNoted = true;
        for (float[] gradient : gradients) {
            zeroGradients += Rows.norm(gradient) == 0 ? 1 : 0;
        }
    }

    float[][] logits(float[][] images) {
        forwardEvaluations += images.length;
        float[][] logits = new float[images.length][];
        for (int from = 0; from < images.length; from += MOST_AT_ONCE) {
            float[][] some = Arrays.copyOfRange(images, from, Math.min(images.length, from + MOST_AT_ONCE));
            try (NDManager scope = manager.newSubManager()) {
                float[][] answers = Rows.of(model.logits(array(scope, some)));
                System.arraycopy(answers, 0, logits, from, answers.length);
            }
        }
        return logits;
    }

    /** Losses and their gradients at the images. */
    Gradients gradients(float[][] images, Loss loss, int[] labels, int[] targets) {
        forwardEvaluations += images.length;
        gradientEvaluations += images.length;
        try (NDManager scope = manager.newSubManager()) {
            NDArray[] kept = new NDArray[2];
            NDArray gradient = Autograd.gradient(array(scope, images), x -> {
                kept[0] = model.logits(x);
                kept[1] = loss.perImage(kept[0], labels, targets);
                return kept[1].sum();
            });
            return new Gradients(Rows.of(kept[0]), kept[1].toFloatArray(), Rows.of(gradient));
        }
    }

    /** The gradient of every logit at the images. */
    Jacobians jacobians(float[][] images) {
        forwardEvaluations += images.length;
        gradientEvaluations += (long) images.length * classes();
        try (NDManager scope = manager.newSubManager()) {
            Autograd.Jacobian jacobian = Autograd.jacobian(array(scope, images), model::logits);
            float[][][] gradients = new float[images.length][classes()][];
            for (int output = 0; output < classes(); output++) {
                float[][] ofClass = Rows.of(jacobian.gradients().get(output));
                for (int row = 0; row < ofClass.length; row++) {
                    gradients[row][output] = ofClass[row];
                }
            }
            return new Jacobians(Rows.of(jacobian.value()), gradients);
        }
    }

    private NDArray array(NDManager scope, float[][] images) {
        int size = Math.toIntExact(image.size());
        float[] values = new float[images.length * size];
        for (int i = 0; i < images.length; i++) {
            System.arraycopy(images[i], 0, values, i * size, size);
        }
        return scope.create(values, new Shape(images.length).addAll(image));
    }

    /** The rows as one array, in the manager of the attacked images. */
    NDArray join(float[][] images) {
        return array(manager, images);
    }
}
