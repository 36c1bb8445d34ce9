package dev.romestream.robustness.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import org.apache.commons.statistics.distribution.BetaDistribution;
import org.junit.jupiter.api.Test;

class RatioIntervalTest {
    private static BitSet bits(int count) {
        BitSet bits = new BitSet();
        bits.set(0, count);
        return bits;
    }

    /** Of nested images: the first ones are right clean, the first ones of these under each attack. */
    private static Outcomes nested(int images, int clean, Integer... attacked) {
        return new Outcomes(
                bits(images),
                bits(clean),
                List.of(attacked).stream().map(RatioIntervalTest::bits).toList());
    }

    private static Interval irr(Outcomes outcomes) {
        return RatioInterval.of(Ratio.IRR, outcomes).orElseThrow();
    }

    /** Under one attack, x of m right images stay right: their share is Beta(x + 1/2, m - x + 1/2), and I-RR = 100 (1 - (1 - share)^2). */
    @Test
    void underOneAttackItAgreesWithTheBetaDistribution() {
        for (int[] count : new int[][] {{400, 400, 100}, {100, 60, 3}, {1017, 800, 0}, {48, 6, 6}, {32, 20, 19}}) {
            Outcomes outcomes = nested(count[0], count[1], count[2]);
            BetaDistribution share = BetaDistribution.of(count[2] + 0.5, count[1] - count[2] + 0.5);
            Interval interval = irr(outcomes);
            double low = ratio(share.inverseCumulativeProbability(0.025));
            double high = ratio(share.inverseCumulativeProbability(0.975));
            double tolerance = 0.2 * (high - low);
            assertThat(interval.low()).isCloseTo(count[2] == 0 ? 0 : low, within(tolerance));
            assertThat(interval.high()).isCloseTo(count[2] == count[1] ? 100 : high, within(tolerance));
        }
    }

    private static double ratio(double share) {
        return 100 * (1 - (1 - share) * (1 - share));
    }

    @Test
    void itIsNeverAPointAndNeverBeyondTheRange() {
        Random random = new Random(5);
        for (int i = 0; i < 300; i++) {
            int images = 1 + random.nextInt(60);
            List<String> outcomes = new ArrayList<>();
            for (int column = 0; column < 2 + random.nextInt(3); column++) {
                double accuracy = List.of(0.0, random.nextDouble(), 1.0).get(random.nextInt(3));
                outcomes.add(random.doubles(images)
                        .mapToObj(draw -> draw < accuracy ? "1" : "0")
                        .collect(Collectors.joining()));
            }
            Outcomes drawn = Outcomes.of(outcomes);
            for (Ratio ratio : Ratio.values()) {
                double value = drawn.value(ratio);
                RatioInterval.of(ratio, drawn).ifPresent(interval -> {
                    assertThat(interval.low()).as(outcomes.toString()).isBetween(0.0, value);
                    assertThat(interval.high()).isBetween(value, Math.max(100, value));
                    assertThat(interval.high() - interval.low()).isGreaterThan(0.001);
                });
                RatioInterval.ofDifference(
                                ratio,
                                drawn,
                                Outcomes.of(List.of("1".repeat(images), "0".repeat(images), "1".repeat(images))))
                        .ifPresent(interval ->
                                assertThat(interval.high() - interval.low()).isGreaterThan(0.001));
            }
        }
    }

    @Test
    void whatWasSeenAsAPointOrBeyondTheRangeIsNeither() {
        Interval allFall = irr(nested(1017, 600, 0));
        assertThat(allFall.low()).isZero();
        assertThat(allFall.high()).isBetween(0.1, 2.0);
        Interval allStand = irr(nested(48, 6, 6));
        assertThat(allStand.low()).isBetween(60.0, 98.0);
        assertThat(allStand.high()).isEqualTo(100);
        assertThat(irr(nested(20, 3, 2)).low()).isGreaterThanOrEqualTo(0);
    }

    @Test
    void equalOutcomesHaveEqualIntervalsInAnyOrderOfImages() {
        List<Integer> order = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            order.add(i);
        }
        Collections.shuffle(order, new Random(1));
        Outcomes first = nested(200, 130, 70, 40, 55);
        Outcomes second = new Outcomes(
                first.images(),
                moved(first.clean(), order),
                first.attacked().stream().map(set -> moved(set, order)).toList());
        for (Ratio ratio : Ratio.values()) {
            assertThat(RatioInterval.of(ratio, second))
                    .isEqualTo(RatioInterval.of(ratio, first))
                    .isPresent();
        }
    }

    private static BitSet moved(BitSet set, List<Integer> order) {
        BitSet moved = new BitSet();
        set.stream().map(order::get).forEach(moved::set);
        return moved;
    }

    @Test
    void theDifferenceOfANetworkAndItselfIsAboutNothing() {
        Outcomes one = nested(400, 300, 200, 100);
        Interval same = RatioInterval.ofDifference(Ratio.IRR, one, one).orElseThrow();
        assertThat(same.contains(0)).isTrue();
        Interval apart = Interval.ofDifference(one.value(Ratio.IRR), irr(one), one.value(Ratio.IRR), irr(one));
        assertThat(same.high() - same.low())
                .as("in pairs images that are hard for both say nothing of the difference")
                .isLessThan((apart.high() - apart.low()) / 2);
    }

    @Test
    void theRatioOfASingleAttackIsNoneAndThatOfNoRightImageToo() {
        assertThat(RatioInterval.of(Ratio.RR, nested(100, 60, 30))).isEmpty();
        assertThat(RatioInterval.of(Ratio.RR, nested(100, 60, 60, 60))).isEmpty();
        assertThat(RatioInterval.of(Ratio.IRR, nested(100, 0, 0))).isEmpty();
    }

    /** The long form is {@link CoverageSimulation#main}. */
    @Test
    void intervalsHoldTheTruthAsOftenAsTheySay() {
        var cells = new CoverageSimulation(15).run(List.of(32, 200), List.of(0.1, 0.95));
        Map<String, List<Double>> byMetric = cells.stream()
                .collect(Collectors.groupingBy(
                        CoverageSimulation.Cell::metric,
                        Collectors.mapping(CoverageSimulation.Cell::coverage, Collectors.toList())));
        assertThat(byMetric).hasSize(6);
        byMetric.forEach((metric, coverages) -> {
            assertThat(coverages.stream().mapToDouble(value -> value).average().orElseThrow())
                    .as(metric)
                    .isBetween(93.0, 98.5);
            // 15 draws of 90 % have a standard deviation of 7.7
            assertThat(coverages).as(metric).allSatisfy(value -> assertThat(value)
                    .isGreaterThan(60));
        });
    }
}
