package dev.romestream.evaluator.score;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import dev.romestream.evaluator.plan.EvaluationPlan;
import dev.romestream.exchange.codec.AttackCodec;
import dev.romestream.exchange.codec.InvalidRecordException;
import dev.romestream.exchange.codec.TensorCodec;
import dev.romestream.exchange.store.NetworkCache;
import dev.romestream.robustness.attack.AttackSettings;
import dev.romestream.robustness.attack.Attacks;
import dev.romestream.robustness.attack.Norm;
import dev.romestream.robustness.network.Classifier;
import dev.romestream.robustness.network.LabelledImages;
import dev.romestream.robustness.network.ThreatModel;
import dev.romestream.robustness.tensor.Tensors;
import dev.romestream.schemas.Evaluation;
import dev.romestream.schemas.PerturbedBatch;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Checks perturbed images against the clean ones, and classifies them anew. An image may move by epsilon from the clamped clean
 * image; in normalised space the clean image itself lies outside of [0,1], and the clamp is the protocol's doing. An attack
 * that finds nothing may leave an image as it was.
 */
final class BatchScorer {
    /** Rounding of float32 arithmetic on values of order one. */
    private static final double SLACK = 1e-5;
    /** Between two forward passes of the same images. */
    private static final double ROUNDING = 1e-4;

    private final NDManager manager;

    BatchScorer(NDManager manager) {
        this.manager = manager;
    }

    /**
     * How a network sees a batch.
     *
     * @param correct for each image, whether it is classified correctly
     * @param predicted for each image, the class that it is taken for
     * @param differing images that a second forward pass saw differently; only looked for without an attack
     */
    record Scores(boolean[] correct, int[] predicted, int differing) {}

    /**
     * How the victim sees a batch.
     *
     * @param slot the place in the plan of the request that the batch answers
     * @throws InvalidRecordException where the batch contradicts its request, its bounds or its range
     */
    Scores score(
            Evaluation evaluation,
            EvaluationPlan.Slot slot,
            PerturbedBatch batch,
            LabelledImages images,
            NetworkCache.Loaded victim) {
        AttackSettings attack = check(evaluation, slot, batch, images);
        int[] ids = AttackCodec.ints(batch.getImageIds());
        try (NDManager scope = manager.newSubManager()) {
            NDArray perturbed = TensorCodec.decode(scope, "images", batch.getImages());
            if (!perturbed.getShape().equals(images.shape().batch(ids.length))) {
                throw invalid(
                        batch,
                        "images have the shape " + perturbed.getShape() + "; needed is "
                                + images.shape().batch(ids.length));
            }
            ThreatModel threat = new ThreatModel(attack.space(), victim.normalization());
            checkBounds(batch, attack, threat.fromPixels(images.pixels(scope, ids)), perturbed);
            Classifier view = threat.view(victim.network());
            NDArray logits = view.logits(perturbed);
            int[] predicted = Tensors.argMax(logits);
            int differing = attack.name().equals(Attacks.NONE) ? differing(logits, view.logits(perturbed)) : 0;
            int[] labels = images.labels(ids);
            boolean[] correct = new boolean[ids.length];
            for (int i = 0; i < ids.length; i++) {
                correct[i] = predicted[i] == labels[i]; // of an image without a label, the tally tells
            }
            return new Scores(correct, predicted, differing);
        }
    }

    /** Rows of logits that are not the same but for rounding. */
    private static int differing(NDArray once, NDArray again) {
        int[] columns = {1};
        float[] distances = once.sub(again).abs().max(columns).toFloatArray();
        float[] sizes = once.abs().max(columns).toFloatArray();
        int count = 0;
        for (int row = 0; row < distances.length; row++) {
            count += distances[row] > ROUNDING * Math.max(1, sizes[row]) ? 1 : 0;
        }
        return count;
    }

    private static AttackSettings check(
            Evaluation evaluation, EvaluationPlan.Slot slot, PerturbedBatch batch, LabelledImages images) {
        if (!evaluation.getAttacks().get(slot.attack()).getAttack().equals(batch.getAttack())) {
            throw invalid(batch, "the attack is not the one that the plan has at position " + slot.attack());
        }
        List<Integer> planned = AttackCodec.boxed(EvaluationPlan.images(evaluation, slot));
        if (batch.getImageIds().isEmpty() || !planned.containsAll(batch.getImageIds())) {
            throw invalid(batch, "the image ids are " + batch.getImageIds() + "; the plan has other ones");
        }
        int last = IntStream.of(AttackCodec.ints(batch.getImageIds())).max().orElse(-1);
        if (last >= images.size()) {
            throw invalid(batch, "it has the image " + last + "; the data set has " + images.size());
        }
        return AttackCodec.decode(batch.getAttack());
    }

    private static void checkBounds(PerturbedBatch batch, AttackSettings attack, NDArray clean, NDArray perturbed) {
        if (attack.name().equals(Attacks.NONE)) {
            if (!Arrays.equals(clean.toFloatArray(), perturbed.toFloatArray())) {
                throw invalid(batch, "the images differ from the clean ones without an attack");
            }
            return;
        }
        NDArray rows = perturbed.reshape(perturbed.getShape().get(0), -1);
        float[] low = rows.min(new int[] {1}).toFloatArray();
        float[] high = rows.max(new int[] {1}).toFloatArray();
        float[] changed = rows.neq(clean.reshape(rows.getShape()))
                .toType(DataType.FLOAT32, false)
                .sum(new int[] {1})
                .toFloatArray();
        Optional<Norm> norm = Attacks.norm(attack);
        float[] distances = norm.map(bound -> bound.length(perturbed.sub(clean.clip(0, 1))))
                .map(NDArray::toFloatArray)
                .orElse(new float[low.length]);
        double farthest = norm.isEmpty() ? 0 : attack.epsilon() + SLACK * Math.max(1, attack.epsilon());
        for (int i = 0; i < low.length; i++) {
            if (changed[i] > 0 && (low[i] < 0 || high[i] > 1)) {
                throw invalid(batch, "an image ranges from " + low[i] + " to " + high[i] + "; allowed is 0 to 1");
            }
            if (changed[i] > 0 && distances[i] > farthest) {
                throw invalid(
                        batch,
                        "an image is " + distances[i] + " away from the clean one; epsilon is " + attack.epsilon());
            }
        }
    }

    private static InvalidRecordException invalid(PerturbedBatch batch, String what) {
        return new InvalidRecordException("PerturbedBatch " + batch.getRequestId() + ": " + what + ".");
    }
}
