package dev.romestream.client.report;

import dev.romestream.exchange.figure.NamedFigure;
import dev.romestream.robustness.metric.Interval;
import dev.romestream.robustness.metric.PairedDifference;
import dev.romestream.schemas.RobustnessMetrics;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

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

    /** Of a figure less that of a baseline, victim by victim; of the same images in pairs. */
    static Optional<Means> ofDifference(
            List<RobustnessMetrics> victims, List<RobustnessMetrics> baseline, String figure) {
        int count = Math.min(victims.size(), baseline.size());
        return mean(IntStream.range(0, count)
                .mapToObj(i -> difference(
                        NamedFigure.of(victims.get(i), figure),
                        NamedFigure.of(baseline.get(i), figure),
                        victims.get(i).getClassCounts().equals(baseline.get(i).getClassCounts())))
                .toList());
    }

    private static Optional<One> difference(NamedFigure first, NamedFigure second, boolean sameImages) {
        if (first.value().isEmpty() || second.value().isEmpty()) {
            return Optional.empty();
        }
        if (sameImages
                && !first.perImage().isEmpty()
                && first.perImage().length() == second.perImage().length()) {
            PairedDifference pairs = PairedDifference.of(first.perImage(), second.perImage());
            return Optional.of(new One(pairs.points(), Optional.of(new Interval(pairs.low(), pairs.high()))));
        }
        Optional<Interval> interval = first.interval().flatMap(one -> second.interval()
                .map(other -> Interval.ofDifference(
                        first.value().get(), one, second.value().get(), other)));
        return Optional.of(new One(first.value().get() - second.value().get(), interval));
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
