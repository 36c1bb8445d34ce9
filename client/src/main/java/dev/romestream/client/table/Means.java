package dev.romestream.client.table;

import dev.romestream.exchange.metric.MetricDifference;
import dev.romestream.exchange.metric.NamedMetric;
import dev.romestream.robustness.metric.Interval;
import dev.romestream.schemas.RobustnessMetrics;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;

/**
 * Means over victims, in per cent or points. The interval is the mean of theirs: victims of a set are scored on the same images and
 * taken to err together.
 *
 * @param interval 95 %; empty where one of them has none
 * @param pairs of a difference: the images that were won and lost, in words; empty where they are not the same ones
 */
public record Means(double value, Optional<Interval> interval, String pairs) {

    /** One that is no difference of pairs. */
    public Means(double value, Optional<Interval> interval) {
        this(value, interval, "");
    }

    /** Of a metric; empty where one of the victims has none. */
    public static Optional<Means> of(List<RobustnessMetrics> victims, String metric) {
        return of(victims, victim -> NamedMetric.of(victim, metric));
    }

    static Optional<Means> of(List<RobustnessMetrics> victims, Function<RobustnessMetrics, NamedMetric> metric) {
        return mean(victims.stream()
                .map(metric)
                .map(named -> named.value().map(value -> new Means(value, named.interval())))
                .toList());
    }

    /** Of a metric less that of other victims, pair by pair; empty where one of them has none. */
    static Optional<Means> ofDifference(List<VictimPair> pairs, Function<RobustnessMetrics, NamedMetric> metric) {
        return mean(pairs.stream().map(pair -> difference(pair, metric)).toList());
    }

    private static Optional<Means> difference(VictimPair pair, Function<RobustnessMetrics, NamedMetric> metric) {
        NamedMetric first = metric.apply(pair.victim());
        NamedMetric second = metric.apply(pair.baseline());
        if (first.value().isEmpty() || second.value().isEmpty()) {
            return Optional.empty();
        }
        MetricDifference difference = MetricDifference.of(
                first,
                second,
                MetricDifference.isOfSameImages(
                        pair.victim().getImagesDigest(), pair.baseline().getImagesDigest()));
        String words = difference
                .pairs()
                .map(pairs -> "+" + pairs.won() + " -" + pairs.lost())
                .orElse("");
        return Optional.of(new Means(difference.points(), difference.interval(), words));
    }

    private static Optional<Means> mean(List<Optional<Means>> all) {
        if (all.isEmpty() || all.stream().anyMatch(Optional::isEmpty)) {
            return Optional.empty();
        }
        List<Means> ones = all.stream().map(Optional::orElseThrow).toList();
        boolean bounded = ones.stream().allMatch(one -> one.interval().isPresent());
        return Optional.of(new Means(
                average(ones, Means::value),
                bounded
                        ? Optional.of(new Interval(
                                average(
                                        ones,
                                        one -> one.interval().orElseThrow().low()),
                                average(
                                        ones,
                                        one -> one.interval().orElseThrow().high())))
                        : Optional.empty(),
                ones.stream().anyMatch(one -> one.pairs().isEmpty())
                        ? ""
                        : ones.stream().map(Means::pairs).collect(Collectors.joining(", "))));
    }

    private static double average(List<Means> ones, ToDoubleFunction<Means> value) {
        return ones.stream().mapToDouble(value).average().orElseThrow();
    }

    /** Whether chance is ruled out: the interval is on one side of 0. */
    public boolean isClear() {
        return interval.map(bounds -> bounds.low() > 0 || bounds.high() < 0).orElse(false);
    }

    /** What a difference says, in words. */
    public String verdict() {
        return (isClear()
                        ? number(Math.abs(value)) + " points " + (value > 0 ? "more" : "less")
                        : "no clear difference, " + signed() + " points")
                + bounds();
    }

    /** With one decimal; without a sign before what is rounded to 0. */
    public static String number(double value) {
        return String.format(Locale.ROOT, "%.1f", value).replaceFirst("^-(?=0\\.0$)", "");
    }

    /** The value. */
    public String number() {
        return number(value);
    }

    /** The value with a sign. */
    public String signed() {
        return (number(value).startsWith("-") ? "" : "+") + number(value);
    }

    /** The interval after a space; empty where there is none. */
    public String bounds() {
        return interval.map(bounds -> " [" + number(bounds.low()) + ", " + number(bounds.high()) + "]")
                .orElse("");
    }
}
