package dev.romestream.robustness.metric;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/**
 * What is right of one network's images, without an attack and under each.
 *
 * @param images those that the clean evaluation and every attack have seen
 * @param clean images classified correctly
 * @param attacked for each attack, images classified correctly under it; at least one
 */
public record Outcomes(BitSet images, BitSet clean, List<BitSet> attacked) {

    /**
     * Of strings as metrics have them, each 1 or 0 for each image in order.
     *
     * @param perImage without an attack, and then under each
     */
    public static Outcomes of(List<String> perImage) {
        BitSet images = new BitSet();
        images.set(0, perImage.get(0).length());
        List<BitSet> sets = new ArrayList<>();
        for (String outcomes : perImage) {
            if (outcomes.length() != perImage.get(0).length()) {
                throw new IllegalArgumentException("Outcomes of " + outcomes.length() + " and of "
                        + perImage.get(0).length() + " images are not of the same ones.");
            }
            sets.add(bits(outcomes));
        }
        return new Outcomes(images, sets.get(0), sets.subList(1, sets.size()));
    }

    /** The images of a string that are right. */
    public static BitSet bits(String perImage) {
        BitSet bits = new BitSet(perImage.length());
        for (int i = 0; i < perImage.length(); i++) {
            bits.set(i, perImage.charAt(i) == '1');
        }
        return bits;
    }

    /** How many attacks there are. */
    int attacks() {
        return attacked.size();
    }

    /** The share of the images that are right; the clean one is column 0, the attacks follow. */
    double share(int column) {
        BitSet right = (BitSet) images.clone();
        right.and(column == 0 ? clean : attacked.get(column - 1));
        return (double) right.cardinality() / images.cardinality();
    }

    /** The attack that leaves least; of several the first. */
    int worst() {
        int worst = 0;
        for (int i = 1; i < attacks(); i++) {
            worst = share(i + 1) < share(worst + 1) ? i : worst;
        }
        return worst;
    }

    /** A ratio of these outcomes themselves, in per cent; not a number where it is undefined. */
    double value(Ratio ratio) {
        double mean = 0;
        for (int i = 1; i <= attacks(); i++) {
            mean += (share(0) - share(i)) / attacks();
        }
        double drop = share(0) - share(worst() + 1);
        boolean defined = share(0) > 0 && (ratio == Ratio.IRR || drop > 0);
        return defined ? ratio.of(share(0), mean, drop, 0, attacks()) : Double.NaN;
    }
}
