package dev.romestream.evaluator.plan;

import dev.romestream.schemas.Evaluation;
import dev.romestream.schemas.PlannedEvaluation;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The evaluations of one experiment that a planner has written, by their keys. */
interface Plans {
    Optional<PlannedEvaluation> find(String key);

    void put(String key, PlannedEvaluation evaluation);

    void remove(String key);

    /** All of them, as they are now. */
    Map<String, PlannedEvaluation> all();

    /** Of an evaluation of which nothing has been scored. */
    static PlannedEvaluation.Builder begun(Evaluation evaluation) {
        return PlannedEvaluation.newBuilder()
                .setPlan(evaluation.getPlan())
                .setRun(evaluation.getRun())
                .setActive(evaluation.getActive())
                .setOutcomes(new ArrayList<>(List.of(0L, 0L)))
                .setComplete(new ArrayList<>(List.of(false, false)))
                .setWindow(
                        evaluation.getWindow() == null
                                ? null
                                : evaluation.getWindow().getNumber())
                .setTotal(EvaluationPlan.outcomes(evaluation));
    }
}
