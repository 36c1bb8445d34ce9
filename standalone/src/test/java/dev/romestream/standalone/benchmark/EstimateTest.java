package dev.romestream.standalone.benchmark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class EstimateTest {
    /** Student's quantile from a table: 2.571 of five degrees of freedom. */
    @Test
    void theIntervalIsStudentsOverAllValuesWhereSeedsDoNotDiffer() {
        Estimate estimate = Estimate.of(Map.of(1L, List.of(10.0, 20.0, 30.0), 2L, List.of(30.0, 20.0, 10.0)));
        assertThat(estimate.mean()).isEqualTo(20);
        // the deviation of 10, 20, 30, 30, 20, 10 is the root of 400 / 5
        assertThat(estimate.halfWidth()).isCloseTo(2.571 * Math.sqrt(80) / Math.sqrt(6), within(0.01));
        assertThat(estimate.values()).isEqualTo(6);
        assertThat(Estimate.of(Map.of(1L, List.of(0.0, 1.0)))
                        .percent()
                        .interval()
                        .orElseThrow()
                        .low())
                .isZero();
    }

    @Test
    void theVarianceIsThatOfTheMeansOfSeedsWhereVictimsOfASeedAreAlike() {
        Estimate estimate =
                Estimate.of(Map.of(1L, List.of(10.0, 10.0), 2L, List.of(20.0, 20.0), 3L, List.of(30.0, 30.0)));
        // two values of each mean, whose variance is 100
        assertThat(estimate.halfWidth()).isCloseTo(2.571 * Math.sqrt(2 * 100 / 6.0), within(0.01));
    }

    @Test
    void oneValueHasNoInterval() {
        Estimate one = Estimate.of(Map.of(1L, List.of(10.0)));
        assertThat(one.halfWidth()).isNaN();
        assertThat(one.percent().interval()).isEmpty();
        assertThat(one.less(Estimate.of(Map.of(1L, List.of(1.0, 2.0)))).points().interval())
                .isEmpty();
    }

    /** Variances of 10 and 40 over five values each: errors of the root of 2 and of 8, 5.88 degrees of freedom by Welch's formula. */
    @Test
    void theIntervalOfADifferenceIsWelchs() {
        double spread = Math.sqrt(10);
        Estimate first = Estimate.of(Map.of(1L, List.of(20 - spread, 20 - spread, 20.0, 20 + spread, 20 + spread)));
        Estimate second =
                Estimate.of(Map.of(1L, List.of(5 - 2 * spread, 5 - 2 * spread, 5.0, 5 + 2 * spread, 5 + 2 * spread)));
        Estimate difference = first.less(second);
        assertThat(difference.mean()).isEqualTo(15);
        // Student's quantile: 2.447 of six degrees of freedom, 2.571 of five
        assertThat(difference.halfWidth() / Math.sqrt(10)).isBetween(2.447, 2.48);
        assertThat(difference.points().isClear()).isTrue();
    }
}
