package dev.romestream.robustness.attack;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.romestream.robustness.network.Classifier;
import dev.romestream.robustness.tensor.Autograd;
import java.util.BitSet;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.stream.IntStream;

/**
 * A network as iterative attacks ask it: images as rows of Java's numbers, so that the attack's own arithmetic is plain loops
 * and images that are done can be left out of a call. Counts what is asked.
 */
final class Oracle {
    /** Several times what eight bits of mantissa move. */
    private static final double CLOSE = 0.05;

    private final Classifier model;
    private final NDManager manager;
    private final Shape image;
    private long forwardEvaluations;
    private long gradientEvaluations;
    private long zeroGradients;
    private boolean zeroGradientsNoted;
    private final BitSet moved = new BitSet();

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

    /** Notes that an image's iterate left the clean one, for attacks that may give back the clean one all the same. */
    void noteMoved(int row) {
        moved.set(row);
    }

    boolean hasMoved(int row) {
        return moved.get(row);
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
        inMicroBatches(images.length, (scope, part) -> part.fill(logits, model.logits(array(scope, part.of(images)))));
        return logits;
    }

    /** Losses and their gradients at the images. */
    Gradients gradients(float[][] images, Loss loss, int[] labels, int[] targets) {
        forwardEvaluations += images.length;
        gradientEvaluations += images.length;
        var answer = new Gradients(new float[images.length][], new float[images.length], new float[images.length][]);
        inMicroBatches(images.length, (scope, part) -> {
            NDArray[] kept = new NDArray[2];
            NDArray gradient = Autograd.gradient(array(scope, part.of(images)), x -> {
                kept[0] = model.craftingLogits(x);
                kept[1] = loss.perImage(kept[0], part.of(labels), part.of(targets));
                return kept[1].sum();
            });
            part.fill(answer.logits(), kept[0]);
            System.arraycopy(kept[1].toFloatArray(), 0, answer.losses(), part.from(), part.size());
            part.fill(answer.gradients(), gradient);
        });
        decide(images, answer.logits());
        return answer;
    }

    /** Replaces logits by those of float32 where the prediction is close. */
    private void decide(float[][] images, float[][] logits) {
        if (model.isExact()) {
            return;
        }
        List<Integer> close = IntStream.range(0, images.length)
                .filter(row -> Rows.lead(logits[row]) < CLOSE)
                .boxed()
                .toList();
        float[][] exact = logits(Rows.select(images, close));
        for (int i = 0; i < exact.length; i++) {
            logits[close.get(i)] = exact[i];
        }
    }

    /** The gradient of every logit at the images. */
    Jacobians jacobians(float[][] images) {
        forwardEvaluations += images.length;
        gradientEvaluations += (long) images.length * classes();
        var answer = new Jacobians(new float[images.length][], new float[images.length][classes()][]);
        inMicroBatches(images.length, (scope, part) -> {
            Autograd.Jacobian jacobian = Autograd.jacobian(array(scope, part.of(images)), model::craftingLogits);
            part.fill(answer.logits(), jacobian.value());
            for (int output = 0; output < classes(); output++) {
                float[][] ofClass = Rows.of(jacobian.gradients().get(output));
                for (int row = 0; row < ofClass.length; row++) {
                    answer.gradients()[part.from() + row][output] = ofClass[row];
                }
            }
        });
        decide(images, answer.logits());
        return answer;
    }

    private void inMicroBatches(int count, BiConsumer<NDManager, MicroBatch> work) {
        for (MicroBatch part : MicroBatch.of(count, manager)) {
            try (NDManager scope = manager.newSubManager()) {
                work.accept(scope, part);
            }
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
