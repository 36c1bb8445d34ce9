package dev.romestream.evaluator.publish;

import static org.assertj.core.api.Assertions.assertThat;

import dev.romestream.exchange.codec.AttackCodec;
import dev.romestream.robustness.attack.AttackSettings;
import dev.romestream.robustness.network.ThreatModel.Space;
import dev.romestream.schemas.AttackTally;
import dev.romestream.schemas.Evaluation;
import dev.romestream.schemas.Mode;
import dev.romestream.schemas.NetworkVersion;
import dev.romestream.schemas.PlannedAttack;
import dev.romestream.schemas.RobustnessMetrics;
import dev.romestream.schemas.Tally;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Of an evaluation of 1,000 images and 10 classes, whose first images stand. */
class EvaluationFlagsTest {
    private static final int IMAGES = 1000;

    private final List<PlannedAttack> plan = new ArrayList<>();
    private final List<AttackTally> attacks = new ArrayList<>();

    private EvaluationFlagsTest with(PlannedAttack planned, int robust, long zeroGradients, long differing) {
        BitSet seen = new BitSet();
        seen.set(0, IMAGES);
        BitSet correct = new BitSet();
        correct.set(0, robust);
        plan.add(planned);
        attacks.add(AttackTally.newBuilder()
                .setSeen(ByteBuffer.wrap(seen.toByteArray()))
                .setCorrect(ByteBuffer.wrap(correct.toByteArray()))
                .setSeconds(1)
                .setZeroGradients(zeroGradients)
                .setDiffering(differing)
                .build());
        return this;
    }

    /** On the first of the images. */
    private EvaluationFlagsTest unmoved(int images) {
        BitSet unmoved = new BitSet();
        unmoved.set(0, images);
        attacks.get(attacks.size() - 1).setUnmoved(ByteBuffer.wrap(unmoved.toByteArray()));
        return this;
    }

    private EvaluationFlagsTest control(String name, int robust, long differing) {
        var spec = AttackCodec.encode(AttackSettings.control(name, Space.PIXEL));
        PlannedAttack planned = PlannedAttack.newBuilder()
                .setAttack(spec)
                .setRated(false)
                .setModes(List.of(Mode.values()))
                .build();
        return with(planned, robust, 0, differing);
    }

    private EvaluationFlagsTest clean(int robust) {
        return control("none", robust, 0).control("clamp", robust, 0);
    }

    private EvaluationFlagsTest attack(String name, double epsilon, int steps, boolean targeted, int robust) {
        return with(planned(name, epsilon, steps, targeted, null), robust, 0, 0);
    }

    private static PlannedAttack planned(
            String name, double epsilon, int steps, boolean targeted, NetworkVersion source) {
        var settings = new AttackSettings(name, Space.PIXEL, targeted, epsilon, epsilon / 4, steps, false);
        Mode mode = targeted ? Mode.TARGETED : Mode.UNTARGETED;
        return PlannedAttack.newBuilder()
                .setAttack(AttackCodec.encode(settings))
                .setSource(source)
                .setModes(List.of(mode))
                .build();
    }

    private List<String> flags() {
        return metrics().getFlags();
    }

    private RobustnessMetrics metrics() {
        Evaluation evaluation = Evaluation.newBuilder()
                .setKey("e/0/v/s")
                .setRequestSize(10)
                .setSeed(0)
                .setExperiment("e")
                .setMethod("network")
                .setSnapshot(0)
                .setIteration(0)
                .setFinal$(true)
                .setVictim("v")
                .setSuite("own")
                .setDataset("d")
                .setFingerprint("f")
                .setClasses(10)
                .setImages(IMAGES)
                .setAttacks(plan)
                .build();
        return MetricsCalculation.of(
                evaluation, Tally.newBuilder().setPlan("").setAttacks(attacks).build(), Mode.UNTARGETED);
    }

    @Test
    void aSoundEvaluationHasNone() {
        assertThat(clean(600)
                        .attack("pgd", 0.03, 10, false, 100)
                        .attack("pgd", 0.03, 100, false, 92)
                        .attack("pgd", 0.06, 10, false, 20)
                        .attack("pgd", 0.03, 10, true, 400)
                        .attack("square", 0.03, 1000, false, 150)
                        .flags())
                .isEmpty();
    }

