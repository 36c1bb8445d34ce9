package dev.romestream.robustness.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Golden vectors: the published log of BACON on CIFAR-10. */
class RobustnessRatiosTest {
    @Test
    void targetedFiguresAgreeWithThePublishedLog() {
        var ratios =
                RobustnessRatios.of(44.95, List.of(29.59, 30.61, 33.73, 36.58), 2.25, List.of(3.01, 8.52, 8.71, 73.94));
        assertThat(ratios.rr().orElseThrow()).isCloseTo(19.78, within(0.005));
        assertThat(ratios.irr().orElseThrow()).isCloseTo(90.63, within(0.005));
        assertThat(ratios.ae().orElseThrow()).isCloseTo(29.70, within(0.005));
        assertThat(ratios.crei().orElseThrow()).isCloseTo((19.78 + 29.70) / 2, within(0.01));
        assertThat(ratios.icrei().orElseThrow()).isCloseTo((90.63 + 29.70) / 2, within(0.01));
        assertThat(ratios.irrPlus()).isEqualTo(ratios.irr());
        assertThat(ratios.undefined()).isEmpty();
    }

    @Test
    void untargetedFiguresAgreeWithThePublishedLog() {
        var ratios = RobustnessRatios.of(
                44.95,
                List.of(24.51, 20.78, 33.72, 11.49, 13.68, 17.64),
                2.25,
                List.of(3.12, 8.79, 8.77, 1647.63, 74.66, 762.71));
        assertThat(ratios.rr().orElseThrow()).isCloseTo(26.34, within(0.005));
        assertThat(ratios.irr().orElseThrow()).isCloseTo(59.18, within(0.005));
        assertThat(ratios.ae().orElseThrow()).isCloseTo(25.24, within(0.005));
    }

    @Test
    void tenImagesPerClassAgreeWithThePublishedLog() {
        var targeted = RobustnessRatios.of(61.73, List.of(39.13, 40.10, 44.06, 44.93), 0, List.of(1.0));
        assertThat(targeted.rr().orElseThrow()).isCloseTo(12.94, within(0.005));
        assertThat(targeted.irr().orElseThrow()).isCloseTo(88.33, within(0.005));
        var untargeted = RobustnessRatios.of(61.73, List.of(33.27, 26.45, 44.05, 16.11, 11.84, 23.85), 0, List.of(1.0));
        assertThat(untargeted.rr().orElseThrow()).isCloseTo(28.24, within(0.005));
        assertThat(untargeted.irr().orElseThrow()).isCloseTo(53.13, within(0.005));
    }

    @Test
    void withoutAnyDropTheRobustnessRatioIsUndefinedAndSaysWhy() {
        var ratios = RobustnessRatios.of(50, List.of(50.0, 50.0), 1, List.of(2.0, 3.0));
        assertThat(ratios.rr()).isEmpty();
        assertThat(ratios.undefined()).containsEntry("rr", "no attack lowers the accuracy");
        assertThat(ratios.irr()).contains(100.0);
    }

    @Test
    void atZeroCleanAccuracyTheImprovedRatioIsUndefined() {
        var ratios = RobustnessRatios.of(0, List.of(0.0), 1, List.of(2.0));
        assertThat(ratios.irr()).isEmpty();
        assertThat(ratios.undefined()).containsKeys("irr", "irrPlus", "icrei");
    }

    @Test
    void anAttackThatHelpsIsTakenOffTheImprovedRatioPlus() {
        var ratios = RobustnessRatios.of(50, List.of(40.0, 54.0), 1, List.of(2.0));
        assertThat(ratios.irrPlus().orElseThrow()).isCloseTo(ratios.irr().orElseThrow() - 2, within(1e-9));
    }

    /** The published formula multiplies two negative drops, and would say that an attack that helps does harm. */
    @Test
    void whereNoAttackLowersTheAccuracyTheImprovedRatioIs100() {
        assertThat(RobustnessRatios.of(50, List.of(60.0), 1, List.of(2.0)).irr().orElseThrow())
                .isEqualTo(100);
        // 100 (1 - mean(10, -20) 10 / 50^2)
        assertThat(RobustnessRatios.of(50, List.of(40.0, 70.0), 1, List.of(2.0))
                        .irr()
                        .orElseThrow())
                .isCloseTo(102, within(1e-9));
    }

    @Test
    void wilsonsIntervalAgreesWithTheTables() {
        // 7 of 20: 0.1812 to 0.5671 (Newcombe 1998, by formula)
        Interval interval = Interval.wilson(7, 20);
        assertThat(interval.low()).isCloseTo(18.12, within(0.01));
        assertThat(interval.high()).isCloseTo(56.71, within(0.01));
        assertThat(Interval.wilson(0, 10).low()).isZero();
        assertThat(Interval.wilson(10, 10).high()).isEqualTo(100);
        // 1 of 100: half of chi-squared's 5 % quantile at 2 degrees of freedom
        assertThat(Interval.wilson(1, 100).low()).isCloseTo(-Math.log(0.95), within(1e-6));
        assertThat(Interval.wilson(97, 100).high()).isCloseTo(100 - 0.8177, within(1e-4));
        assertThat(Interval.wilson(4, 100).low()).as("1.566, by formula").isCloseTo(1.566, within(1e-3));
        for (int count = 1; count < 100; count++) {
            assertThat(Interval.wilson(0, count).contains(0)).isTrue();
            assertThat(Interval.wilson(count, count).contains(100)).isTrue();
        }
        assertThatThrownBy(() -> Interval.wilson(3, 2)).hasMessage("3 of 2 is not a proportion.");
    }
}
