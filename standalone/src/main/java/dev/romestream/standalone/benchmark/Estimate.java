package dev.romestream.standalone.benchmark;

import dev.romestream.client.table.Means;
import dev.romestream.robustness.metric.Interval;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
        return new Estimate(mean(all), quantile(count - 1.0) * Math.sqrt(variance / count), count);
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

    /** This one less another, whose interval is Welch's. */
    Estimate less(Estimate other) {
        double error = error() * error();
        double others = other.error() * other.error();
        double freedom = (error + others)
                * (error + others)
                / (error * error / Math.max(1, values - 1) + others * others / Math.max(1, other.values - 1));
        double half = error + others > 0 ? quantile(freedom) * Math.sqrt(error + others) : halfWidth + other.halfWidth;
        return new Estimate(mean - other.mean, half, values + other.values);
    }

    /** The standard error of the mean. */
    private double error() {
        return values < 2 ? Double.NaN : halfWidth / quantile(values - 1.0);
    }

    private static double quantile(double freedom) {
        return TDistribution.of(freedom).inverseCumulativeProbability(TWO_SIDED_95);
    }

    /** A mean in per cent as a table shows it: its interval ends within the range. */
    Means percent() {
        return means(0, Math.max(100, mean));
    }

    /** A difference in points as a table shows it. */
    Means points() {
        return means(Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY);
    }

    private Means means(double least, double most) {
        return new Means(
                mean,
                Double.isNaN(halfWidth)
                        ? Optional.empty()
                        : Optional.of(
                                new Interval(Math.max(least, mean - halfWidth), Math.min(most, mean + halfWidth))));
    }
}
