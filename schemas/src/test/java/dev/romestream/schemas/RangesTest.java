package dev.romestream.schemas;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class RangesTest {
    private static Experiment.Builder experiment() {
        return Experiment.newBuilder()
                .setId("x")
                .setName("x")
                .setDataset(DatasetSpec.newBuilder().setName("shapes10").build());
    }

    @Test
    void defaultsAreWithinTheirRanges() {
        var distillation = DistillationSpec.newBuilder().setMethod("rome").build();
        assertThat(Ranges.violations(experiment().setDistillation(distillation).build()))
                .isEmpty();
    }

    @Test
    void aNumberOutOfRangeIsNamedWithItsPathValueAndLimit() {
        var distillation = DistillationSpec.newBuilder()
                .setMethod("rome")
                .setAlpha(1.5)
                .setNetwork(new NetworkSpec("convnet", 0, 3, NetworkNorm.INSTANCE))
                .build();
        assertThat(Ranges.violations(experiment().setDistillation(distillation).build()))
                .containsExactlyInAnyOrder(
                        "distillation.alpha is 1.5; the most allowed is 1.",
                        "distillation.network.width is 0; the least allowed is 1.");
    }

    @Test
    void aNumberThatIsNotFiniteIsRefused() {
        var distillation = DistillationSpec.newBuilder()
                .setMethod("rome")
                .setMomentum(Double.NaN)
                .build();
        assertThat(Ranges.violations(experiment().setDistillation(distillation).build()))
                .containsExactly("distillation.momentum is NaN; give a finite number.");
    }
}
