package dev.romestream.schemas;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.apache.avro.Schema;

/** The topic catalogue: every topic of the system, its value and how it is kept. Names carry a configurable prefix. */
public enum Topic {
    EXPERIMENTS("experiments", Experiment.SCHEMA$, Kept.COMPACTED, Spread.ONE),
    EXPERIMENT_STATUS("experiment-status", ExperimentStatus.SCHEMA$, Kept.COMPACTED, Spread.ONE),
    DATASETS("datasets", DatasetDescriptor.SCHEMA$, Kept.COMPACTED, Spread.ONE),
    IMAGE_BATCHES("image-batches", ImageBatch.SCHEMA$, Kept.COMPACTED, Spread.MANY),
    WINDOW_LABELS("window-labels", WindowLabels.SCHEMA$, Kept.COMPACTED, Spread.ONE),
    DISTILLATION_REQUESTS("distillation-requests", DistillationRequest.SCHEMA$, Kept.FOR_A_TIME, Spread.ONE),
    DISTILLATION_ANSWERS("distillation-answers", WorkAnswer.SCHEMA$, Kept.FOR_A_TIME, Spread.ONE),
    POOL_REQUESTS("pool-requests", PoolRequest.SCHEMA$, Kept.FOR_A_TIME, Spread.MANY),
    NETWORKS("networks", Network.SCHEMA$, Kept.COMPACTED, Spread.MANY),
    CHUNKS("chunks", null, Kept.COMPACTED, Spread.MANY),
    PRIOR_REQUESTS("prior-requests", AttackRequest.SCHEMA$, Kept.FOR_A_TIME, Spread.WORK),
    PRIOR_ANSWERS("prior-answers", PriorAnswer.SCHEMA$, Kept.FOR_HOURS, Spread.MANY),
    VICTIM_REQUESTS("victim-requests", VictimRequest.SCHEMA$, Kept.FOR_A_TIME, Spread.WORK),
    VICTIM_ANSWERS("victim-answers", WorkAnswer.SCHEMA$, Kept.FOR_A_TIME, Spread.ONE),
    EVALUATIONS("evaluations", Evaluation.SCHEMA$, Kept.COMPACTED, Spread.ONE),
    ATTACK_REQUESTS("attack-requests", AttackRequest.SCHEMA$, Kept.FOR_A_TIME, Spread.WORK),
    ATTACK_PROGRESS("attack-progress", AttackProgress.SCHEMA$, Kept.FOR_HOURS, Spread.MANY),
    PERTURBED_BATCHES("perturbed-batches", PerturbedBatch.SCHEMA$, Kept.FOR_A_TIME_BY_BYTES, Spread.MANY),
    SYNTHETIC_SNAPSHOTS("synthetic-snapshots", SyntheticSnapshot.SCHEMA$, Kept.COMPACTED, Spread.ONE),
    CHECKPOINTS("checkpoints", Checkpoint.SCHEMA$, Kept.COMPACTED, Spread.ONE),
    ROBUSTNESS_METRICS("robustness-metrics", RobustnessMetrics.SCHEMA$, Kept.FOR_A_TIME, Spread.ONE),
    ROBUSTNESS_LATEST("robustness-latest", RobustnessMetrics.SCHEMA$, Kept.COMPACTED, Spread.ONE),
    ROBUSTNESS_FLAT("robustness-flat", FlatFigure.SCHEMA$, Kept.COMPACTED, Spread.ONE),
    ALERTS("alerts", Alert.SCHEMA$, Kept.COMPACTED, Spread.ONE),
    ACTIONS("actions", AlertAction.SCHEMA$, Kept.COMPACTED, Spread.ONE),
    DEAD_LETTERS("dead-letters", null, Kept.FOR_A_TIME, Spread.ONE),
    LOST_DELIVERIES("lost-deliveries", null, Kept.FOR_A_TIME, Spread.ONE);

    /** Largest record of any topic, in bytes. */
    public static final int MAX_RECORD_BYTES = 8 * 1024 * 1024;

    private static final int RECORD_OVERHEAD_BYTES = 64 * 1024;
    private static final String WEEK_MS = "604800000";
    private static final String HOUR_MS = "3600000";
    private static final String QUARTER_MS = "900000";
    private static final String PARTITION_BYTES = "1073741824";
    private static final String SEGMENT_BYTES = "134217728";

    /** How long records stay. */
    public enum Kept {
        COMPACTED,
        FOR_A_TIME,
        /** At most so long, and of each partition at most so much: a stream of images never ends. */
        FOR_A_TIME_BY_BYTES,
        FOR_HOURS
    }

    /** Over how many partitions a topic is spread. */
    public enum Spread {
        ONE,
        MANY,
        /**
         * One for share groups, whose members then all take from it, so that a request waits for no busy one; many for consumer
         * groups, where a partition has one worker. Not for requests that several experiments make alike: those of one key share a
         * partition, whose worker finds the second one done.
         */
        WORK
    }

    private final String baseName;
    private final Schema schema;
    private final Kept kept;
    private final Spread spread;

    Topic(String baseName, Schema schema, Kept kept, Spread spread) {
        this.baseName = baseName;
        this.schema = schema;
        this.kept = kept;
        this.spread = spread;
    }

    /** The name without the prefix. */
    public String baseName() {
        return baseName;
    }

    /** Whether values are raw bytes rather than Avro. */
    public boolean isRaw() {
        return schema == null;
    }

    /**
     * The value's schema.
     *
     * @throws IllegalStateException where values are raw bytes
     */
    public Schema schema() {
        if (schema == null) {
            throw new IllegalStateException("The topic " + baseName + " holds raw bytes, not Avro records.");
        }
        return schema;
    }

    public Kept kept() {
        return kept;
    }

    /** How long a record stays; empty where it stays until it is replaced. */
    public Optional<Duration> retention() {
        return Optional.ofNullable(settings().get("retention.ms"))
                .map(Long::valueOf)
                .map(Duration::ofMillis);
    }

    public Spread spread() {
        return spread;
    }

    /** Topic-level settings. */
    public Map<String, String> settings() {
        // a dead letter is as large as the record that it was, and its headers
        int most = MAX_RECORD_BYTES + (isRaw() ? 2 : 1) * RECORD_OVERHEAD_BYTES;
        String maxBytes = Integer.toString(most);
        return switch (kept) {
            case COMPACTED ->
                Map.of(
                        "cleanup.policy",
                        "compact",
                        "max.message.bytes",
                        maxBytes,
                        "segment.bytes",
                        SEGMENT_BYTES,
                        "segment.ms",
                        HOUR_MS,
                        "min.cleanable.dirty.ratio",
                        "0.2");
            case FOR_HOURS ->
                Map.of(
                        "cleanup.policy",
                        "delete",
                        "retention.ms",
                        HOUR_MS,
                        "segment.ms",
                        QUARTER_MS,
                        "max.message.bytes",
                        maxBytes);
            case FOR_A_TIME ->
                Map.of("cleanup.policy", "delete", "retention.ms", WEEK_MS, "max.message.bytes", maxBytes);
            case FOR_A_TIME_BY_BYTES ->
                Map.of(
                        "cleanup.policy",
                        "delete",
                        "retention.ms",
                        WEEK_MS,
                        "retention.bytes",
                        PARTITION_BYTES,
                        "segment.bytes",
                        SEGMENT_BYTES,
                        "max.message.bytes",
                        maxBytes);
        };
    }
}
