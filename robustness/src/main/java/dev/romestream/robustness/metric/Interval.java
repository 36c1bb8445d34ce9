package dev.romestream.robustness.metric;

/** A 95 % interval, in per cent. */
public record Interval(double low, double high) {
    static final double Z95 = 1.959963984540054;

    /**
     * Wilson's score interval of a proportion (Wilson 1927).
     *
     * @param count at least 1
     */
    public static Interval wilson(long correct, long count) {
        if (count < 1 || correct < 0 || correct > count) {
            throw new IllegalArgumentException(correct + " of " + count + " is not a proportion.");
        }
        double p = (double) correct / count;
        double square = Z95 * Z95;
        double centre = p + square / (2 * count);
        double half = Z95 * Math.sqrt(p * (1 - p) / count + square / (4.0 * count * count));
        double scale = 1 + square / count;
        // the ends of the range are ends of the interval, which rounding would miss
        double low = correct == 0 ? 0 : 100 * (centre - half) / scale;
        double high = correct == count ? 100 : 100 * (centre + half) / scale;
        return new Interval(low, high);
    }

    /**
     * Of the difference of two independent figures, from the interval of each (Newcombe, Stat. Med. 17, 1998, method 10; for
     * any figures Zou and Donner 2008).
     */
    public static Interval ofDifference(double first, Interval ofFirst, double second, Interval ofSecond) {
        double difference = first - second;
        return new Interval(
                difference - Math.hypot(first - ofFirst.low(), ofSecond.high() - second),
                difference + Math.hypot(ofFirst.high() - first, second - ofSecond.low()));
    }

    public boolean contains(double value) {
        return low <= value && value <= high;
    }
}
