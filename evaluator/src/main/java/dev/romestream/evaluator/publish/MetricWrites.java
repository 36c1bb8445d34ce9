package dev.romestream.evaluator.publish;

import dev.romestream.messaging.streams.Write;
import dev.romestream.robustness.attack.Attacks;
import dev.romestream.schemas.Evaluation;
import dev.romestream.schemas.Mode;
import dev.romestream.schemas.RobustnessMetrics;
import dev.romestream.schemas.Tally;
import dev.romestream.schemas.Topic;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** The figures of an evaluation on their topics: running, latest, and a row each. */
public final class MetricWrites {
    private MetricWrites() {}

    /** Those of these modes, where the evaluation has them. */
    public static List<Write> of(Evaluation evaluation, Tally tally, List<Mode> modes) {
        List<Write> writes = new ArrayList<>();
        for (Mode mode : modes) {
            if (hasMode(evaluation, mode)) {
                RobustnessMetrics metrics = MetricsCalculation.of(evaluation, tally, mode);
                String key = key(evaluation, mode);
                writes.add(new Write(Topic.ROBUSTNESS_METRICS, evaluation.getExperiment(), metrics));
                writes.add(new Write(Topic.ROBUSTNESS_LATEST, key, metrics));
                FlatMetrics.of(metrics)
                        .forEach(
                                (figure, row) -> writes.add(new Write(Topic.ROBUSTNESS_FLAT, key + "/" + figure, row)));
            }
        }
        return writes;
    }

    /** Tombstones for what stands of some figures and is not replaced by others. */
    public static List<Write> tombstones(List<Write> gone, List<Write> stays) {
        Map<String, Topic> keys = keys(gone);
        keys.keySet().removeAll(keys(stays).keySet());
        return keys.entrySet().stream()
                .map(key -> new Write(key.getValue(), key.getKey(), null))
                .toList();
    }

    private static Map<String, Topic> keys(List<Write> figures) {
        Map<String, Topic> keys = new TreeMap<>();
        figures.stream()
                .filter(write -> write.topic().kept() == Topic.Kept.COMPACTED)
                .forEach(write -> keys.put(write.key(), write.topic()));
        return keys;
    }

    private static boolean hasMode(Evaluation evaluation, Mode mode) {
        return evaluation.getAttacks().stream()
                .anyMatch(attack -> attack.getModes().contains(mode)
                        && attack.getAttack().getAttack().equals(Attacks.NONE));
    }

    /** The key of a figure: that of its evaluation, and the mode. */
    private static String key(Evaluation evaluation, Mode mode) {
        return evaluation.getKey() + "/" + mode.name().toLowerCase(Locale.ROOT);
    }
}
