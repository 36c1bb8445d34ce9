package dev.romestream.evaluator.score;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.romestream.evaluator.plan.EvaluationPlan;
import dev.romestream.exchange.codec.AttackCodec;
import dev.romestream.exchange.codec.InvalidRecordException;
import dev.romestream.exchange.codec.TensorCodec;
import dev.romestream.exchange.store.NetworkCache;
import dev.romestream.robustness.attack.AttackSettings;
import dev.romestream.robustness.attack.AttackTask;
import dev.romestream.robustness.network.Architecture;
import dev.romestream.robustness.network.ImageShape;
import dev.romestream.robustness.network.LabelledImages;
import dev.romestream.robustness.network.NeuralNetwork;
import dev.romestream.robustness.network.Normalization;
import dev.romestream.robustness.network.ThreatModel.Space;
import dev.romestream.robustness.tensor.Seed;
import dev.romestream.robustness.tensor.Tensors;
import dev.romestream.schemas.Evaluation;
import dev.romestream.schemas.Mode;
import dev.romestream.schemas.PerturbedBatch;
import dev.romestream.schemas.PlannedAttack;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class BatchScorerTest {
    private static final ImageShape SHAPE = new ImageShape(1, 4, 4);
    private static final int[] IDS = {0, 1, 2};

    private final NDManager manager = Tensors.manager("cpu", 1);
    private final LabelledImages images = images();
    private final NetworkCache.Loaded victim = victim();

    private static LabelledImages images() {
        byte[] pixels = new byte[3 * SHAPE.size()];
        var random = new Seed(1).random();
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (byte) random.nextInt(256);
        }
        return new LabelledImages(SHAPE, 2, pixels, new int[] {0, 1, 0});
    }

    private NetworkCache.Loaded victim() {
        Architecture architecture = new Architecture("convnet", 3, 1);
        var parameters = NeuralNetwork.initialParameters(manager, architecture, SHAPE, 2, new Seed(2));
        return new NetworkCache.Loaded(
                new NeuralNetwork(architecture, SHAPE, 2, parameters),
                new Normalization(List.of(0.5), List.of(0.25)),
                manager.newSubManager());
    }

    @AfterEach
    void close() {
        manager.close();
    }

    private PerturbedBatch batch(AttackSettings settings, UnaryOperator<NDArray> change) {
        AttackTask task =
                new AttackTask(settings, SHAPE, images.bytes(IDS), images.labels(IDS), Optional.empty(), new Seed(1));
        NDArray perturbed =
                task.run(manager, victim.network(), victim.normalization()).images();
        var spec = AttackCodec.encode(settings);
        return PerturbedBatch.newBuilder()
                .setRequestId("r")
                .setNetwork("v")
                .setVersion(0)
                .setImages(TensorCodec.encode("The images", change.apply(perturbed)))
                .setLabels(AttackCodec.boxed(images.labels(IDS)))
                .setImageIds(AttackCodec.boxed(IDS))
                .setAttack(spec)
                .setSeconds(1)
                .setGradientEvaluations(0)
                .setForwardEvaluations(0)
                .build();
    }

    /** A plan of one attack on all images. */
    private static Evaluation evaluation(AttackSettings settings) {
        return Evaluation.newBuilder()
                .setKey("e/0/v/s")
                .setExperiment("e")
                .setMethod("rome")
                .setSnapshot(0)
                .setIteration(0)
                .setFinal$(true)
                .setVictim("v")
                .setSuite("s")
                .setDataset("d")
                .setFingerprint("f")
                .setClasses(2)
                .setImages(3)
                .setRequestSize(3)
                .setSeed(0)
                .setAttacks(List.of(PlannedAttack.newBuilder()
                        .setAttack(AttackCodec.encode(settings))
                        .setModes(List.of(Mode.UNTARGETED))
                        .build()))
                .build();
    }

    private BatchScorer.Scores score(AttackSettings settings, PerturbedBatch batch) {
        return new BatchScorer(manager)
                .score(evaluation(settings), new EvaluationPlan.Slot(0, 0), batch, images, victim);
    }

    private static AttackSettings pgd(Space space) {
        return new AttackSettings("pgd", space, false, 0.1, 0.05, 3, true);
    }

    @ParameterizedTest
    @EnumSource(Space.class)
    void whatAnAttackMakesIsAcceptedAndClassified(Space space) {
        assertThat(score(pgd(space), batch(pgd(space), x -> x)).correct()).hasSize(3);
        AttackSettings none = AttackSettings.control("none", space);
        BatchScorer.Scores clean = score(none, batch(none, x -> x));
        assertThat(clean.correct()).hasSize(3);
        assertThat(clean.differing()).isZero();
        AttackSettings clamp = AttackSettings.control("clamp", space);
        assertThat(score(clamp, batch(clamp, x -> x)).correct()).hasSize(3);
    }

    private void refused(AttackSettings settings, UnaryOperator<NDArray> change, String reason) {
        PerturbedBatch batch = batch(settings, change);
        assertThatThrownBy(() -> score(settings, batch))
                .isInstanceOf(InvalidRecordException.class)
                .hasMessageContaining(reason);
    }

    @Test
    void imagesBeyondTheBallAreRefused() {
        refused(pgd(Space.PIXEL), x -> x.sub(0.2).clip(0, 1), "epsilon is 0.1");
    }

    @Test
    void imagesBeyondTheRangeAreRefused() {
        refused(pgd(Space.PIXEL), x -> x.add(0.9), "allowed is 0 to 1");
    }

    @Test
    void valuesThatAreNotFiniteAreRefused() {
        PerturbedBatch batch = batch(pgd(Space.PIXEL), x -> x);
        batch.getImages().getData().order(ByteOrder.LITTLE_ENDIAN).putFloat(0, Float.NaN);
        assertThatThrownBy(() -> score(pgd(Space.PIXEL), batch))
                .isInstanceOf(InvalidRecordException.class)
                .hasMessageContaining("images has the value NaN at position 0")
                .hasMessageContaining("finite");
    }

    @Test
    void aCleanBatchThatDiffersIsRefused() {
        refused(AttackSettings.control("none", Space.PIXEL), x -> x.mul(0.5), "differ from the clean ones");
    }

    @Test
    void anAttackThatIsNotThePlansIsRefused() {
        PerturbedBatch batch = batch(pgd(Space.PIXEL), x -> x);
        batch.setAttack(AttackCodec.encode(pgd(Space.NORMALISED)));
        assertThatThrownBy(() -> score(pgd(Space.PIXEL), batch)).hasMessageContaining("not the one that the plan has");
    }

    @Test
    void someOfARequestsImagesAreAnAnswerToo() {
        PerturbedBatch batch = batch(pgd(Space.PIXEL), x -> x.get("1:"));
        batch.setImageIds(List.of(1, 2));
        boolean[] whole =
                score(pgd(Space.PIXEL), batch(pgd(Space.PIXEL), x -> x)).correct();
        assertThat(score(pgd(Space.PIXEL), batch).correct()).containsExactly(whole[1], whole[2]);
    }

    @Test
    void anImageThatDoesNotExistIsRefused() {
        PerturbedBatch batch = batch(pgd(Space.PIXEL), x -> x);
        batch.setImageIds(List.of(0, 1, 3));
        assertThatThrownBy(() -> score(pgd(Space.PIXEL), batch)).hasMessageContaining("the image ids are [0, 1, 3]");
    }
}
