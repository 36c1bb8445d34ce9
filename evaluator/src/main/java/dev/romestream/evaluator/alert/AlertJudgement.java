package dev.romestream.evaluator.alert;

import dev.romestream.exchange.experiment.AlertRules;
import dev.romestream.exchange.metric.MetricDifference;
import dev.romestream.exchange.metric.NamedMetric;
import dev.romestream.robustness.metric.Interval;
import dev.romestream.robustness.metric.MetricNames;
import dev.romestream.robustness.metric.PairedDifference;
import dev.romestream.schemas.AlertDifference;
import dev.romestream.schemas.AlertFigure;
import dev.romestream.schemas.AlertRule;
import dev.romestream.schemas.AttackAccuracy;
import dev.romestream.schemas.RobustnessMetrics;
import dev.romestream.schemas.RuleBase;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

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

    /** Whether figures have what a rule is of: not every suite has every attack, or both modes; and attacks may have failed. */
    static boolean concerns(AlertRule rule, RobustnessMetrics figures) {
        if (!rule.getFailed() && failure(figures).isPresent()) {
            return false;
        }
        String figure = rule.getFigure();
        if (figure == null || figure.equals(MetricNames.CLEAN)) {
            return true;
        }
        Stream<AttackAccuracy> attacks = figures.getAttacks().stream().filter(attack -> !attack.getControl());
        return NamedMetric.names(figures.getLabels()).contains(figure)
                ? attacks.findAny().isPresent()
                : attacks.anyMatch(attack -> attack.getAttack().equals(figure));
    }

    /**
     * Holds figures against a rule that concerns them.
     *
     * @param base what a fall is measured from; empty where there is nothing yet
     */
    static AlertJudgement of(AlertRule rule, RobustnessMetrics now, Optional<RuleBase> base) {
        if (rule.getFailed()) {
            return failed(now);
        }
        if (rule.getFlag() != null) {
            return flag(rule.getFlag(), now);
        }
        NamedMetric figure = NamedMetric.of(now, rule.getFigure());
        AlertFigure side = side(now, figure);
        if (figure.value().isEmpty()) {
            // no attack lowers the accuracy: nothing to be told of
            boolean harmless = rule.getFigure().equals(MetricNames.RR) && now.getIrr() != null;
            boolean never = rule.getDropsBy() != null && base.isEmpty();
            return new AlertJudgement(
                    harmless ? Verdict.OVER : never ? Verdict.UNDECIDED : Verdict.CROSSED,
                    rule.getFigure() + " is undefined: " + NamedMetric.undefined(now, rule.getFigure()),
                    side,
                    base.map(RuleBase::getFigure),
                    Optional.empty());
        }
        if (rule.getBelow() != null) {
            return below(rule, figure, side);
        }
        return base.map(before -> fall(rule, now, figure, before))
                .orElseGet(() -> alone(Verdict.OVER, subject(rule, figure) + " is the first one", side));
    }

    /** What later figures are to be held against. */
    static RuleBase base(AlertRule rule, RobustnessMetrics now) {
        NamedMetric figure = NamedMetric.of(now, rule.getFigure());
        return new RuleBase(side(now, figure), String.join(",", figure.perImage()), now.getImagesDigest());
    }

    private static AlertJudgement alone(Verdict verdict, String reason, AlertFigure now) {
        return new AlertJudgement(verdict, reason, now, Optional.empty(), Optional.empty());
    }

    private static AlertJudgement failed(RobustnessMetrics now) {
        AlertFigure side = side(now, NamedMetric.none(""));
        return failure(now)
                .map(attack -> alone(
                        Verdict.CROSSED, "the attack " + attack.getAttack() + " failed: " + attack.getFailure(), side))
                .orElseGet(() -> alone(Verdict.OVER, "no attack failed", side));
    }

    private static Optional<AttackAccuracy> failure(RobustnessMetrics metrics) {
        return metrics.getAttacks().stream()
                .filter(attack -> attack.getFailure() != null)
                .findFirst();
    }

    private static AlertJudgement flag(String flag, RobustnessMetrics now) {
        boolean raised = flag.equals(AlertRules.ANY)
                ? !now.getFlags().isEmpty()
                : now.getFlags().contains(flag);
        AlertFigure side = side(now, NamedMetric.none(""));
        return raised
                ? alone(Verdict.CROSSED, "flags: " + String.join(", ", now.getFlags()), side)
                : alone(Verdict.OVER, flag.equals(AlertRules.ANY) ? "no flags" : "no flag " + flag, side);
    }

    private static AlertJudgement below(AlertRule rule, NamedMetric figure, AlertFigure side) {
        double limit = rule.getBelow();
        if (figure.value().orElseThrow() >= limit) {
            return alone(Verdict.OVER, words("%s is not below %.1f", subject(rule, figure), limit), side);
        }
        boolean clear = !rule.getSignificant()
                || figure.interval().map(interval -> interval.high() < limit).orElse(false);
        return alone(
                clear ? Verdict.CROSSED : Verdict.UNDECIDED,
                words("%s is below %.1f", subject(rule, figure), limit),
                side);
    }

    private static AlertJudgement fall(AlertRule rule, RobustnessMetrics now, NamedMetric figure, RuleBase base) {
        AlertFigure before = base.getFigure();
        MetricDifference difference = MetricDifference.of(
                figure,
                new NamedMetric(
                        rule.getFigure(),
                        Optional.of(before.getValue()),
                        Optional.ofNullable(before.getInterval()).map(AlertJudgement::interval),
                        base.getPerImage().isEmpty()
                                ? List.of()
                                : List.of(base.getPerImage().split(","))),
                MetricDifference.isOfSameImages(now.getImagesDigest(), base.getImagesDigest()));
        boolean fell = difference.points() <= -rule.getDropsBy() + ROUNDING;
        boolean clear = !rule.getSignificant()
                || difference.interval().map(interval -> interval.high() < 0).orElse(false);
        String reason = words(
                "%s, against %.1f %s: %+.1f points%s%s",
                subject(rule, figure),
                before.getValue(),
                place(before, side(now, figure)),
                difference.points(),
                difference.interval().map(AlertJudgement::words).orElse(""),
                difference
                        .pairs()
                        .map(pairs -> words(", %d images lost and %d won", pairs.lost(), pairs.won()))
                        .orElse(""));
        return new AlertJudgement(
                !fell ? Verdict.OVER : clear ? Verdict.CROSSED : Verdict.UNDECIDED,
                reason,
                side(now, figure),
                Optional.of(before),
                Optional.of(new AlertDifference(
                        difference.points(),
                        difference.interval().map(AlertJudgement::bounds).orElse(null),
                        difference.pairs().map(PairedDifference::won).orElse(null),
                        difference.pairs().map(PairedDifference::lost).orElse(null))));
    }

    /** What is held against what: of a stream, another window, another version of the network on the same images, or both. */
    private static String place(AlertFigure before, AlertFigure now) {
        if (before.getWindow() == null || now.getWindow() == null) {
            return "before";
        }
        List<String> places = new ArrayList<>();
        if (before.getPosition() != now.getPosition()) {
            places.add("of version " + before.getPosition());
        }
        if (!before.getWindow().equals(now.getWindow())) {
            places.add("on window " + before.getWindow());
        }
        return places.isEmpty() ? "before" : String.join(" ", places);
    }

    private static AlertFigure side(RobustnessMetrics metrics, NamedMetric figure) {
        return new AlertFigure(
                metrics.getSnapshot(),
                metrics.getVictim(),
                figure.value().orElse(null),
                figure.interval().map(AlertJudgement::bounds).orElse(null),
                metrics.getFlags(),
                metrics.getWindow() == null ? null : metrics.getWindow().getNumber());
    }

    private static List<Double> bounds(Interval interval) {
        return List.of(interval.low(), interval.high());
    }

    private static Interval interval(List<Double> bounds) {
        return new Interval(bounds.get(0), bounds.get(1));
    }

    private static String words(Interval interval) {
        return words(" [%.1f, %.1f]", interval.low(), interval.high());
    }

    private static String subject(AlertRule rule, NamedMetric figure) {
        return rule.getFigure()
                + words(" %.1f", figure.value().orElseThrow())
                + figure.interval().map(AlertJudgement::words).orElse("");
    }

    private static String words(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }
}
