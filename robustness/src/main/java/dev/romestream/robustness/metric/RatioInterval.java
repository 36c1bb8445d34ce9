package dev.romestream.robustness.metric;

import dev.romestream.robustness.tensor.Seed;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.apache.commons.rng.UniformRandomProvider;
import org.apache.commons.rng.sampling.distribution.AhrensDieterMarsagliaTsangGammaSampler;

/**
 * Sampling intervals of ratios over images: quantiles of draws from the posterior of the joint outcomes, which are what is right of
 * an image without an attack and under each. The prior is Jeffreys' for the outcomes that matter: half an image that is right
 * always, half an image that falls to every attack, and half an image that is wrong always. The draws are seeded, so that equal
 * outcomes have equal intervals.
 *
 * <p>Which attack takes most is not known for sure either. Taken as the maximum of the draws it would count noise as strength. So
 * each attack that may be the one (in as many draws as a tail has) has quantiles of its own, and the interval is from the least to the largest of them.
 */
public final class RatioInterval {
    private static final int MOST_DRAWS = 1000;
    private static final int LEAST_DRAWS = 250;
    /** Keeps an interval within a few milliseconds, however many kinds of outcomes there are. */
    private static final int MOST_WEIGHTS = 100_000;

    private static final double TAIL = 0.025;
    /** Of an unseen image, as in Jeffreys' prior of a proportion. */
    private static final double HALF = 0.5;

    private static final Seed SEED = new Seed(0).with("interval of a ratio");

    private final Ratio ratio;
    private final List<Outcomes> networks;
    /** For each network: the ratio of its outcomes themselves. */
    private final double[] values;

    private final int draws;
    /** For each network, attack and draw: the ratio, if the attack is the strongest. */
    private final double[][][] ratios;
    /** For each network and attack: draws in which it is the strongest. */
    private final int[][] strongest;

    /**
     * The 95 % interval of a ratio. It holds the ratio, ends within 0 and 100 (or at the ratio, where that is above), and is never a
     * point.
     *
     * @return empty where the ratio is undefined, or cannot be another one: RR of a single attack is 0
     */
    public static Optional<Interval> of(Ratio ratio, Outcomes outcomes) {
        if (!isDefined(ratio, outcomes)) {
            return Optional.empty();
        }
        RatioInterval drawn = new RatioInterval(ratio, List.of(outcomes));
        double value = drawn.values[0];
        Interval interval = interval(drawn.candidates(0), value);
        // where an attack helps much, no draw is below 100: that half an unseen image falls is not ruled out
        double half = HALF / (outcomes.share(0) * outcomes.images().cardinality() + HALF);
        double low =
                value >= Ratio.PERCENT ? Math.min(interval.low(), Ratio.PERCENT * (1 - half * half)) : interval.low();
        return Optional.of(new Interval(low, interval.high()));
    }

    /**
     * The 95 % interval of the difference of two networks' ratios on the same images, in points.
     *
     * @return empty where one of them is undefined
     */
    public static Optional<Interval> ofDifference(Ratio ratio, Outcomes first, Outcomes second) {
        if (!first.images().equals(second.images())) {
            throw new IllegalArgumentException("The outcomes are not of the same images.");
        }
        if (!isDefined(ratio, first) || !isDefined(ratio, second)) {
            return Optional.empty();
        }
        RatioInterval drawn = new RatioInterval(ratio, List.of(first, second));
        List<double[]> differences = new ArrayList<>();
        List<double[]> others = drawn.candidates(1);
        for (double[] one : drawn.candidates(0)) {
            for (double[] other : others) {
                double[] difference = new double[drawn.draws];
                Arrays.setAll(difference, draw -> one[draw] - other[draw]);
                differences.add(difference);
            }
        }
        return Optional.of(interval(differences, drawn.values[0] - drawn.values[1]));
    }

    private static boolean isDefined(Ratio ratio, Outcomes outcomes) {
        return !outcomes.images().isEmpty()
                && !Double.isNaN(outcomes.value(ratio))
                && (ratio == Ratio.IRR || outcomes.attacks() > 1);
    }

    private static Interval interval(List<double[]> candidates, double value) {
        double low = value;
        double high = value;
        for (double[] drawn : candidates) {
            double[] sorted = drawn.clone();
            Arrays.sort(sorted);
            low = Math.min(low, sorted[(int) (TAIL * sorted.length)]);
            high = Math.max(high, sorted[(int) ((1 - TAIL) * sorted.length)]);
        }
        return new Interval(low, high);
    }

    private RatioInterval(Ratio ratio, List<Outcomes> networks) {
        this.ratio = ratio;
        this.networks = networks;
        this.values =
                networks.stream().mapToDouble(network -> network.value(ratio)).toArray();
        Map<int[], Double> weights = weights();
        this.draws = Math.max(LEAST_DRAWS, Math.min(MOST_DRAWS, MOST_WEIGHTS / weights.size()));
        this.ratios = new double[networks.size()][][];
        this.strongest = new int[networks.size()][];
        for (int network = 0; network < networks.size(); network++) {
            ratios[network] = new double[networks.get(network).attacks()][draws];
            strongest[network] = new int[networks.get(network).attacks()];
        }
        draw(weights);
    }

