package dev.romestream.robustness.metric;

import dev.romestream.robustness.tensor.Seed;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.DoubleStream;

/**
 * How often intervals hold the truth: networks whose accuracies are known, images drawn for them again and again. Images are equally
 * hard for all attacks (and both networks), or hard for each on their own. {@code main} prints the table of docs/metrics.md.
 */
final class CoverageSimulation {
    private static final List<List<Double>> STANDING = List.of(
            List.of(0.0),
            List.of(0.02),
            List.of(0.1),
            List.of(0.5),
            List.of(0.9),
            List.of(1.0),
            List.of(0.5, 0.5),
            List.of(0.1, 0.6),
            List.of(0.0, 0.3),
            List.of(0.5, 0.5, 0.5),
            List.of(0.05, 0.3, 0.8),
            List.of(0.9, 0.95, 1.0),
            List.of(0.0, 0.1, 0.2, 0.3, 0.5, 0.7));

    /**
     * A network.
     *
     * @param clean its accuracy
     * @param standing for each attack, the share of what is right that stays right
     */
    record Network(double clean, List<Double> standing) {
        double worst(boolean equallyHard) {
            DoubleStream each = standing.stream().mapToDouble(share -> share);
            return 100 * clean * (equallyHard ? each.min().orElseThrow() : each.reduce(1, (a, b) -> a * b));
        }

        double value(Ratio ratio) {
            double mean = standing.stream()
                    .mapToDouble(share -> clean - clean * share)
                    .average()
                    .orElseThrow();
            double drop = standing.stream()
                    .mapToDouble(share -> clean - clean * share)
                    .max()
                    .orElseThrow();
            return ratio == Ratio.RR && drop == 0 ? Double.NaN : ratio.of(clean, mean, drop, 0, standing.size());
        }
    }

    /** The coverage of one interval in one cell of the grid. */
    record Cell(String metric, String where, double coverage, double width) {}

    private final int repetitions;
    private final List<Cell> cells = new ArrayList<>();

    CoverageSimulation(int repetitions) {
        this.repetitions = repetitions;
    }

    List<Cell> run(List<Integer> sizes, List<Double> accuracies) {
        for (int images : sizes) {
            for (double clean : accuracies) {
                for (int i = 0; i < STANDING.size(); i++) {
                    Network first = new Network(clean, STANDING.get(i));
                    // another network as good, and attacked otherwise
                    List<Double> others = STANDING.get((i + 3) % STANDING.size());
                    Network second = new Network(Math.min(1, 0.05 + 0.9 * clean), others);
                    for (boolean equallyHard : new boolean[] {true, false}) {
                        cell(images, first, second, equallyHard);
                    }
                }
            }
        }
        return cells;
    }

    private void cell(int images, Network first, Network second, boolean equallyHard) {
        String where = images + " images, " + first + (equallyHard ? ", equally hard" : ", each on its own");
        SplittableRandom random = new Seed(7).with(where).random();
        List<List<Outcomes>> drawn = new ArrayList<>();
        for (int i = 0; i < repetitions; i++) {
            drawn.add(draw(images, first, second, equallyHard, random));
        }
        cover(
                "worst case",
                where,
                first.worst(equallyHard),
                drawn,
                pair -> Optional.of(Interval.wilson(right(pair.get(0)).cardinality(), images)));
        cover("worst case, difference", where, first.worst(equallyHard) - second.worst(equallyHard), drawn, pair -> {
            BitSet won = right(pair.get(0));
            won.andNot(right(pair.get(1)));
            BitSet lost = right(pair.get(1));
            lost.andNot(right(pair.get(0)));
            PairedDifference difference = new PairedDifference(images, won.cardinality(), lost.cardinality());
            return Optional.of(new Interval(difference.low(), difference.high()));
        });
        Map.of("I-RR", Ratio.IRR, "RR", Ratio.RR).forEach((name, ratio) -> {
            cover(name, where, first.value(ratio), drawn, pair -> RatioInterval.of(ratio, pair.get(0)));
            cover(
                    name + ", difference",
                    where,
                    first.value(ratio) - second.value(ratio),
                    drawn,
                    pair -> RatioInterval.ofDifference(ratio, pair.get(0), pair.get(1)));
        });
    }

