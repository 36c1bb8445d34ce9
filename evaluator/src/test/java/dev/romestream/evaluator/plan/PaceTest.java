package dev.romestream.evaluator.plan;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PaceTest {
    /** Of 700 images, 500 had been seen before the break. */
    @Test
    void whatWasDoneBeforeABreakCountsNothing() {
        PlanStatus.Pace pace = new PlanStatus.Pace(10_000, 500);
        assertThat(pace.rate(700, 12_000)).isEqualTo(100);
        assertThat(pace.rate(510, 10_500)).as("too early to tell").isZero();
    }
}
