package dev.romestream.evaluator.plan;

import dev.romestream.schemas.PlannedEvaluation;
import java.util.Map;
import java.util.Optional;

/** The evaluations of one experiment that a planner has written, by their keys. */
interface Plans {
    Optional<PlannedEvaluation> find(String key);

    void put(String key, PlannedEvaluation evaluation);

    void remove(String key);

    /** All of them, as they are now. */
    Map<String, PlannedEvaluation> all();
}
