package dev.romestream.exchange.metric;

import dev.romestream.robustness.attack.Attacks;
import dev.romestream.robustness.metric.Interval;
import dev.romestream.robustness.metric.MetricNames;
import dev.romestream.schemas.Accuracy;
import dev.romestream.schemas.AttackAccuracy;
import dev.romestream.schemas.ImageLabels;
import dev.romestream.schemas.RobustnessMetrics;
import dev.romestream.schemas.Stability;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * One figure of metrics; while they are not complete, as it is so far.
 *
 * @param value in per cent; empty where it is undefined
 * @param interval 95 %; empty where there is none
 * @param perImage 1 for each image that is right and 0 for each that is not, in order; of a ratio a string without an attack and
 *     one under each; empty until it is complete
 */
public record NamedMetric(String name, Optional<Double> value, Optional<Interval> interval, List<String> perImage) {

    /** Names of what metrics have, but for attacks: where labels are predicted, the stability alone. */
    public static List<String> names(ImageLabels labels) {
        return labels == ImageLabels.PREDICTED
                ? List.of(MetricNames.STABILITY)
                : List.of(MetricNames.CLEAN, MetricNames.WORST_CASE, MetricNames.IRR, MetricNames.RR);
    }

    /** Images that an attack has seen. */
    public static long images(AttackAccuracy attack) {
        return attack.getStability() == null
                ? attack.getCount()
                : attack.getStability().getCount();
    }

    /** Images that every attack has seen. */
    public static long images(RobustnessMetrics metrics) {
        return metrics.getStability() == null
                ? metrics.getWorstCase().getCount()
                : metrics.getStability().getCount();
    }

    /** @param name clean, worstCase, irr, rr, stability, or an attack: right, or the same, under all of that name */
    public static NamedMetric of(RobustnessMetrics metrics, String name) {
        if (metrics.getStability() != null && names(ImageLabels.GIVEN).contains(name)) {
            return labelledLater(metrics, name);
        }
        if (metrics.getStability() == null && name.equals(MetricNames.STABILITY)) {
            return none(name);
        }
        return switch (name) {
            case MetricNames.IRR -> ratio(metrics, name, metrics.getIrr(), metrics.getIrrInterval());
            case MetricNames.RR -> ratio(metrics, name, metrics.getRr(), metrics.getRrInterval());
            case MetricNames.CLEAN ->
                under(metrics, name, attack -> attack.getAttack().equals(Attacks.NONE))
                        .orElseGet(() -> soFar(name, metrics.getClean()));
            case MetricNames.WORST_CASE -> underAll(metrics, name).orElseGet(() -> soFar(name, metrics.getWorstCase()));
            case MetricNames.STABILITY -> underAll(metrics, name).orElseGet(() -> soFar(name, metrics.getStability()));
            default ->
                under(metrics, name, attack -> attack.getAttack().equals(name)).orElseGet(() -> none(name));
        };
    }

    /** Of those images whose labels have come; which ones is not told. */
    private static NamedMetric labelledLater(RobustnessMetrics metrics, String name) {
        return switch (name) {
            case MetricNames.IRR -> value(name, metrics.getIrr(), metrics.getIrrInterval());
            case MetricNames.RR -> value(name, metrics.getRr(), metrics.getRrInterval());
            case MetricNames.CLEAN -> soFar(name, metrics.getClean());
            default -> soFar(name, metrics.getWorstCase());
        };
    }

    private static NamedMetric value(String name, Double value, List<Double> interval) {
        return new NamedMetric(
                name, Optional.ofNullable(value), Optional.ofNullable(interval).map(NamedMetric::interval), List.of());
    }

    /** What one attack leaves. */
    public static NamedMetric of(AttackAccuracy attack) {
        List<String> perImage = attack.getPerImage().isEmpty() ? List.of() : List.of(attack.getPerImage());
        if (attack.getStability() != null) {
            NamedMetric stability = soFar(attack.getAttack(), attack.getStability());
            return new NamedMetric(stability.name(), stability.value(), stability.interval(), perImage);
        }
        return new NamedMetric(
                attack.getAttack(),
                Optional.ofNullable(attack.getAccuracy()),
                Optional.ofNullable(attack.getInterval()).map(NamedMetric::interval),
                perImage);
    }

    /** One that is not there. */
    public static NamedMetric none(String name) {
        return new NamedMetric(name, Optional.empty(), Optional.empty(), List.of());
    }

    private static NamedMetric ratio(RobustnessMetrics metrics, String name, Double value, List<Double> interval) {
        Stream<AttackAccuracy> rated = metrics.getAttacks().stream().filter(AttackAccuracy::getRated);
        Stream<AttackAccuracy> clean = metrics.getAttacks().stream()
                .filter(attack -> attack.getAttack().equals(Attacks.NONE));
        List<String> perImage = Stream.concat(clean, rated.filter(attack -> !attack.getControl()))
                .map(AttackAccuracy::getPerImage)
                .toList();
        return new NamedMetric(
                name,
                Optional.ofNullable(value),
                Optional.ofNullable(interval).map(NamedMetric::interval),
                perImage.stream().anyMatch(String::isEmpty) ? List.of() : perImage);
    }

    private static Interval interval(List<Double> bounds) {
        return new Interval(bounds.get(0), bounds.get(1));
    }

    private static NamedMetric soFar(String name, Accuracy accuracy) {
        return value(name, accuracy.getAccuracy(), accuracy.getInterval());
    }

    private static NamedMetric soFar(String name, Stability stability) {
        return value(name, stability.getPercent(), stability.getInterval());
    }

    private static Optional<NamedMetric> underAll(RobustnessMetrics metrics, String name) {
        return under(
                metrics,
                name,
                attack -> !attack.getControl() || attack.getAttack().equals(Attacks.NONE));
    }

    private static Optional<NamedMetric> under(
            RobustnessMetrics metrics, String name, Predicate<AttackAccuracy> wanted) {
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
        return Optional.of(new NamedMetric(
                name,
                Optional.of(100.0 * correct / all.length()),
                Optional.of(Interval.wilson(correct, all.length())),
                List.of(all.toString())));
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
