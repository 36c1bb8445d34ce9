package dev.romestream.evaluator;

import dev.romestream.schemas.EvaluationContext;
import dev.romestream.schemas.Experiment;
import java.util.List;

/** What every attack request of an evaluation says of it. */
final class EvaluationContexts {
    private EvaluationContexts() {}

    /** Without what the {@link AttackPlanner} adds for a victim and a suite. */
    static EvaluationContext of(Experiment experiment, String method, int snapshot, int iteration, boolean isFinal) {
        return EvaluationContext.newBuilder()
                .setExperiment(experiment.getId())
                .setMethod(method)
                .setSnapshot(snapshot)
                .setIteration(iteration)
                .setFinal$(isFinal)
                .setVictim("")
                .setSuite("")
                .setDataset("")
                .setFingerprint("")
                .setClasses(0)
                .setImages(0)
                .setPlan(List.of())
                .setCell(0)
                .build();
    }
}
