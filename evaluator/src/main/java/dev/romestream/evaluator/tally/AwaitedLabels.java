package dev.romestream.evaluator.tally;

import dev.romestream.evaluator.plan.EvaluationPlan;
import dev.romestream.schemas.Evaluation;
import dev.romestream.schemas.Tally;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;

/** Evaluations without labels that are over: where every attack has seen all images, or has failed, labels may come. */
final class AwaitedLabels {
    private final BiFunction<String, String, List<Integer>> labels;
    private final Map<String, Awaiting> byEvaluation = new HashMap<>();

    /** @param told the labels that were, as they were given */
    private record Awaiting(String dataset, String fingerprint, List<Integer> told) {}

    /** @param labels that have come of a data set's images, by its id and fingerprint; empty where none have */
    AwaitedLabels(BiFunction<String, String, List<Integer>> labels) {
        this.labels = labels;
    }

    void add(Evaluation evaluation, Tally tally) {
        if (EvaluationPlan.isPredicted(evaluation) && Tallies.isOver(evaluation, tally)) {
            byEvaluation.putIfAbsent(
                    evaluation.getKey(), new Awaiting(evaluation.getDataset(), evaluation.getFingerprint(), List.of()));
        }
    }

    void remove(String evaluation) {
        byEvaluation.remove(evaluation);
    }

    /** By evaluation, labels that are others than those that were given before. */
    Map<String, List<Integer>> news() {
        Map<String, List<Integer>> news = new HashMap<>();
        byEvaluation.replaceAll((key, known) -> {
            List<Integer> now = labels.apply(known.dataset(), known.fingerprint());
            if (now.isEmpty() || now == known.told()) {
                return known;
            }
            news.put(key, now);
            return new Awaiting(known.dataset(), known.fingerprint(), now);
        });
        return news;
    }
}