    @Test
    void aClampThatCostsAccuracyIsTold() {
        assertThat(control("none", 600, 0).control("clamp", 599, 0).flags()).containsExactly("clamp-differs");
    }

    @Test
    void aNetworkThatGuessesIsTold() {
        assertThat(clean(110).flags()).containsExactly("chance-level");
    }

    @Test
    void aNetworkThatAnswersDifferentlyTheSecondTimeIsTold() {
        assertThat(control("none", 600, 1).control("clamp", 600, 0).flags()).containsExactly("randomised");
    }

    @Test
    void gradientsThatVanishForMoreThanOneImageInAHundredAreTold() {
        PlannedAttack pgd = planned("pgd", 0.03, 10, false, null);
        assertThat(clean(600).with(pgd, 100, 11, 0).flags()).containsExactly("zero-gradient");
        assertThat(new EvaluationFlagsTest().clean(600).with(pgd, 100, 10, 0).flags())
                .isEmpty();
    }

    @Test
    void anAttackThatWasNotMadeOnImagesThatAreRightIsNoMeasure() {
        var cw = planned("cw", 0, 100, false, null);
        assertThat(clean(600).with(cw, 600, 0, 0).unmoved(6).flags()).isEmpty();
        assertThat(new EvaluationFlagsTest()
                        .clean(600)
                        .with(cw, 600, 0, 0)
                        .unmoved(7)
                        .flags())
                .containsExactly("attack-did-not-move");
        assertThat(new EvaluationFlagsTest()
                        .clean(0)
                        .with(cw, 0, 0, 0)
                        .unmoved(1000)
                        .flags())
                .as("images that are wrong anyway")
                .doesNotContain("attack-did-not-move");
    }

    @Test
    void anAttackWithoutGradientsThatBeatsThoseWithIsTold() {
        assertThat(clean(600)
                        .attack("pgd", 0.03, 10, false, 500)
                        .attack("square", 0.03, 1000, false, 497)
                        .flags())
                .containsExactly("black-box-wins");
    }

    @Test
    void anAttackFromAnotherNetworkThatBeatsThoseOnItsOwnIsTold() {
        assertThat(clean(600)
                        .attack("pgd", 0.03, 10, false, 500)
                        .with(planned("pgd", 0.03, 10, false, new NetworkVersion("w", 0, "")), 400, 0, 0)
                        .flags())
                .containsExactly("black-box-wins");
    }

    @Test
    void aSquareInALargerBallThanTheGradientAttacksSaysNothing() {
        assertThat(clean(600)
                        .attack("pgd", 0.03, 10, false, 500)
                        .attack("square", 0.06, 1000, false, 100)
                        .flags())
                .isEmpty();
    }

    @Test
    void aSmallerBallThatHurtsMoreIsTold() {
        assertThat(clean(600)
                        .attack("fgsm", 0.03, 1, false, 300)
                        .attack("fgsm", 0.06, 1, false, 303)
                        .flags())
                .containsExactly("epsilon-not-monotone");
    }

    @Test
    void aTargetedAttackThatHurtsMoreIsTold() {
        assertThat(clean(600)
                        .attack("pgd", 0.03, 10, false, 300)
                        .attack("pgd", 0.03, 10, true, 297)
                        .flags())
                .containsExactly("targeted-beats-untargeted");
    }

    @Test
    void anAttackThatGainsMoreThanAPointByMoreStepsIsTold() {
        assertThat(clean(600)
                        .attack("pgd", 0.03, 10, false, 300)
                        .attack("pgd", 0.03, 100, false, 289)
                        .flags())
                .containsExactly("not-converged");
    }

    @Test
    void anUnratedAttackCountsInTheWorstCaseAndNotInTheRatios() {
        PlannedAttack square = planned("square", 0.03, 1000, false, null);
        square.setRated(false);
        RobustnessMetrics metrics = clean(600)
                .attack("pgd", 0.03, 10, false, 300)
                .with(square, 150, 0, 0)
                .metrics();
        // the one drop is 30 of 60 points: I-RR = 100 (1 - 30 * 30 / 60^2)
        assertThat(metrics.getIrr()).isEqualTo(75);
        assertThat(metrics.getWorstCase().getCorrect()).isEqualTo(150);
        assertThat(metrics.getAttacks().get(3).getRated()).isFalse();
    }
}