    private void cover(
            String metric,
            String where,
            double wanted,
            List<List<Outcomes>> drawn,
            Function<List<Outcomes>, Optional<Interval>> interval) {
        List<Interval> intervals =
                drawn.stream().map(interval).flatMap(Optional::stream).toList();
        if (Double.isNaN(wanted) || intervals.size() < drawn.size() / 2) {
            return;
        }
        // up to rounding
        long held = intervals.stream()
                .filter(one -> one.low() - 1e-9 <= wanted && wanted <= one.high() + 1e-9)
                .count();
        cells.add(new Cell(
                metric,
                where,
                100.0 * held / intervals.size(),
                intervals.stream()
                        .mapToDouble(one -> one.high() - one.low())
                        .average()
                        .orElseThrow()));
    }

    private static BitSet right(Outcomes outcomes) {
        BitSet right = (BitSet) outcomes.clean().clone();
        outcomes.attacked().forEach(right::and);
        return right;
    }

    private static List<Outcomes> draw(
            int images, Network first, Network second, boolean equallyHard, SplittableRandom random) {
        BitSet all = new BitSet();
        all.set(0, images);
        List<Network> networks = List.of(first, second);
        List<Outcomes> outcomes = networks.stream()
                .map(network -> new Outcomes(
                        all,
                        new BitSet(),
                        network.standing().stream().map(any -> new BitSet()).toList()))
                .toList();
        for (int image = 0; image < images; image++) {
            double cleanly = random.nextDouble();
            double attacked = random.nextDouble();
            for (int i = 0; i < networks.size(); i++) {
                cleanly = equallyHard ? cleanly : random.nextDouble();
                boolean right = cleanly < networks.get(i).clean();
                outcomes.get(i).clean().set(image, right);
                for (int k = 0; k < networks.get(i).standing().size(); k++) {
                    attacked = equallyHard ? attacked : random.nextDouble();
                    outcomes.get(i)
                            .attacked()
                            .get(k)
                            .set(
                                    image,
                                    right
                                            && attacked
                                                    < networks.get(i).standing().get(k));
                }
            }
        }
        return outcomes;
    }

    /** For each metric: cells, mean coverage, the least one, and the cells below 90. */
    static String table(List<Cell> cells) {
        Map<String, List<Cell>> byMetric = new TreeMap<>();
        cells.forEach(cell -> byMetric.computeIfAbsent(cell.metric(), any -> new ArrayList<>())
                .add(cell));
        StringBuilder table =
                new StringBuilder("| metric | cells | mean, % | least, % | below 90 |\n|---|---|---|---|---|\n");
        byMetric.forEach((metric, own) -> table.append(String.format(
                Locale.ROOT,
                "| %s | %d | %.1f | %.1f | %d |%n",
                metric,
                own.size(),
                coverages(own).average().orElseThrow(),
                coverages(own).min().orElseThrow(),
                coverages(own).filter(coverage -> coverage < 90).count())));
        return table.toString();
    }

    private static DoubleStream coverages(List<Cell> cells) {
        return cells.stream().mapToDouble(Cell::coverage);
    }

    public static void main(String[] arguments) {
        int repetitions = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 1000;
        List<Cell> cells = new CoverageSimulation(repetitions)
                .run(List.of(32, 100, 320, 1000), List.of(0.05, 0.1, 0.3, 0.6, 0.9, 1.0));
        System.out.print(table(cells));
        cells.stream()
                .sorted((a, b) -> Double.compare(a.coverage(), b.coverage()))
                .limit(20)
                .forEach(System.out::println);
    }
}
