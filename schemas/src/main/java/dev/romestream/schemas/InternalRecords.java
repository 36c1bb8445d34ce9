package dev.romestream.schemas;

import java.util.List;
import org.apache.avro.Schema;

/** What the planners keep in their changelogs, and hand on between their parts. */
public final class InternalRecords {
    /** Every schema. */
    public static final List<Schema> SCHEMAS = List.of(
            PlannerEvent.SCHEMA$,
            DistillationState.SCHEMA$,
            EvaluationState.SCHEMA$,
            DatasetDescriptor.SCHEMA$,
            Experiment.SCHEMA$,
            AlertSeries.SCHEMA$,
            PlannedEvaluation.SCHEMA$,
            Evaluation.SCHEMA$,
            TallyEvent.SCHEMA$,
            Tally.SCHEMA$);

    private InternalRecords() {}
}
