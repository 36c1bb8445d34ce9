package dev.romestream.standalone.benchmark;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.commons.statistics.distribution.TDistribution;

/**
 * A mean over victims of several seeds, with its 95 % interval.
 *
 * @param halfWidth of the interval; not a number where there is but one value
 */
record Estimate(double mean, double halfWidth, int values) {
    private static final double TWO_SIDED_95 = 0.975;

    /**
     * The mean of all values. Victims of one seed share their images, so that they are not independent: the interval is the wider one of
     * Student's over all values and Student's over the means of seeds.
     *
     * @param bySeed the values of each seed; at least one value in all
     */
    static Estimate of(Map<Long, ? extends Collection<Double>> bySeed) {
        List<Double> all = bySeed.values().stream().flatMap(Collection::stream).toList();
        List<Double> means = new TreeMap<>(bySeed)
                .values().stream().map(values -> mean(List.copyOf(values))).toList();
        double widest = Math.max(halfWidth(all), means.size() < 2 ? 0 : halfWidth(means));
        return new Estimate(mean(all), all.size() < 2 ? Double.NaN : widest, all.size());
    }

    private static double mean(List<Double> values) {
        return values.stream().mapToDouble(value -> value).average().orElseThrow();
    }

    private static double halfWidth(List<Double> values) {
        if (values.size() < 2) {
            return 0;
        }
        double mean = mean(values);
        double squares = values.stream()
                .mapToDouble(value -> (value - mean) * (value - mean))
                .sum();
        double deviation = Math.sqrt(squares / (values.size() - 1));
        return TDistribution.of(values.size() - 1).inverseCumulativeProbability(TWO_SIDED_95)
                * deviation
                / Math.sqrt(values.size());
    }

    double low() {
        return mean - halfWidth;
    }

    double high() {
        return mean + halfWidth;
    }

    /** Whether this one's whole interval is above the other's. */
    boolean isClearlyAbove(Estimate other) {
        return low() > other.high();
    }
}
