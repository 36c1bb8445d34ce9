package dev.romestream.exchange.identity;

import static org.assertj.core.api.Assertions.assertThat;

import dev.romestream.schemas.DType;
import dev.romestream.schemas.DatasetSpec;
import dev.romestream.schemas.DesiredState;
import dev.romestream.schemas.DistillationSpec;
import dev.romestream.schemas.EvaluationSpec;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.NamedTensor;
import dev.romestream.schemas.Network;
import dev.romestream.schemas.NetworkCheck;
import dev.romestream.schemas.NetworkNorm;
import dev.romestream.schemas.NetworkRole;
import dev.romestream.schemas.NetworkSpec;
import dev.romestream.schemas.NetworkVersion;
import dev.romestream.schemas.Split;
import dev.romestream.schemas.SuiteSpec;
import dev.romestream.schemas.Tensor;
import dev.romestream.schemas.VictimRequest;
import dev.romestream.schemas.VictimSpec;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** What changes the identity of a thing, and what does not. */
class IdentityTest {
    private static Experiment experiment(Consumer<Experiment.Builder> change) {
        Experiment.Builder experiment = Experiment.newBuilder()
                .setId("e")
                .setName("e")
                .setRun(0)
                .setDesiredState(DesiredState.RUN)
                .setSeed(1)
                .setDataset(DatasetSpec.newBuilder().setName("shapes10").build())
                .setDistillation(
                        DistillationSpec.newBuilder().setMethod("random").build())
                .setEvaluation(evaluation("pixels", 1));
        change.accept(experiment);
        return experiment.build();
    }

    private static EvaluationSpec evaluation(String suite, int victims) {
        return EvaluationSpec.newBuilder()
                .setVictims(List.of(VictimSpec.newBuilder().setCount(victims).build()))
                .setSuites(List.of(SuiteSpec.newBuilder().setName(suite).build()))
                .build();
    }

    private static void changes(Function<Experiment, String> identity, Consumer<Experiment.Builder> change) {
        assertThat(identity.apply(experiment(change))).isNotEqualTo(identity.apply(experiment(same -> {})));
    }

    private static void leaves(Function<Experiment, String> identity, Consumer<Experiment.Builder> change) {
        assertThat(identity.apply(experiment(change))).isEqualTo(identity.apply(experiment(same -> {})));
    }

    @Test
    void whatIsSaidOfAnExperimentDoesNotChangeItsFigures() {
        Function<Experiment, String> figures = Identity::specification;
        leaves(figures, e -> e.setRun(3));
        leaves(figures, e -> e.setDesiredState(DesiredState.PAUSE));
        leaves(figures, e -> e.setName("another"));
        leaves(figures, e -> e.setSweep("sweep"));
        changes(figures, e -> e.setSeed(2));
        changes(
                figures,
                e -> e.setDataset(DatasetSpec.newBuilder().setName("mnist").build()));
        changes(
                figures,
                e -> e.setDistillation(
                        DistillationSpec.newBuilder().setMethod("dm").build()));
        changes(figures, e -> e.setEvaluation(evaluation("model", 1)));
        changes(figures, e -> e.setEvaluation(evaluation("pixels", 2)));
    }

    @Test
    void howASetIsEvaluatedDoesNotChangeTheSet() {
        Function<Experiment, String> snapshots = Identity::distillation;
        leaves(snapshots, e -> e.setEvaluation(evaluation("model", 2)));
        changes(snapshots, e -> e.setSeed(2));
        changes(
                snapshots,
                e -> e.setDataset(DatasetSpec.newBuilder().setName("mnist").build()));
    }

    @Test
    void whichSuitesAttackAVictimDoesNotChangeTheVictim() {
        Function<Experiment, String> victim = e -> Identity.victim(
                VictimRequest.newBuilder()
                        .setId("any")
                        .setSequence(e.getRun())
                        .setExperiment(e)
                        .setTask(new NetworkCheck(new NetworkVersion("n", 0, "")))
                        .build(),
                "fingerprint");
        leaves(victim, e -> e.setEvaluation(evaluation("model", 1)));
        leaves(victim, e -> e.setRun(7));
        changes(victim, e -> e.setEvaluation(evaluation("pixels", 2)));
        changes(victim, e -> e.setSeed(2));
    }

    private static Network network(String id, int version, float weight) {
        ByteBuffer bytes = ByteBuffer.allocate(Float.BYTES).putFloat(weight).flip();
        return Network.newBuilder()
                .setId(id)
                .setVersion(version)
                .setRole(NetworkRole.MONITORED)
                .setArchitecture(new NetworkSpec("convnet", 1, 1, NetworkNorm.INSTANCE))
                .setInputShape(List.of(1, 1, 1))
                .setClasses(2)
                .setMean(List.of(0.5))
                .setStd(List.of(0.2))
                .setParameters(List.of(new NamedTensor("weight", new Tensor(List.of(1), DType.FLOAT32, bytes))))
                .build();
    }

    @Test
    void aNetworkIsWhatItComputesWhateverItIsCalled() {
        String digest = Identity.network(network("n", 0, 1));
        assertThat(Identity.network(network("another", 3, 1))).isEqualTo(digest);
        assertThat(Identity.network(network("n", 0, 2))).isNotEqualTo(digest);
        Network normalised = network("n", 0, 1);
        normalised.setStd(List.of(0.3));
        assertThat(Identity.network(normalised)).isNotEqualTo(digest);
    }

    @Test
    void imagesAreTheirIdsInOrder() {
        String digest = Identity.images("f", Split.TEST, new int[] {0, 1, 2});
        assertThat(digest).matches("[0-9a-f]{64}");
        assertThat(Identity.images("f", Split.TEST, new int[] {0, 2, 1})).isNotEqualTo(digest);
        assertThat(Identity.images("g", Split.TEST, new int[] {0, 1, 2})).isNotEqualTo(digest);
        assertThat(Identity.images("f", Split.TRAIN, new int[] {0, 1, 2})).isNotEqualTo(digest);
    }
}
