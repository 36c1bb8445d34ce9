package dev.romestream.robustness.metric;

import java.util.BitSet;
import java.util.List;
import java.util.Optional;

/** The sampling interval of I-RR over images, by the delta method. Accuracies of the same images are not independent: the sum over images accounts for it. */
public final class RatioInterval {
    private RatioInterval() {}

    /**
     * The 95 % interval of I-RR.
     *
     * @param images those that the clean evaluation and every attack have seen
     * @param clean images classified correctly
     * @param attacked for each attack, images classified correctly under it
     * @return empty where there are fewer than two images or none is classified correctly
     */
    public static Optional<Interval> irr(BitSet images, BitSet clean, List<BitSet> attacked) {
        int n = images.cardinality();
        double a0 = share(images, clean, n);
        if (n < 2 || a0 == 0 || attacked.isEmpty()) {
            return Optional.empty();
        }
        int k = attacked.size();
        double[] shares = new double[k];
        int worst = 0;
        double meanDrop = 0;
        for (int i = 0; i < k; i++) {
            shares[i] = share(images, attacked.get(i), n);
            meanDrop += (a0 - shares[i]) / k;
            worst = shares[i] < shares[worst] ? i : worst;
        }
        double maxDrop = a0 - shares[worst];
        double product = meanDrop * maxDrop;
        double byClean = -(meanDrop + maxDrop) / (a0 * a0) + 2 * product / (a0 * a0 * a0);
        double variance = 0;
        for (int image = images.nextSetBit(0); image >= 0; image = images.nextSetBit(image + 1)) {
            double influence = byClean * (bit(clean, image) - a0);
            for (int i = 0; i < k; i++) {
                double byAttack = (maxDrop / k + (i == worst ? meanDrop : 0)) / (a0 * a0);
                influence += byAttack * (bit(attacked.get(i), image) - shares[i]);
            }
            variance += influence * influence;
        }
        double half = 100 * Interval.Z95 * Math.sqrt(variance) / n;
        double irr = 100 * (1 - product / (a0 * a0));
        return Optional.of(new Interval(irr - half, irr + half));
    }

    private static double share(BitSet images, BitSet correct, int n) {
        BitSet both = (BitSet) images.clone();
        both.and(correct);
        return n == 0 ? 0 : (double) both.cardinality() / n;
    }

    private static int bit(BitSet set, int index) {
        return set.get(index) ? 1 : 0;
    }
}
