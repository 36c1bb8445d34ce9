package dev.romestream.evaluator;

import dev.romestream.robustness.attack.Attacks;
import dev.romestream.robustness.metric.Interval;
import dev.romestream.robustness.metric.RatioInterval;
import dev.romestream.robustness.metric.RobustnessRatios;
import dev.romestream.schemas.Accuracy;
import dev.romestream.schemas.AttackAccuracy;
import dev.romestream.schemas.AttackNorm;
import dev.romestream.schemas.Evaluation;
import dev.romestream.schemas.Mode;
import dev.romestream.schemas.RobustnessMetrics;
import dev.romestream.schemas.Tally;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** The figures of one mode, from a tally. */
final class MetricsCalculation {
    /** Prefix of the reason of a figure that an attack's failure keeps from becoming complete. */
    static final String FAILED_PREFIX = "attack.";

    private final Evaluation evaluation;
    private final Mode mode;
    private final List<EvaluationCell> all = new ArrayList<>();
    private final List<EvaluationCell> cells;

    private MetricsCalculation(Tally tally, Mode mode) {
        this.evaluation = tally.getEvaluation();
        this.mode = mode;
        for (int i = 0; i < evaluation.getAttacks().size(); i++) {
            all.add(EvaluationCell.of(
                    evaluation.getAttacks().get(i), tally.getCells().get(i)));
        }
        this.cells = all.stream().filter(cell -> cell.isOf(mode)).toList();
    }

    static RobustnessMetrics of(Tally tally, Mode mode) {
        return new MetricsCalculation(tally, mode).metrics();
    }

    private RobustnessMetrics metrics() {
        EvaluationCell clean = cell(Attacks.NONE);
        List<EvaluationCell> attacks =
                cells.stream().filter(cell -> !cell.isControl()).toList();
        List<EvaluationCell> rated =
                attacks.stream().filter(EvaluationCell::isRated).toList();
        RobustnessRatios ratios = ratios(clean, rated);
        Map<String, String> undefined = new TreeMap<>(ratios.undefined());
        for (EvaluationCell cell : cells) {
            if (cell.tally().getFailure() != null) {
                undefined.put(FAILED_PREFIX + cell.attack().name(), cell.tally().getFailure());
            }
        }
        Optional<Interval> irrInterval = ratios.irr().isEmpty()
                ? Optional.empty()
                : RatioInterval.irr(
                        common(),
                        clean.correct(),
                        rated.stream().map(EvaluationCell::correct).toList());
        if (ratios.irr().isPresent() && irrInterval.isEmpty()) {
            undefined.put("irrInterval", "too few images have been seen by every attack");
        }
        return RobustnessMetrics.newBuilder()
                .setExperiment(evaluation.getExperiment())
                .setMethod(evaluation.getMethod())
                .setSnapshot(evaluation.getSnapshot())
                .setIteration(evaluation.getIteration())
                .setFinal$(evaluation.getFinal$())
                .setVictim(evaluation.getVictim())
                .setSuite(evaluation.getSuite())
                .setMode(mode)
                .setVersion(evaluation.getVersion())
                .setArchitecture(evaluation.getArchitecture())
                .setComplete(cells.stream().allMatch(this::isComplete))
                .setClean(accuracy(clean.correct(), clean.seen()))
                .setAttacks(cells.stream().map(this::accuracy).toList())
                .setWorstCase(worstCase(clean, attacks))
                .setRr(ratios.rr().orElse(null))
                .setIrr(ratios.irr().orElse(null))
                .setIrrInterval(irrInterval.map(MetricsCalculation::bounds).orElse(null))
                .setIrrPlus(ratios.irrPlus().orElse(null))
                .setAe(ratios.ae().orElse(null))
                .setCrei(ratios.crei().orElse(null))
                .setIcrei(ratios.icrei().orElse(null))
                .setUndefined(undefined)
                .setFlags(new EvaluationFlags(all, mode, clean, cell(Attacks.CLAMP), evaluation.getClasses()).list())
                .build();
    }

    private EvaluationCell cell(String name) {
        return cells.stream()
                .filter(cell -> cell.attack().name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalStateException(
                        "The plan of suite " + evaluation.getSuite() + " lacks the control " + name + "."));
    }

    private static RobustnessRatios ratios(EvaluationCell clean, List<EvaluationCell> attacks) {
        if (clean.isEmpty() || attacks.stream().anyMatch(EvaluationCell::isEmpty)) {
            return RobustnessRatios.undefined("not every attack has a result yet");
        }
        return RobustnessRatios.of(
                clean.percent(),
                attacks.stream().map(EvaluationCell::percent).toList(),
                secondsPerImage(clean),
                attacks.stream().map(MetricsCalculation::secondsPerImage).toList());
    }

    /** While attacks have seen unequal numbers of images, only times per image compare. */
    private static double secondsPerImage(EvaluationCell cell) {
        return cell.tally().getSeconds() / cell.seen().cardinality();
    }

    /** Images that every attack and the clean evaluation have seen. */
    private BitSet common() {
        BitSet common = (BitSet) cells.get(0).seen().clone();
        cells.forEach(cell -> common.and(cell.seen()));
        return common;
    }

    private Accuracy worstCase(EvaluationCell clean, List<EvaluationCell> attacks) {
        BitSet seen = common();
        BitSet robust = (BitSet) seen.clone();
        robust.and(clean.correct());
        attacks.forEach(cell -> robust.and(cell.correct()));
        return accuracy(robust, seen);
    }

    private static Accuracy accuracy(BitSet correct, BitSet seen) {
        int count = seen.cardinality();
        int hits = correct.cardinality();
        return count == 0
                ? new Accuracy(0L, 0L, null, null)
                : new Accuracy((long) hits, (long) count, 100.0 * hits / count, bounds(Interval.wilson(hits, count)));
    }

    private AttackAccuracy accuracy(EvaluationCell cell) {
        Accuracy accuracy = accuracy(cell.correct(), cell.seen());
        return AttackAccuracy.newBuilder()
                .setAttack(cell.attack().name())
                .setEpsilon(cell.attack().epsilon())
                .setSteps(cell.attack().steps())
                .setNorm(Attacks.norm(cell.attack())
                        .map(norm -> AttackNorm.valueOf(norm.name()))
                        .orElse(null))
                .setSource(cell.planned().getSource())
                .setControl(cell.isControl())
                .setRated(cell.isRated())
                .setCorrect(accuracy.getCorrect())
                .setCount(accuracy.getCount())
                .setAccuracy(accuracy.getAccuracy())
                .setInterval(accuracy.getInterval())
                .setSeconds(cell.tally().getSeconds())
                .setGradientEvaluations(cell.tally().getGradientEvaluations())
                .setForwardEvaluations(cell.tally().getForwardEvaluations())
                .setPerImage(isComplete(cell) ? perImage(cell) : "")
                .build();
    }

    private boolean isComplete(EvaluationCell cell) {
        return cell.seen().cardinality() == evaluation.getImages();
    }

    private String perImage(EvaluationCell cell) {
        StringBuilder outcomes = new StringBuilder();
        for (int image = 0; image < evaluation.getImages(); image++) {
            outcomes.append(cell.correct().get(image) ? '1' : '0');
        }
        return outcomes.toString();
    }

    private static List<Double> bounds(Interval interval) {
        return List.of(interval.low(), interval.high());
    }
}
