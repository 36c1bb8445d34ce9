package dev.romestream.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.awaitility.Awaitility.await;

import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.topic.RecordSender;
import dev.romestream.messaging.topic.TopicNames;
import dev.romestream.messaging.topic.TopicReader;
import dev.romestream.schemas.AttackAccuracy;
import dev.romestream.schemas.DesiredState;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.Mode;
import dev.romestream.schemas.RobustnessMetrics;
import dev.romestream.schemas.Topic;
import dev.romestream.standalone.result.Results;
import dev.romestream.standalone.stack.LocalStack;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whole experiments through every service, started by nothing but a record on the experiments topic. */
class PipelineIT {
    private static final Duration LIMIT = Duration.ofMinutes(3);
    /** Two snapshots, two victims, two suites, two modes. */
    private static final int FIGURES = 16;

    @TempDir
    private static Path directory;

    private static TestCluster cluster;

    @BeforeAll
    static void start() {
        cluster = TestCluster.start(directory);
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    private static void submit(RomeConfig config, List<Experiment> experiments) {
        try (RecordSender sender = new RecordSender(config)) {
            experiments.forEach(experiment -> sender.send(Topic.EXPERIMENTS, experiment.getId(), experiment));
            sender.flush();
        }
    }

    private static Results completed(RomeConfig config, List<Experiment> experiments, int figures) {
        await().atMost(LIMIT).pollInterval(Duration.ofSeconds(1)).until(() -> {
            Results results = Results.read(config);
            return experiments.stream().allMatch(experiment -> {
                List<RobustnessMetrics> metrics = results.metrics(experiment.getId());
                return metrics.size() == figures && metrics.stream().allMatch(RobustnessMetrics::getComplete);
            });
        });
        return Results.read(config);
    }

    private static List<List<Long>> outcomes(Results results, Experiment experiment) {
        return results.metrics(experiment.getId()).stream()
                .map(metrics -> metrics.getAttacks().stream()
                        .map(AttackAccuracy::getCorrect)
                        .toList())
                .toList();
    }

    private static List<ConsumerRecord<String, byte[]>> records(RomeConfig config, Topic topic) {
        Queue<ConsumerRecord<String, byte[]>> records = new ConcurrentLinkedQueue<>();
        try (TopicReader reader = new TopicReader(config, topic, records::add)) {
            reader.awaitCaughtUp(LIMIT);
        }
        return List.copyOf(records);
    }

    @Test
    void everyFigureIsCompleteAndFollowsFromItsAccuracies() {
        RomeConfig config = cluster.tenant(Map.of());
        List<Experiment> experiments = TestExperiment.with(Map.of());
        try (LocalStack stack = LocalStack.connect(config)) {
            submit(config, experiments);
            Results results = completed(config, experiments, FIGURES);
            assertThat(stack.deadService()).isEmpty();
            for (RobustnessMetrics metrics : results.metrics(experiments.get(0).getId())) {
                checkFigures(metrics);
            }
        }
        assertThat(records(config, Topic.DEAD_LETTERS)).isEmpty();
    }

    private static void checkFigures(RobustnessMetrics metrics) {
        List<AttackAccuracy> attacks = metrics.getAttacks();
        assertThat(attacks)
                .extracting(AttackAccuracy::getAttack)
                .containsExactly("none", "clamp", "fgsm", "pgd", "pgd_l2");
        assertThat(attacks).allSatisfy(attack -> {
            assertThat(attack.getCount()).isEqualTo(40);
            assertThat(attack.getAccuracy()).isCloseTo(100.0 * attack.getCorrect() / 40, within(1e-9));
            assertThat(attack.getAccuracy())
                    .isBetween(attack.getInterval().get(0), attack.getInterval().get(1));
        });
        assertThat(metrics.getClean().getCorrect()).isEqualTo(attacks.get(0).getCorrect());
        assertThat(attacks.get(3).getGradientEvaluations()).isEqualTo(40 * 10);
        if (metrics.getSuite().equals("pixel-2")) {
            assertThat(attacks.get(1).getCorrect()).isEqualTo(attacks.get(0).getCorrect());
            assertThat(metrics.getFlags()).doesNotContain("clamp-differs");
        }
        double clean = metrics.getClean().getAccuracy();
        List<Double> drops = attacks.stream()
                .filter(attack -> !attack.getControl())
                .map(attack -> clean - attack.getAccuracy())
                .toList();
        double mean = drops.stream().mapToDouble(d -> d).average().orElseThrow();
        double max = drops.stream().mapToDouble(d -> d).max().orElseThrow();
        assertThat(drops).hasSize(3);
        assertThat(metrics.getIrr()).isCloseTo(100 * (1 - mean * max / (clean * clean)), within(1e-9));
        if (max != 0) {
            assertThat(metrics.getRr()).isCloseTo(100 * (1 - mean / max), within(1e-9));
        }
        assertThat(metrics.getWorstCase().getAccuracy()).isLessThanOrEqualTo(clean - max + 1e-9);
        assertThat(metrics.getFinal$()).isEqualTo(metrics.getSnapshot() == 1);
        assertThat(metrics.getIteration()).isEqualTo(metrics.getSnapshot() == 1 ? 6 : 3);
    }

    @Test
    void oneOrThreeAttackersAndShareOrConsumerGroupsGiveTheSameImagesAndOutcomes() {
        List<Experiment> experiments = TestExperiment.with(Map.of());
        List<float[]> images = new ArrayList<>();
        List<List<List<Long>>> outcomes = new ArrayList<>();
        for (Map<String, String> settings : List.of(
                Map.of("attacker.count", "1"),
                Map.of("attacker.count", "3", "pool.trainer.count", "2"),
                Map.of("attacker.count", "2", "queue.type", "consumer", "prior.window.iterations", "1"))) {
            RomeConfig config = cluster.tenant(settings);
            try (LocalStack stack = LocalStack.connect(config)) {
                submit(config, experiments);
                Results results = completed(config, experiments, FIGURES);
                images.add(
                        results.images(experiments.get(0).getId()).orElseThrow().pixels());
                outcomes.add(outcomes(results, experiments.get(0)));
                assertThat(stack.deadService()).isEmpty();
            }
        }
        assertThat(images.get(1)).isEqualTo(images.get(0));
        assertThat(images.get(2)).isEqualTo(images.get(0));
        assertThat(outcomes.get(1)).isEqualTo(outcomes.get(0));
        assertThat(outcomes.get(2)).isEqualTo(outcomes.get(0));
    }

    @Test
    void streamedAndInlinePriorsGiveTheSameImagesByteForByteAndAnotherSeedDoesNot() {
        List<Experiment> experiments = new ArrayList<>();
        String single = "evaluation.suites";
        experiments.addAll(TestExperiment.with(Map.of("distillation.prior.mode", "streamed", single, "[pixel-2]")));
        experiments.addAll(TestExperiment.with(Map.of("distillation.prior.mode", "inline", single, "[pixel-2]")));
        experiments.addAll(TestExperiment.with(Map.of("seed", "4", single, "[pixel-2]")));
        RomeConfig config = cluster.tenant(Map.of());
        try (LocalStack stack = LocalStack.connect(config)) {
            submit(config, experiments);
            Results results = completed(config, experiments, FIGURES / 2);
            List<float[]> images = experiments.stream()
                    .map(experiment ->
                            results.images(experiment.getId()).orElseThrow().pixels())
                    .toList();
            assertThat(images.get(1)).isEqualTo(images.get(0));
            assertThat(images.get(2)).isNotEqualTo(images.get(0));
            assertThat(stack.deadService()).isEmpty();
        }
    }

    @Test
    void experimentsThatDifferInWhatIsDistilledShareNetworksAndPriors() {
        List<Experiment> experiments = TestExperiment.with(Map.of(
                "sweep",
                "{distillation.alpha: [0.2, 0.9]}",
                "evaluation.suites",
                "[pixel-2]",
                "evaluation.images",
                "32"));
        RomeConfig config = cluster.tenant(Map.of());
        try (LocalStack stack = LocalStack.connect(config)) {
            submit(config, experiments.subList(0, 1));
            completed(config, experiments.subList(0, 1), FIGURES / 2);
            int trainings = records(config, Topic.POOL_REQUESTS).size();
            int priors = records(config, Topic.PRIOR_REQUESTS).size();
            // six iterations of ten classes, four images in one request
            assertThat(priors).isEqualTo(60);
            submit(config, experiments.subList(1, 2));
            Results results = completed(config, experiments, FIGURES / 2);
            assertThat(records(config, Topic.POOL_REQUESTS)).hasSize(trainings);
            assertThat(records(config, Topic.PRIOR_REQUESTS)).hasSize(priors);
            assertThat(results.images(experiments.get(1).getId()).orElseThrow().pixels())
                    .isNotEqualTo(results.images(experiments.get(0).getId())
                            .orElseThrow()
                            .pixels());
            assertThat(stack.deadService()).isEmpty();
        }
    }

    @Test
    void garbageOnEveryTopicHarmsNoExperiment() throws Exception {
        RomeConfig config = cluster.tenant(Map.of());
        byte[] garbage = "no record".getBytes(StandardCharsets.UTF_8);
        List<Experiment> experiments =
                TestExperiment.with(Map.of("evaluation.suites", "[pixel-2]", "evaluation.images", "20"));
        try (LocalStack stack = LocalStack.connect(config)) {
            Map<String, Object> settings = config.producer();
            settings.remove("value.serializer");
            try (var producer = new KafkaProducer<>(settings, new StringSerializer(), new ByteArraySerializer())) {
                for (Topic topic : List.of(
                        Topic.EXPERIMENTS,
                        Topic.IMAGE_BATCHES,
                        Topic.POOL_REQUESTS,
                        Topic.PRIOR_REQUESTS,
                        Topic.ATTACK_REQUESTS,
                        Topic.PERTURBED_BATCHES,
                        Topic.SYNTHETIC_SNAPSHOTS)) {
                    producer.send(new ProducerRecord<>(TopicNames.of(config).of(topic), "k", garbage))
                            .get();
                }
            }
            submit(config, experiments);
            completed(config, experiments, FIGURES / 2);
            assertThat(stack.deadService()).isEmpty();
        }
        assertThat(records(config, Topic.DEAD_LETTERS))
                .hasSizeGreaterThanOrEqualTo(7)
                .allSatisfy(letter -> assertThat(letter.value()).isEqualTo(garbage));
    }

    @Test
    void aRestartedStackGoesOnFromTheCheckpointToTheSameImages() {
        List<Experiment> experiments = TestExperiment.with(
                Map.of("evaluation.suites", "[pixel-2]", "evaluation.images", "20", "distillation.iterations", "24"));
        Experiment experiment = experiments.get(0);
        RomeConfig undisturbed = cluster.tenant(Map.of());
        float[] expected;
        try (LocalStack stack = LocalStack.connect(undisturbed)) {
            submit(undisturbed, experiments);
            await().atMost(LIMIT)
                    .until(() -> records(undisturbed, Topic.SYNTHETIC_SNAPSHOTS).size() >= 8 * 11);
            expected = Results.read(undisturbed)
                    .images(experiment.getId())
                    .orElseThrow()
                    .pixels();
            assertThat(stack.deadService()).isEmpty();
        }
        RomeConfig disturbed = cluster.tenant(Map.of());
        try (LocalStack stack = LocalStack.connect(disturbed)) {
            submit(disturbed, experiments);
            await().atMost(LIMIT)
                    .until(() -> records(disturbed, Topic.CHECKPOINTS).size() >= 20);
            assertThat(stack.deadService()).isEmpty();
        }
        int before = records(disturbed, Topic.SYNTHETIC_SNAPSHOTS).size();
        try (LocalStack stack = LocalStack.connect(disturbed)) {
            await().atMost(LIMIT)
                    .until(() -> records(disturbed, Topic.SYNTHETIC_SNAPSHOTS).size() >= 8 * 11);
            float[] seen = Results.read(disturbed)
                    .images(experiment.getId())
                    .orElseThrow()
                    .pixels();
            assertThat(seen).isEqualTo(expected);
            assertThat(stack.deadService()).isEmpty();
        }
        assertThat(before).isLessThan(8 * 11);
        assertThat(records(disturbed, Topic.SYNTHETIC_SNAPSHOTS)).hasSize(8 * 11);
    }

    @Test
    void aStoppedExperimentEndsAndTheNextOneRuns() {
        Experiment endless =
                TestExperiment.with(Map.of("distillation.iterations", "100000")).get(0);
        List<Experiment> next =
                TestExperiment.with(Map.of("distillation.method", "random", "evaluation.suites", "[pixel-2]"));
        RomeConfig config = cluster.tenant(Map.of());
        try (LocalStack stack = LocalStack.connect(config)) {
            submit(config, List.of(endless));
            submit(config, next);
            await().atMost(LIMIT)
                    .until(() -> !records(config, Topic.SYNTHETIC_SNAPSHOTS).isEmpty());
            Experiment stopped = Experiment.newBuilder(endless)
                    .setDesiredState(DesiredState.STOP)
                    .build();
            submit(config, List.of(stopped));
            Results results = completed(config, next, FIGURES / 4);
            assertThat(results.metrics(next.get(0).getId()))
                    .extracting(RobustnessMetrics::getMode)
                    .contains(Mode.TARGETED, Mode.UNTARGETED);
            assertThat(stack.deadService()).isEmpty();
        }
    }
}
