package dev.romestream.client.report;

import dev.romestream.exchange.experiment.VictimPlan;
import dev.romestream.exchange.figure.FigureDifference;
import dev.romestream.exchange.figure.NamedFigure;
import dev.romestream.robustness.metric.Interval;
import dev.romestream.schemas.RobustnessMetrics;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;

/**
 * Means over victims, in per cent or points. The interval is the mean of theirs: victims of a set are scored on the same images and
 * taken to err together.
 *
 * @param interval 95 %; empty where one of them has none
 */
record Means(double value, Optional<Interval> interval) {

    private record One(double value, Optional<Interval> interval) {}

    /** Of a figure; empty where one of the victims has none. */
    static Optional<Means> of(List<RobustnessMetrics> victims, String figure) {
        return mean(victims.stream()
                .map(victim -> NamedFigure.of(victim, figure))
                .map(named -> named.value().map(value -> new One(value, named.interval())))
                .toList());
    }

    /** Of a figure less that of a baseline, victim by victim of the same name. */
    static Optional<Means> ofDifference(
            List<RobustnessMetrics> victims, List<RobustnessMetrics> baseline, String figure) {
        Map<String, RobustnessMetrics> others =
                baseline.stream().collect(Collectors.toMap(VictimPlan::network, other -> other, (a, b) -> b));
        return mean(victims.stream()
                .filter(victim -> others.containsKey(VictimPlan.network(victim)))
                .map(victim -> difference(victim, others.get(VictimPlan.network(victim)), figure))
                .toList());
    }

    private static Optional<One> difference(RobustnessMetrics victim, RobustnessMetrics other, String figure) {
        NamedFigure first = NamedFigure.of(victim, figure);
        NamedFigure second = NamedFigure.of(other, figure);
        if (first.value().isEmpty() || second.value().isEmpty()) {
            return Optional.empty();
        }
        FigureDifference difference = FigureDifference.of(
                first, second, FigureDifference.isOfSameImages(victim.getImagesDigest(), other.getImagesDigest()));
        return Optional.of(new One(difference.points(), difference.interval()));
    }

    private static Optional<Means> mean(List<Optional<One>> all) {
        if (all.isEmpty() || all.stream().anyMatch(Optional::isEmpty)) {
            return Optional.empty();
        }
        List<One> ones = all.stream().map(Optional::orElseThrow).toList();
        double value = average(ones, One::value);
        if (ones.stream().anyMatch(one -> one.interval().isEmpty())) {
            return Optional.of(new Means(value, Optional.empty()));
        }
        return Optional.of(new Means(
                value,
                Optional.of(new Interval(
                        average(ones, one -> one.interval().orElseThrow().low()),
                        average(ones, one -> one.interval().orElseThrow().high())))));
    }

    private static double average(List<One> ones, ToDoubleFunction<One> value) {
        return ones.stream().mapToDouble(value).average().orElseThrow();
    }

    /** Without a sign before a figure that is rounded to 0. */
    static String number(double value) {
        return String.format(Locale.ROOT, "%.1f", value).replaceFirst("^-(?=0\\.0$)", "");
    }

    String bounds() {
        return interval.map(given -> " [" + number(given.low()) + ", " + number(given.high()) + "]")
                .orElse("");
    }
}
