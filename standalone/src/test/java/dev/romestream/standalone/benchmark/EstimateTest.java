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
        assertThat(one.isClearlyAbove(Estimate.of(Map.of(1L, List.of(1.0, 1.0)))))
                .isFalse();
    }

    @Test
    void clearlyAboveIsWhatDoesNotOverlap() {
        Estimate low = new Estimate(10, 2, 9);
        assertThat(new Estimate(15, 2.5, 9).isClearlyAbove(low)).isTrue();
        assertThat(new Estimate(14, 2.5, 9).isClearlyAbove(low)).isFalse();
        assertThat(low.isClearlyAbove(new Estimate(15, 2.5, 9))).isFalse();
    }
}
