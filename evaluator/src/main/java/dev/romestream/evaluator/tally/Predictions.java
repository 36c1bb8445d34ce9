package dev.romestream.evaluator.tally;

import dev.romestream.evaluator.plan.EvaluationPlan;
import dev.romestream.robustness.network.LabelledImages;
import dev.romestream.schemas.AskedRequest;
import dev.romestream.schemas.BatchOutcome;
import dev.romestream.schemas.Evaluation;
import dev.romestream.schemas.Tally;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** What a network takes images without labels for, when it first sees them: from that class attacks move away. */
final class Predictions {
    private Predictions() {}

    /** Those of a tally, with what the victim takes images for that it has not seen before. */
    static List<Integer> with(Evaluation evaluation, Tally tally, AskedRequest request, BatchOutcome outcome) {
        if (!EvaluationPlan.isPredicted(evaluation) || !EvaluationPlan.isClean(evaluation, request.getAttack())) {
            return tally.getPredicted();
        }
        List<Integer> predicted = new ArrayList<>(tally.getPredicted());
        for (int i = 0; i < outcome.getImageIds().size(); i++) {
            int id = outcome.getImageIds().get(i);
            while (predicted.size() <= id) {
                predicted.add(LabelledImages.UNLABELLED);
            }
            if (predicted.get(id) == LabelledImages.UNLABELLED) {
                predicted.set(id, outcome.getPredicted().get(i));
            }
        }
        return predicted;
    }

    static int of(List<Integer> predicted, int id) {
        return id < predicted.size() ? predicted.get(id) : LabelledImages.UNLABELLED;
    }

    /** What the victim takes the images of a place for, where its attack needs to know; else empty. */
    static List<Integer> labels(Evaluation evaluation, Tally tally, EvaluationPlan.Slot slot) {
        return EvaluationPlan.needsLabels(evaluation, slot)
                ? IntStream.of(EvaluationPlan.images(evaluation, slot))
                        .mapToObj(id -> of(tally.getPredicted(), id))
                        .toList()
                : List.of();
    }

    /** Whether the attack of a place can begin. */
    static boolean suffice(Evaluation evaluation, Tally tally, EvaluationPlan.Slot slot) {
        return !EvaluationPlan.needsLabels(evaluation, slot)
                || IntStream.of(EvaluationPlan.images(evaluation, slot))
                        .allMatch(id -> of(tally.getPredicted(), id) != LabelledImages.UNLABELLED);
    }
}
