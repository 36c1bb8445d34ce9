package dev.romestream.exchange.figure;

import dev.romestream.robustness.attack.Attacks;
import dev.romestream.robustness.metric.FigureNames;
import dev.romestream.robustness.metric.Interval;
import dev.romestream.schemas.Accuracy;
import dev.romestream.schemas.AttackAccuracy;
import dev.romestream.schemas.RobustnessMetrics;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * One figure of metrics; while they are not complete, as it is so far.
 *
 * @param value in per cent; empty where it is undefined
 * @param interval 95 %; empty where there is none
 * @param perImage 1 for each image that is right and 0 for each that is not, in order; empty of a ratio, and until it is complete
 */
public record NamedFigure(Optional<Double> value, Optional<Interval> interval, String perImage) {

    /** @param name clean, worstCase, irr, rr, or an attack: right under all of that name */
    public static NamedFigure of(RobustnessMetrics metrics, String name) {
        return switch (name) {
            case FigureNames.IRR ->
                new NamedFigure(
                        Optional.ofNullable(metrics.getIrr()),
                        Optional.ofNullable(metrics.getIrrInterval())
                                .map(bounds -> new Interval(bounds.get(0), bounds.get(1))),
                        "");
            case FigureNames.RR -> new NamedFigure(Optional.ofNullable(metrics.getRr()), Optional.empty(), "");
            case FigureNames.CLEAN ->
                under(metrics, attack -> attack.getAttack().equals(Attacks.NONE))
                        .orElseGet(() -> soFar(metrics.getClean()));
            case FigureNames.WORST_CASE ->
                under(
                                metrics,
                                attack -> !attack.getControl()
                                        || attack.getAttack().equals(Attacks.NONE))
                        .orElseGet(() -> soFar(metrics.getWorstCase()));
            default ->
                under(metrics, attack -> attack.getAttack().equals(name))
                        .orElseGet(() -> new NamedFigure(Optional.empty(), Optional.empty(), ""));
        };
    }

    private static NamedFigure soFar(Accuracy accuracy) {
        return new NamedFigure(
                Optional.ofNullable(accuracy.getAccuracy()),
                Optional.ofNullable(accuracy.getInterval()).map(bounds -> new Interval(bounds.get(0), bounds.get(1))),
                "");
    }

    private static Optional<NamedFigure> under(RobustnessMetrics metrics, Predicate<AttackAccuracy> wanted) {
        List<String> outcomes = metrics.getAttacks().stream()
                .filter(wanted)
                .map(AttackAccuracy::getPerImage)
                .toList();
        if (outcomes.isEmpty() || outcomes.stream().anyMatch(String::isEmpty)) {
            return Optional.empty();
        }
        StringBuilder all = new StringBuilder(outcomes.get(0));
        for (String one : outcomes) {
            for (int i = 0; i < all.length(); i++) {
                if (one.charAt(i) == '0') {
                    all.setCharAt(i, '0');
                }
            }
        }
        long correct = all.chars().filter(bit -> bit == '1').count();
        return Optional.of(new NamedFigure(
                Optional.of(100.0 * correct / all.length()),
                Optional.of(Interval.wilson(correct, all.length())),
                all.toString()));
    }

    /** Why it is undefined. */
    public static String undefined(RobustnessMetrics metrics, String name) {
        return Stream.of(name, name + "Interval")
                .map(metrics.getUndefined()::get)
                .filter(reason -> reason != null)
                .findFirst()
                .orElse("no reason is given");
    }
}
