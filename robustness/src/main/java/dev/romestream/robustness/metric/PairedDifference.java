package dev.romestream.robustness.metric;

/**
 * The difference of two accuracies on the same images, in points, with its 95 % interval: McNemar's discordant images, with the
 * correction of Bonett and Price (Fagerland, Lydersen and Laake, Stat. Med. 33, 2014).
 *
 * @param won images that only the first has right
 * @param lost images that only the second has right
 */
public record PairedDifference(int images, int won, int lost) {
    private static final double PERCENT = 100;

    /**
     * Counts.
     *
     * @param first for each image 1 or 0, as {@code perImage} has it
     * @param second of as many images
     */
    public static PairedDifference of(String first, String second) {
        if (first.length() != second.length() || first.isEmpty()) {
            throw new IllegalArgumentException(
                    "Outcomes of " + first.length() + " and of " + second.length() + " images are no pairs.");
        }
        int won = 0;
        int lost = 0;
        for (int i = 0; i < first.length(); i++) {
            boolean here = first.charAt(i) == '1';
            boolean there = second.charAt(i) == '1';
            won += here && !there ? 1 : 0;
            lost += there && !here ? 1 : 0;
        }
        return new PairedDifference(first.length(), won, lost);
    }

    /** First less second, in points. */
    public double points() {
        return PERCENT * (won - lost) / images;
    }

    private double corrected(int count) {
        return (count + 1.0) / (images + 2);
    }

    private double halfWidth() {
        double p = corrected(won);
        double q = corrected(lost);
        return Interval.Z95 * Math.sqrt((p + q - (p - q) * (p - q)) / (images + 2));
    }

    /** The lower bound, in points. */
    public double low() {
        return Math.max(-PERCENT, PERCENT * (corrected(won) - corrected(lost) - halfWidth()));
    }

    /** The upper bound, in points. */
    public double high() {
        return Math.min(PERCENT, PERCENT * (corrected(won) - corrected(lost) + halfWidth()));
    }
}
