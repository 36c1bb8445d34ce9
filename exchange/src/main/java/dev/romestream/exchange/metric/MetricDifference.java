package dev.romestream.exchange.metric;

import dev.romestream.robustness.metric.Interval;
import dev.romestream.robustness.metric.Outcomes;
import dev.romestream.robustness.metric.PairedDifference;
import dev.romestream.robustness.metric.Ratio;
import dev.romestream.robustness.metric.RatioInterval;
import java.util.List;
import java.util.Optional;

/**
 * One figure less another of the same name, in points.
 *
 * @param interval 95 %: of the images in pairs where they are the same ones (Bonett and Price; of ratios {@link RatioInterval}), else
 *     of the two intervals (Newcombe; Zou and Donner); empty where one of them has none
 * @param pairs of the images, where they are the same ones; of ratios there are none
 */
public record MetricDifference(double points, Optional<Interval> interval, Optional<PairedDifference> pairs) {

    /** Whether figures of these digests are of the same images in the same order: of none, it is not known. */
    public static boolean isOfSameImages(String first, String second) {
        return !first.isEmpty() && first.equals(second);
    }

    /**
     * The difference of two figures that are defined.
     *
     * @param sameImages whether both are of the same images in the same order
     */
    public static MetricDifference of(NamedMetric first, NamedMetric second, boolean sameImages) {
        double value = first.value().orElseThrow();
        double other = second.value().orElseThrow();
        if (sameImages && isPaired(first.perImage(), second.perImage())) {
            Ratio ratio = Ratio.named(first.name());
            if (ratio != null) {
                Optional<Interval> interval = RatioInterval.ofDifference(
                        ratio, Outcomes.of(first.perImage()), Outcomes.of(second.perImage()));
                return new MetricDifference(value - other, interval, Optional.empty());
            }
            PairedDifference pairs = PairedDifference.of(
                    first.perImage().get(0), second.perImage().get(0));
            return new MetricDifference(
                    pairs.points(), Optional.of(new Interval(pairs.low(), pairs.high())), Optional.of(pairs));
        }
        return new MetricDifference(
                value - other,
                first.interval()
                        .flatMap(one -> second.interval().map(two -> Interval.ofDifference(value, one, other, two))),
                Optional.empty());
    }

    private static boolean isPaired(List<String> first, List<String> second) {
        return !first.isEmpty()
                && !second.isEmpty()
                && first.get(0).length() == second.get(0).length();
    }
}
