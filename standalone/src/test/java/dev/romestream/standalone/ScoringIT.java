package dev.romestream.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ai.djl.ndarray.NDManager;
import dev.romestream.evaluator.EvaluatorService;
import dev.romestream.evaluator.plan.EvaluationPlan;
import dev.romestream.exchange.codec.NetworkCodec;
import dev.romestream.exchange.identity.Identity;
import dev.romestream.exchange.store.NetworkStore;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.service.Resources;
import dev.romestream.messaging.topic.RecordReader;
import dev.romestream.messaging.topic.RecordSender;
import dev.romestream.messaging.topic.TopicSetup;
import dev.romestream.robustness.attack.Suite;
import dev.romestream.robustness.network.Architecture;
import dev.romestream.robustness.network.ImageShape;
import dev.romestream.robustness.network.NeuralNetwork;
import dev.romestream.robustness.network.Normalization;
import dev.romestream.robustness.tensor.Precision;
import dev.romestream.robustness.tensor.Seed;
import dev.romestream.robustness.tensor.Tensors;
import dev.romestream.schemas.AttackRequest;
import dev.romestream.schemas.DType;
import dev.romestream.schemas.DatasetDescriptor;
import dev.romestream.schemas.DatasetSpec;
import dev.romestream.schemas.DesiredState;
import dev.romestream.schemas.Evaluation;
import dev.romestream.schemas.EvaluationSpec;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.ExperimentStatus;
import dev.romestream.schemas.NetworkVersion;
import dev.romestream.schemas.PerturbedBatch;
import dev.romestream.schemas.SuiteSpec;
import dev.romestream.schemas.Tensor;
import dev.romestream.schemas.Topic;
import dev.romestream.testing.TestCluster;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A data set is described, and its images do not come. */
class ScoringIT {
    private static final ImageShape SHAPE = new ImageShape(1, 8, 8);
    private static final Architecture ARCHITECTURE = new Architecture("convnet", 3, 1);
    private static final Duration LIMIT = Duration.ofMinutes(1);

    @TempDir
    private Path directory;

    private static Experiment experiment(String id) {
        return Experiment.newBuilder()
                .setId(id)
                .setName(id)
                .setDesiredState(DesiredState.RUN)
                .setDataset(DatasetSpec.newBuilder().setName("mnist").build())
                .setDistillation(null)
                .setEvaluation(EvaluationSpec.newBuilder()
                        .setSuites(
                                List.of(SuiteSpec.newBuilder().setName("quick").build()))
                        .build())
                .build();
    }

    private static Evaluation evaluation() {
        Evaluation evaluation = Evaluation.newBuilder()
                .setKey("e/0/n/quick")
                .setExperiment("e")
                .setMethod("rome")
                .setSnapshot(0)
                .setIteration(0)
                .setFinal$(true)
                .setVictim("n")
                .setSuite("quick")
                .setDataset("d")
                .setFingerprint("f")
                .setClasses(2)
                .setImages(2)
                .setRequestSize(2)
                .setSeed(5)
                .setAttacks(EvaluationPlan.attacks(
                        Suite.named("quick"), new NetworkVersion("n", 0, ""), List.of(), Precision.FLOAT32))
                .build();
        evaluation.setPlan(Identity.plan(evaluation));
        return evaluation;
    }

    private static PerturbedBatch batch() {
        AttackRequest request = EvaluationPlan.request(evaluation(), new EvaluationPlan.Slot(0, 0), 0, 0);
        return PerturbedBatch.newBuilder()
                .setRequestId(request.getId())
                .setNetwork("n")
                .setPlan(evaluation().getPlan())
                .setVersion(0)
                .setImages(new Tensor(List.of(2, 1, 8, 8), DType.FLOAT32, ByteBuffer.allocate(2 * 64 * 4)))
                .setLabels(List.of(0, 1))
                .setImageIds(List.of(0, 1))
                .setAttack(request.getAttack())
                .setSeconds(1)
                .setGradientEvaluations(0)
                .setForwardEvaluations(2)
                .build();
    }

    private static DatasetDescriptor dataset() {
        return DatasetDescriptor.newBuilder()
                .setId("d")
                .setName("d")
                .setFingerprint("f")
                .setClasses(List.of("a", "b"))
                .setShape(List.of(1, 8, 8))
                .setMean(List.of(0.5))
                .setStd(List.of(0.25))
                .setTrainImages(2)
                .setTrainBatches(1)
                .setTestImages(2)
                .setTestBatches(1)
                .build();
    }

    private static boolean isScorerWaiting() {
        return Thread.getAllStackTraces().entrySet().stream()
                .anyMatch(thread -> List.of(thread.getValue()).toString().contains("DatasetStore.await"));
    }

    private static List<String> streamThreads() {
        return Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName)
                .filter(name -> name.matches(".*StreamThread-[0-9]+"))
                .toList();
    }

    @Test
    void aScorerThatWaitsForImagesHoldsUpNeitherPlanningNorClosing() {
        try (Resources resources = new Resources()) {
            NDManager manager = resources.add(Tensors.manager("cpu", 1));
            TestCluster cluster = resources.add(TestCluster.start(directory));
            RomeConfig config = RomeConfig.of(cluster.tenant(Map.of()));
            TopicSetup.ensure(config);
            Set<String> told = ConcurrentHashMap.newKeySet();
            var parameters = NeuralNetwork.initialParameters(manager, ARCHITECTURE, SHAPE, 2, new Seed(1));
            NeuralNetwork network = new NeuralNetwork(ARCHITECTURE, SHAPE, 2, parameters);
            EvaluatorService evaluator = new EvaluatorService(config, new SimpleMeterRegistry());
            evaluator.start();
            RecordSender sender = resources.add(new RecordSender(config));
            NetworkStore networks = resources.add(new NetworkStore(config));
            resources.add(new RecordReader<>(
                    config, Topic.EXPERIMENT_STATUS, ExperimentStatus.class, (key, status) -> told.add(key)));
            sender.send(Topic.EXPERIMENTS, "before", experiment("before"));
            await("the planner is at work").atMost(LIMIT).until(() -> told.contains("before/evaluator"));

            networks.send(sender, NetworkCodec.victim("n", 0, network, new Normalization(List.of(0.5), List.of(0.25))));
            sender.send(Topic.DATASETS, "d", dataset());
            sender.send(Topic.EVALUATIONS, evaluation().getKey(), evaluation());
            sender.flush();
            networks.awaitCurrent();
            sender.send(Topic.PERTURBED_BATCHES, evaluation().getKey(), batch());
            await("the scorer waits for images").atMost(LIMIT).until(ScoringIT::isScorerWaiting);
            sender.send(Topic.EXPERIMENTS, "after", experiment("after"));
            await("the planner goes on").atMost(LIMIT).until(() -> told.contains("after/evaluator"));
            evaluator.close();
            assertThat(streamThreads()).as("after closing").isEmpty();
        }
    }
}
