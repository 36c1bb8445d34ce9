package dev.romestream.robustness.metric;

/** A 95 % interval, in per cent. */
public record Interval(double low, double high) {
    static final double Z95 = 1.959963984540054;
    /** Half the 5 % quantiles of chi-squared at 2, 4 and 6 degrees of freedom: means of Poisson's for which 1, 2 and 3 are many. */
    private static final double[] FEW = {0.051293294, 0.355361510, 0.817691447};

    private static final int SMALL = 50;

    /**
     * Wilson's score interval of a proportion (Wilson 1927), with its bound on the side of the end corrected where the count is at
     * most 3 from that end (Brown, Cai and DasGupta, Stat. Sci. 16, 2001, section 4.1.1): without it, proportions just beside 0 and 1
     * are covered in 84 % of the cases instead of 95.
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
        return new Interval(Math.min(low, few(correct, count)), Math.max(high, 100 - few(count - correct, count)));
    }

    private static double few(long hits, long count) {
        int most = count <= SMALL ? FEW.length - 1 : FEW.length;
        return hits < 1 || hits > most ? 100 : 100 * FEW[(int) hits - 1] / count;
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
