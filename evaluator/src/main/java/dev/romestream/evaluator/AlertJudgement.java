package dev.romestream.evaluator;

import dev.romestream.exchange.experiment.AlertRules;
import dev.romestream.exchange.figure.NamedFigure;
import dev.romestream.robustness.metric.Interval;
import dev.romestream.robustness.metric.PairedDifference;
import dev.romestream.schemas.AlertDifference;
import dev.romestream.schemas.AlertFigure;
import dev.romestream.schemas.AlertRule;
import dev.romestream.schemas.RobustnessMetrics;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * What complete figures say to a rule.
 *
 * @param reason in words
 * @param before what they are held against, where the rule is of a fall
 */
record AlertJudgement(
        Verdict verdict,
        String reason,
        AlertFigure now,
        Optional<AlertFigure> before,
        Optional<AlertDifference> difference) {

    private static final double ROUNDING = 1e-9;

    /** Whether the rule is crossed; between the two, chance is not ruled out, and everything stays as it was. */
    enum Verdict {
        CROSSED,
        UNDECIDED,
        OVER
    }

    /**
     * Holds figures against a rule.
     *
     * @param base the figures that a fall is measured from; empty where there are none yet
     */
    static AlertJudgement of(AlertRule rule, RobustnessMetrics now, Optional<RobustnessMetrics> base) {
        if (rule.getFlag() != null) {
            return flag(rule.getFlag(), now);
        }
        NamedFigure figure = NamedFigure.of(now, rule.getFigure());
        if (rule.getBelow() != null) {
            return below(rule, now, figure);
        }
        return base.map(before -> fall(rule, now, figure, before, NamedFigure.of(before, rule.getFigure())))
                .orElseGet(
                        () -> alone(Verdict.OVER, words("%s is the first one", told(rule, figure)), side(now, figure)));
    }

    private static AlertJudgement alone(Verdict verdict, String reason, AlertFigure now) {
        return new AlertJudgement(verdict, reason, now, Optional.empty(), Optional.empty());
    }

    private static AlertJudgement flag(String flag, RobustnessMetrics now) {
        boolean raised = flag.equals(AlertRules.ANY)
                ? !now.getFlags().isEmpty()
                : now.getFlags().contains(flag);
        AlertFigure side = side(now, new NamedFigure(Optional.empty(), Optional.empty(), ""));
        return raised
                ? alone(Verdict.CROSSED, "flags: " + String.join(", ", now.getFlags()), side)
                : alone(Verdict.OVER, flag.equals(AlertRules.ANY) ? "no flags" : "no flag " + flag, side);
    }

    private static AlertJudgement below(AlertRule rule, RobustnessMetrics now, NamedFigure figure) {
        double limit = rule.getBelow();
        AlertFigure side = side(now, figure);
        if (figure.value().isEmpty()) {
            return alone(Verdict.CROSSED, undefined(rule, now), side);
        }
        if (figure.value().get() >= limit) {
            return alone(Verdict.OVER, words("%s is not below %.1f", told(rule, figure), limit), side);
        }
        boolean clear = !rule.getSignificant()
                || figure.interval().map(interval -> interval.high() < limit).orElse(false);
        return alone(
                clear ? Verdict.CROSSED : Verdict.UNDECIDED,
                words("%s is below %.1f", told(rule, figure), limit),
                side);
    }

    private static AlertJudgement fall(
            AlertRule rule, RobustnessMetrics now, NamedFigure figure, RobustnessMetrics base, NamedFigure before) {
        AlertFigure side = side(now, figure);
        Optional<AlertFigure> other = Optional.of(side(base, before));
        if (figure.value().isEmpty()) {
            return new AlertJudgement(Verdict.CROSSED, undefined(rule, now), side, other, Optional.empty());
        }
        if (before.value().isEmpty()) {
            return alone(Verdict.OVER, words("%s was undefined before", told(rule, figure)), side);
        }
        AlertDifference difference = difference(now, figure, base, before);
        boolean fell = difference.getPoints() <= -rule.getDropsBy() + ROUNDING;
        boolean clear = !rule.getSignificant()
                || (difference.getInterval() != null && difference.getInterval().get(1) < 0);
        return new AlertJudgement(
                !fell ? Verdict.OVER : clear ? Verdict.CROSSED : Verdict.UNDECIDED,
                words(
                        "%s, against %.1f before: %+.1f points%s%s",
                        told(rule, figure),
                        before.value().get(),
                        difference.getPoints(),
                        difference.getInterval() == null ? "" : bounds(difference.getInterval()),
                        difference.getLost() == null
                                ? ""
                                : words(", %d images lost and %d won", difference.getLost(), difference.getWon())),
                side,
                other,
                Optional.of(difference));
    }

    /** In pairs where the images are the same ones. */
    private static AlertDifference difference(
            RobustnessMetrics now, NamedFigure figure, RobustnessMetrics base, NamedFigure before) {
        if (!figure.perImage().isEmpty()
                && figure.perImage().length() == before.perImage().length()
                && now.getClassCounts().equals(base.getClassCounts())) {
            PairedDifference pairs = PairedDifference.of(figure.perImage(), before.perImage());
            return new AlertDifference(pairs.points(), List.of(pairs.low(), pairs.high()), pairs.won(), pairs.lost());
        }
        double value = figure.value().orElseThrow();
        double then = before.value().orElseThrow();
        List<Double> interval = figure.interval().isEmpty() || before.interval().isEmpty()
                ? null
                : bounds(Interval.ofDifference(
                        value, figure.interval().get(), then, before.interval().get()));
        return new AlertDifference(value - then, interval, null, null);
    }

    private static AlertFigure side(RobustnessMetrics metrics, NamedFigure figure) {
        return new AlertFigure(
                metrics.getSnapshot(),
                metrics.getVictim(),
                figure.value().orElse(null),
                figure.interval().map(AlertJudgement::bounds).orElse(null),
                metrics.getFlags());
    }

    private static List<Double> bounds(Interval interval) {
        return List.of(interval.low(), interval.high());
    }

    private static String bounds(List<Double> interval) {
        return words(" [%.1f, %.1f]", interval.get(0), interval.get(1));
    }

    private static String told(AlertRule rule, NamedFigure figure) {
        return rule.getFigure()
                + figure.value().map(value -> words(" %.1f", value)).orElse(" undefined")
                + figure.interval().map(interval -> bounds(bounds(interval))).orElse("");
    }

    private static String undefined(AlertRule rule, RobustnessMetrics now) {
        return rule.getFigure() + " is undefined: " + NamedFigure.undefined(now, rule.getFigure());
    }

    private static String words(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }
}
