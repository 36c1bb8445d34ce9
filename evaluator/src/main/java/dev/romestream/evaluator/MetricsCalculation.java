package dev.romestream.evaluator;

import dev.romestream.robustness.attack.Attacks;
import dev.romestream.robustness.metric.Interval;
import dev.romestream.robustness.metric.RatioInterval;
import dev.romestream.robustness.metric.RobustnessRatios;
import dev.romestream.schemas.Accuracy;
import dev.romestream.schemas.AttackAccuracy;
import dev.romestream.schemas.AttackSpec;
import dev.romestream.schemas.EvaluationContext;
import dev.romestream.schemas.Mode;
import dev.romestream.schemas.PlannedAttack;
import dev.romestream.schemas.RobustnessMetrics;
import dev.romestream.schemas.Tally;
import dev.romestream.schemas.TallyCell;
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

    private final EvaluationContext context;
    private final Mode mode;
    private final List<Cell> cells = new ArrayList<>();

    private record Cell(AttackSpec attack, boolean control, BitSet seen, BitSet correct, TallyCell tally) {
        static Cell of(PlannedAttack planned, TallyCell tally) {
            AttackSpec attack = planned.getAttack();
            return new Cell(
                    attack,
                    Attacks.isControl(attack.getAttack()),
                    BitSet.valueOf(tally.getSeen().duplicate()),
                    BitSet.valueOf(tally.getCorrect().duplicate()),
                    tally);
        }

        double percent() {
            return 100.0 * correct.cardinality() / seen.cardinality();
        }

        boolean isEmpty() {
            return seen.isEmpty();
        }
    }

    private MetricsCalculation(Tally tally, Mode mode) {
        this.context = tally.getContext();
        this.mode = mode;
        for (int i = 0; i < context.getPlan().size(); i++) {
            PlannedAttack planned = context.getPlan().get(i);
            if (planned.getModes().contains(mode)) {
                cells.add(Cell.of(planned, tally.getCells().get(i)));
            }
        }
    }

    static RobustnessMetrics of(Tally tally, Mode mode) {
        return new MetricsCalculation(tally, mode).metrics();
    }

    private RobustnessMetrics metrics() {
        Cell clean = cell(Attacks.NONE);
        List<Cell> attacks = cells.stream().filter(cell -> !cell.control()).toList();
        RobustnessRatios ratios = ratios(clean, attacks);
        Map<String, String> undefined = new TreeMap<>(ratios.undefined());
        for (Cell cell : cells) {
            if (cell.tally().getFailure() != null) {
                undefined.put(
                        FAILED_PREFIX + cell.attack().getAttack(), cell.tally().getFailure());
            }
        }
        Optional<Interval> irrInterval = ratios.irr().isEmpty()
                ? Optional.empty()
                : RatioInterval.irr(
                        common(),
                        clean.correct(),
                        attacks.stream().map(Cell::correct).toList());
        if (ratios.irr().isPresent() && irrInterval.isEmpty()) {
            undefined.put("irrInterval", "too few images have been seen by every attack");
        }
        return RobustnessMetrics.newBuilder()
                .setExperiment(context.getExperiment())
                .setMethod(context.getMethod())
                .setSnapshot(context.getSnapshot())
                .setIteration(context.getIteration())
                .setFinal$(context.getFinal$())
                .setVictim(context.getVictim())
                .setSuite(context.getSuite())
                .setMode(mode)
                .setComplete(cells.stream().allMatch(cell -> cell.seen().cardinality() == context.getImages()))
                .setClean(accuracy(clean.correct(), clean.seen()))
                .setAttacks(cells.stream().map(MetricsCalculation::accuracy).toList())
                .setWorstCase(worstCase(clean, attacks))
                .setRr(ratios.rr().orElse(null))
                .setIrr(ratios.irr().orElse(null))
                .setIrrInterval(irrInterval.map(MetricsCalculation::bounds).orElse(null))
                .setIrrPlus(ratios.irrPlus().orElse(null))
                .setAe(ratios.ae().orElse(null))
                .setCrei(ratios.crei().orElse(null))
                .setIcrei(ratios.icrei().orElse(null))
                .setUndefined(undefined)
                .setFlags(flags(clean))
                .build();
    }

    private Cell cell(String name) {
        return cells.stream()
                .filter(cell -> cell.attack().getAttack().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalStateException(
                        "The plan of suite " + context.getSuite() + " lacks the control " + name + "."));
    }

    private static RobustnessRatios ratios(Cell clean, List<Cell> attacks) {
        if (clean.isEmpty() || attacks.stream().anyMatch(Cell::isEmpty)) {
            return RobustnessRatios.undefined("not every attack has a result yet");
        }
        return RobustnessRatios.of(
                clean.percent(),
                attacks.stream().map(Cell::percent).toList(),
                secondsPerImage(clean),
                attacks.stream().map(MetricsCalculation::secondsPerImage).toList());
    }

    /** While attacks have seen unequal numbers of images, only times per image compare. */
    private static double secondsPerImage(Cell cell) {
        return cell.tally().getSeconds() / cell.seen().cardinality();
    }

    /** Images that every attack and the clean evaluation have seen. */
    private BitSet common() {
        BitSet common = (BitSet) cells.get(0).seen().clone();
        cells.forEach(cell -> common.and(cell.seen()));
        return common;
    }

    private Accuracy worstCase(Cell clean, List<Cell> attacks) {
        BitSet seen = common();
        BitSet standing = (BitSet) seen.clone();
        standing.and(clean.correct());
        attacks.forEach(cell -> standing.and(cell.correct()));
        return accuracy(standing, seen);
    }

    private static Accuracy accuracy(BitSet correct, BitSet seen) {
        int count = seen.cardinality();
        int hits = correct.cardinality();
        return count == 0
                ? new Accuracy(0L, 0L, null, null)
                : new Accuracy((long) hits, (long) count, 100.0 * hits / count, bounds(Interval.wilson(hits, count)));
    }

    private static AttackAccuracy accuracy(Cell cell) {
        Accuracy accuracy = accuracy(cell.correct(), cell.seen());
        return AttackAccuracy.newBuilder()
                .setAttack(cell.attack().getAttack())
                .setEpsilon(cell.attack().getEpsilon())
                .setControl(cell.control())
                .setCorrect(accuracy.getCorrect())
                .setCount(accuracy.getCount())
                .setAccuracy(accuracy.getAccuracy())
                .setInterval(accuracy.getInterval())
                .setSeconds(cell.tally().getSeconds())
                .setGradientEvaluations(cell.tally().getGradientEvaluations())
                .setForwardEvaluations(cell.tally().getForwardEvaluations())
                .build();
    }

    private static List<Double> bounds(Interval interval) {
        return List.of(interval.low(), interval.high());
    }

    private List<String> flags(Cell clean) {
        List<String> flags = new ArrayList<>();
        Cell clamp = cell(Attacks.CLAMP);
        BitSet both = (BitSet) clean.seen().clone();
        both.and(clamp.seen());
        BitSet different = (BitSet) clean.correct().clone();
        different.xor(clamp.correct());
        if (different.intersects(both)) {
            flags.add("clamp-differs");
        }
        if (!clean.isEmpty()
                && Interval.wilson(clean.correct().cardinality(), clean.seen().cardinality())
                        .contains(100.0 / context.getClasses())) {
            flags.add("chance-level");
        }
        return flags;
    }
}