    /** The kinds of outcomes, each as the columns that are right, with their images and what the prior adds. */
    private Map<int[], Double> weights() {
        Map<int[], Double> weights = new TreeMap<>(Arrays::compare);
        BitSet images = networks.get(0).images();
        for (int image = images.nextSetBit(0); image >= 0; image = images.nextSetBit(image + 1)) {
            weights.merge(columns(image), 1.0, Double::sum);
        }
        List<int[]> unseen = List.of(new int[0]);
        int from = 0;
        for (Outcomes network : networks) {
            int[] all = new int[network.attacks() + 1];
            int first = from;
            Arrays.setAll(all, i -> first + i);
            List<int[]> longer = new ArrayList<>();
            for (int[] before : unseen) {
                longer.add(before);
                longer.add(joined(before, new int[] {first}));
                longer.add(joined(before, all));
            }
            unseen = longer;
            from += all.length;
        }
        double each = 3 * HALF / unseen.size();
        unseen.forEach(columns -> weights.merge(columns, each, Double::sum));
        return weights;
    }

    private static int[] joined(int[] first, int[] second) {
        int[] both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }

    private int[] columns(int image) {
        int[] columns =
                new int[networks.stream().mapToInt(one -> one.attacks() + 1).sum()];
        int count = 0;
        int column = 0;
        for (Outcomes network : networks) {
            for (int i = 0; i <= network.attacks(); i++, column++) {
                if ((i == 0 ? network.clean() : network.attacked().get(i - 1)).get(image)) {
                    columns[count++] = column;
                }
            }
        }
        return Arrays.copyOf(columns, count);
    }

    private void draw(Map<int[], Double> weights) {
        SplittableRandom generator = SEED.random();
        UniformRandomProvider random = generator::nextLong;
        int[][] columns = weights.keySet().toArray(int[][]::new);
        var samplers = weights.values().stream()
                .map(weight -> AhrensDieterMarsagliaTsangGammaSampler.of(random, weight, 1))
                .toList();
        var unseen = AhrensDieterMarsagliaTsangGammaSampler.of(random, HALF, 1);
        double[] sums =
                new double[networks.stream().mapToInt(one -> one.attacks() + 1).sum()];
        for (int draw = 0; draw < draws; draw++) {
            Arrays.fill(sums, 0);
            double total = 0;
            for (int kind = 0; kind < columns.length; kind++) {
                double weight = samplers.get(kind).sample();
                total += weight;
                for (int column : columns[kind]) {
                    sums[column] += weight;
                }
            }
            int from = 0;
            for (int network = 0; network < networks.size(); network++) {
                double[] shares = new double[networks.get(network).attacks() + 1];
                double[] only = new double[shares.length - 1];
                for (int i = 0; i < shares.length; i++) {
                    shares[i] = sums[from++] / total;
                }
                for (int i = 0; i < only.length; i++) {
                    only[i] = ratio == Ratio.RR ? unseen.sample() / total : 0;
                }
                accept(network, draw, shares, only);
            }
        }
    }

    /** Takes a draw of a network in: the share that is right without an attack and under each, and what falls to each alone unseen. */
    private void accept(int network, int draw, double[] shares, double[] only) {
        int worst = 0;
        double mean = 0;
        for (int i = 0; i < only.length; i++) {
            mean += (shares[0] - shares[i + 1]) / only.length;
            worst = shares[i + 1] - only[i] < shares[worst + 1] - only[worst] ? i : worst;
        }
        strongest[network][worst]++;
        double most = Math.max(Ratio.PERCENT, values[network]);
        for (int i = 0; i < only.length; i++) {
            double drawn = ratio.of(shares[0], mean, shares[0] - shares[i + 1], only[i], only.length);
            ratios[network][i][draw] = Math.max(0, Math.min(most, drawn));
        }
    }

    /** The draws of a network's ratio, for each attack that may be the strongest. */
    private List<double[]> candidates(int network) {
        List<double[]> candidates = new ArrayList<>();
        int worst = networks.get(network).worst();
        for (int i = 0; i < ratios[network].length; i++) {
            if (i == worst || strongest[network][i] >= TAIL * draws) {
                candidates.add(ratios[network][i]);
            }
        }
        double value = values[network];
        boolean allPlausible = ratio == Ratio.RR && candidates.size() == ratios[network].length;
        if (value <= 0 || value >= Ratio.PERCENT || allPlausible) {
            // an end of the range, which no draw reaches; RR's is reached where all attacks are equally strong
            double[] end = new double[draws];
            Arrays.fill(end, allPlausible ? 0 : value);
            candidates.add(end);
        }
        return candidates;
    }
}
