package dev.romestream.evaluator.publish;

import dev.romestream.robustness.metric.MetricNames;
import dev.romestream.schemas.Accuracy;
import dev.romestream.schemas.AttackAccuracy;
import dev.romestream.schemas.FlatFigure;
import dev.romestream.schemas.RobustnessMetrics;
import dev.romestream.schemas.Stability;
import dev.romestream.schemas.Window;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Metrics as rows, one a figure. */
final class FlatMetrics {
    private final RobustnessMetrics metrics;
    private final Map<String, FlatFigure> rows = new LinkedHashMap<>();

    private FlatMetrics(RobustnessMetrics metrics) {
        this.metrics = metrics;
    }

    /** The rows by their figures' names. */
    static Map<String, FlatFigure> of(RobustnessMetrics metrics) {
        FlatMetrics flat = new FlatMetrics(metrics);
        flat.count(MetricNames.CLEAN, metrics.getClean());
        flat.count(MetricNames.WORST_CASE, metrics.getWorstCase());
        flat.ratio(MetricNames.RR, metrics.getRr(), metrics.getRrInterval());
        flat.ratio(MetricNames.IRR, metrics.getIrr(), metrics.getIrrInterval());
        flat.ratio("irrPlus", metrics.getIrrPlus(), null);
        flat.ratio("ae", metrics.getAe(), null);
        flat.ratio("crei", metrics.getCrei(), null);
        flat.ratio("icrei", metrics.getIcrei(), null);
        if (metrics.getStability() != null) {
            stability(flat.row(MetricNames.STABILITY, null, null), metrics.getStability());
        }
        List<String> names = rows(
                metrics.getAttacks().stream().map(AttackAccuracy::getAttack).toList());
        for (int i = 0; i < names.size(); i++) {
            flat.attack(names.get(i), metrics.getAttacks().get(i));
        }
        return flat.rows;
    }

    /** Names by which attacks of these names can be told apart: the second of a name ends in _2. */
    static List<String> rows(List<String> attacks) {
        Map<String, Integer> times = new HashMap<>();
        return attacks.stream()
                .map(attack -> {
                    int time = times.merge(attack, 1, Integer::sum);
                    return time == 1 ? attack : attack + "_" + time;
                })
                .toList();
    }

    private void count(String figure, Accuracy accuracy) {
        FlatFigure row = row(figure, accuracy.getAccuracy(), accuracy.getInterval());
        row.setCorrect(accuracy.getCorrect());
        row.setCount(accuracy.getCount());
        row.setUndefined(
                accuracy.getCount() == 0 && metrics.getStability() != null
                        ? "labels are predicted, and none have come"
                        : unseen(accuracy.getCount()));
    }

    private static void stability(FlatFigure row, Stability stability) {
        row.setValue(stability.getPercent());
        row.setLow(
                stability.getInterval() == null ? null : stability.getInterval().get(0));
        row.setHigh(
                stability.getInterval() == null ? null : stability.getInterval().get(1));
        row.setCorrect(null);
        row.setCount(stability.getCount());
        row.setUndefined(unseen(stability.getCount()));
    }

    private static String unseen(long count) {
        return count == 0 ? "no image has been seen yet" : null;
    }

    private void ratio(String figure, Double value, List<Double> interval) {
        row(figure, value, interval)
                .setUndefined(value == null ? metrics.getUndefined().get(figure) : null);
    }

    private void attack(String figure, AttackAccuracy attack) {
        FlatFigure row = row(figure, attack.getAccuracy(), attack.getInterval());
        row.setEpsilon(attack.getEpsilon());
        row.setNorm(attack.getNorm() == null ? null : attack.getNorm().name().toLowerCase(Locale.ROOT));
        row.setSteps(attack.getSteps());
        row.setSource(
                attack.getSource() == null
                        ? null
                        : attack.getSource().getNetwork() + "/"
                                + attack.getSource().getVersion());
        row.setControl(attack.getControl());
        row.setRated(attack.getRated());
        row.setCorrect(attack.getCorrect());
        row.setCount(attack.getCount());
        row.setPrecision(attack.getPrecision().name().toLowerCase(Locale.ROOT));
        if (attack.getStability() != null) {
            stability(row, attack.getStability());
        }
        row.setUndefined(attack.getFailure() == null ? unseen(row.getCount()) : attack.getFailure());
    }

    private FlatFigure row(String figure, Double value, List<Double> interval) {
        FlatFigure row = new FlatFigure();
        row.setExperiment(metrics.getExperiment());
        row.setMethod(metrics.getMethod());
        row.setSnapshot(metrics.getSnapshot());
        row.setIteration(metrics.getIteration());
        row.setFinal$(metrics.getFinal$());
        row.setVictim(metrics.getVictim());
        row.setVersion(metrics.getVersion());
        row.setSuite(metrics.getSuite());
        row.setMode(metrics.getMode().name().toLowerCase(Locale.ROOT));
        row.setFigure(figure);
        row.setValue(value);
        row.setLow(interval == null ? null : interval.get(0));
        row.setHigh(interval == null ? null : interval.get(1));
        row.setComplete(metrics.getComplete());
        row.setFlags(String.join(",", metrics.getFlags()));
        row.setDataset(metrics.getDataset());
        row.setFingerprint(metrics.getFingerprint());
        row.setImagesDigest(metrics.getImagesDigest());
        row.setDigest(metrics.getDigest());
        row.setPlan(metrics.getPlan());
        row.setPrecision("float32");
        Optional<Window> window = Optional.ofNullable(metrics.getWindow());
        row.setLabels(metrics.getLabels().name().toLowerCase(Locale.ROOT));
        row.setWindow(window.map(Window::getNumber).orElse(null));
        row.setWindowFirst(window.map(Window::getFirstTime).orElse(null));
        row.setWindowLast(window.map(Window::getLastTime).orElse(null));
        rows.put(figure, row);
        return row;
    }
}
