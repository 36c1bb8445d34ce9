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
     * The mean of all values with Student's interval. Victims of one seed share their images, so that they are not independent: the
     * variance is the larger one of that of all values and that of the seeds' means, times the victims of a seed.
     *
     * @param bySeed the values of each seed; at least one value in all
     */
    static Estimate of(Map<Long, ? extends Collection<Double>> bySeed) {
        List<Double> all = bySeed.values().stream().flatMap(Collection::stream).toList();
        List<Double> means = new TreeMap<>(bySeed)
                .values().stream().map(values -> mean(List.copyOf(values))).toList();
        int count = all.size();
        if (count < 2) {
            return new Estimate(mean(all), Double.NaN, count);
        }
        double variance = Math.max(variance(all), variance(means) * count / means.size());
        double quantile = TDistribution.of(count - 1.0).inverseCumulativeProbability(TWO_SIDED_95);
        return new Estimate(mean(all), quantile * Math.sqrt(variance / count), count);
    }

    private static double mean(List<Double> values) {
        return values.stream().mapToDouble(value -> value).average().orElseThrow();
    }

    private static double variance(List<Double> values) {
        double mean = mean(values);
        double squares = values.stream()
                .mapToDouble(value -> (value - mean) * (value - mean))
                .sum();
        return values.size() < 2 ? 0 : squares / (values.size() - 1);
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
