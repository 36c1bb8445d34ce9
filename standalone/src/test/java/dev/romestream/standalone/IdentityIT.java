package dev.romestream.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.romestream.client.experiment.ExperimentFile;
import dev.romestream.evaluator.EvaluatorService;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.config.Settings;
import dev.romestream.messaging.serde.Decoder;
import dev.romestream.messaging.topic.TopicNames;
import dev.romestream.robustness.network.Architecture;
import dev.romestream.schemas.DesiredState;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.Network;
import dev.romestream.schemas.NetworkVersion;
import dev.romestream.schemas.RobustnessMetrics;
import dev.romestream.schemas.SuiteAttack;
import dev.romestream.schemas.SuiteSpec;
import dev.romestream.schemas.Topic;
import dev.romestream.standalone.network.ModelFile;
import dev.romestream.standalone.network.NetworkMonitoring;
import dev.romestream.testing.TestCluster;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.apache.avro.Schema;
import org.apache.avro.generic.IndexedRecord;
import org.apache.avro.specific.SpecificData;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every metric belongs to what it was measured on, whatever is replaced under its name meanwhile. */
class IdentityIT {
    private static final Path FILES = Path.of("../robustness/src/test/resources/networks");
    private static final Duration SOON = Duration.ofSeconds(20);

    @TempDir
    static Path directory;

    private static TestCluster cluster;
    private static Pipeline pipeline;

    @BeforeAll
    static void start() {
        cluster = TestCluster.start(directory);
        pipeline = new Pipeline(
                RomeConfig.of(cluster.tenant(Map.of("attacker.count", "1", Settings.NETWORKS_TORCHSCRIPT, "true"))));
    }

    @AfterAll
    static void stop() {
        if (cluster != null) {
            pipeline.close();
            cluster.close();
        }
    }

    private static ModelFile model(String file) {
        return ModelFile.read(FILES.resolve(file), Architecture.CONVNET, ModelFile.Inputs.NORMALISED, Optional.empty());
    }

    private static NetworkMonitoring monitoring(String name, int images, String... suites) {
        return monitoring(ExperimentFile.monitoring(name, "shapes10", List.of(suites), Optional.of(images), 12));
    }

    /**
     * All test images under one attack.
     *
     * @param steps of the attack
     */
    private static NetworkMonitoring endless(String name, int steps) {
        Experiment experiment = ExperimentFile.monitoring(name, "shapes10", List.of("quick"), Optional.of(1000), 64);
        SuiteAttack attack = SuiteAttack.newBuilder()
                .setAttack("pgd")
                .setEpsilon(0.01)
                .setStepSize(0.001)
                .setSteps(steps)
                .build();
        experiment
                .getEvaluation()
                .setSuites(List.of(SuiteSpec.newBuilder()
                        .setName("endless")
                        .setAttacks(List.of(attack))
                        .build()));
        return monitoring(experiment);
    }

    private static NetworkMonitoring monitoring(Experiment experiment) {
        var monitoring = new NetworkMonitoring(pipeline.config(), experiment);
        monitoring.start();
        pipeline.until(monitoring::isReady);
        return monitoring;
    }

    /** What was published under an id and version, with what it is declared to be. */
    private static NetworkVersion publish(
            NetworkMonitoring monitoring, String file, NetworkVersion as, String declared) {
        Network network = monitoring.prepared(model(file), as);
        network.setFingerprint(declared);
        monitoring.publish(network, List.of());
        return as;
    }

    private static Map<String, Long> right(List<RobustnessMetrics> figures) {
        Map<String, Long> right = new TreeMap<>();
        figures.forEach(metrics -> metrics.getAttacks()
                .forEach(attack -> right.put(
                        metrics.getSuite() + " " + metrics.getMode() + " " + attack.getAttack(), attack.getCorrect())));
        return right;
    }

    private static Set<String> digests(List<RobustnessMetrics> figures) {
        Set<String> digests = new HashSet<>();
        figures.forEach(metrics -> digests.add(metrics.getDigest()));
        return digests;
    }

    @Test
    void aNetworkThatIsReplacedUnderItsVersionIsScoredAnew() {
        try (NetworkMonitoring monitoring = monitoring("replaced", 24, "quick")) {
            String id = monitoring.experiment().getId();
            NetworkVersion version = publish(monitoring, "small.pt", new NetworkVersion(id + "/net", 0, ""), "");
            pipeline.until(() -> monitoring.isComplete(version));
            Map<String, Long> before = right(monitoring.figures(version));
            Set<String> old = digests(monitoring.figures(version));
            assertThat(old).hasSize(1).doesNotContain("");
            int published = metricsOf(id).size();

            publish(monitoring, "convnet.pth", version, "");
            pipeline.until(() -> monitoring.isComplete(version)
                    && digests(monitoring.figures(version)).stream().noneMatch(old::contains));
            NetworkVersion alone = publish(monitoring, "convnet.pth", new NetworkVersion(id + "/other", 0, ""), "");
            pipeline.until(() -> monitoring.isComplete(alone));
            assertThat(right(monitoring.figures(version)))
                    .isEqualTo(right(monitoring.figures(alone)))
                    .isNotEqualTo(before);
            assertThat(digests(monitoring.figures(version))).isEqualTo(digests(monitoring.figures(alone)));
            List<RobustnessMetrics> all = metricsOf(id);
            assertThat(all.subList(published, all.size()))
                    .as("every metric that was published afterwards")
                    .allSatisfy(metrics -> assertThat(metrics.getDigest()).isNotIn(old));
        }
    }

    private static List<RobustnessMetrics> metricsOf(String experiment) {
        try (Decoder decoder = new Decoder(pipeline.config())) {
            return pipeline.records(Topic.ROBUSTNESS_METRICS).stream()
                    .map(record -> decoder.decode(record, RobustnessMetrics.class))
                    .filter(metrics -> metrics.getExperiment().equals(experiment))
                    .toList();
        }
    }

    /** Fewer snapshots, victims and suites, and another seed and method. */
    @Test
    void anExperimentThatIsChangedUnderItsIdEndsAsOneThatWasNeverAnother() {
        Experiment first = TestExperiment.with("seed=11").get(0);
        Experiment second = TestExperiment.with(
                        "seed=12",
                        "distillation.method=dm",
                        "distillation.iterations=3",
                        "evaluation.victims.count=1",
                        "evaluation.suites=quick")
                .get(0);
        second.setId(first.getId());
        second.setName(first.getName());
        pipeline.submit(List.of(first));
        pipeline.until(() -> pipeline.metrics(first).stream().anyMatch(RobustnessMetrics::getComplete));
        pipeline.submit(List.of(second));
        Map<Topic, Map<String, String>> fresh;
        try (Pipeline other = new Pipeline(RomeConfig.of(cluster.tenant(Map.of("attacker.count", "1"))))) {
            other.run(List.of(second), 2);
            fresh = state(other, second.getId());
        }
        await().atMost(Duration.ofMinutes(3))
                .untilAsserted(() -> assertThat(state(pipeline, second.getId())).isEqualTo(fresh));
    }

    /** What compacted topics have of an experiment, but for times and places. */
    private static Map<Topic, Map<String, String>> state(Pipeline pipeline, String experiment) {
        Map<Topic, Map<String, String>> state = new TreeMap<>();
        try (Decoder decoder = new Decoder(pipeline.config())) {
            for (Topic topic : List.of(
                    Topic.SYNTHETIC_SNAPSHOTS,
                    Topic.CHECKPOINTS,
                    Topic.EVALUATIONS,
                    Topic.NETWORKS,
                    Topic.ROBUSTNESS_LATEST,
                    Topic.ROBUSTNESS_FLAT)) {
                Map<String, String> records = new HashMap<>();
                for (ConsumerRecord<String, byte[]> record : pipeline.records(topic)) {
                    if (record.key().equals(experiment) || record.key().startsWith(experiment + "/")) {
                        if (record.value() == null) {
                            records.remove(record.key());
                        } else {
                            SpecificRecord value = decoder.decode(record, type(topic));
                            withoutTimes(value);
                            records.put(record.key(), value.toString());
                        }
                    }
                }
                records.keySet()
                        .removeIf(key -> key.endsWith("/ae") || key.endsWith("/crei") || key.endsWith("/icrei"));
                state.put(topic, records);
            }
        }
        return state;
    }

    @SuppressWarnings("unchecked") // generated classes are records
    private static Class<SpecificRecord> type(Topic topic) {
        return (Class<SpecificRecord>) SpecificData.get().getClass(topic.schema());
    }

    private static void withoutTimes(IndexedRecord record) {
        for (Schema.Field field : record.getSchema().getFields()) {
            Object value = record.get(field.pos());
            if (Set.of("seconds", "ae", "crei", "icrei", "undefined", "sample", "chunks", "time", "run")
                    .contains(field.name())) {
                Object nothing = value instanceof Double
                        ? (Object) 0.0
                        : value instanceof Map
                                ? Map.of()
                                : value instanceof List ? List.of() : value instanceof Integer ? 0 : null;
                record.put(field.pos(), nothing);
            } else if (value instanceof IndexedRecord inner) {
                withoutTimes(inner);
            } else if (value instanceof List<?> items) {
                items.stream()
                        .filter(IndexedRecord.class::isInstance)
                        .forEach(item -> withoutTimes((IndexedRecord) item));
            }
        }
    }

    private static double gradientEvaluations() {
        return pipeline.counted("rome.attack.gradient.evaluations");
    }

    @Test
    void nothingIsAttackedAfterAStop() {
        try (NetworkMonitoring monitoring = endless("stopped", 100)) {
            String id = monitoring.experiment().getId();
            double atStart = gradientEvaluations();
            NetworkVersion version = publish(monitoring, "convnet.pth", new NetworkVersion(id + "/net", 0, ""), "");
            pipeline.until(() -> !monitoring.figures(version).isEmpty() && gradientEvaluations() > atStart);
            pipeline.submit(monitoring.experiment(), DesiredState.STOP);
            double[] before = {-1};
            // several times as long as a request takes
            await().atMost(SOON).during(Duration.ofSeconds(8)).until(() -> {
                double now = gradientEvaluations();
                boolean still = now == before[0];
                before[0] = now;
                return still;
            });
            assertThat(monitoring.isComplete(version)).isFalse();
        }
    }

    @Test
    void aShortEvaluationDoesNotWaitForTheEndOfALongOne() {
        try (NetworkMonitoring longer = endless("long", 1000);
                NetworkMonitoring shorter = monitoring("short", 64, "quick")) {
            NetworkVersion one = publish(
                    longer,
                    "convnet.pth",
                    new NetworkVersion(longer.experiment().getId() + "/net", 0, ""),
                    "");
            pipeline.until(() -> !longer.figures(one).isEmpty());
            NetworkVersion other = publish(
                    shorter,
                    "convnet.pth",
                    new NetworkVersion(shorter.experiment().getId() + "/net", 0, ""),
                    "");
            await().atMost(SOON).until(() -> shorter.isComplete(other));
            assertThat(longer.isComplete(one)).isFalse();
            longer.stop();
        }
    }

    @Test
    void whatVersion010KeptIsRefusedInALineThatSaysWhatToDo() throws Exception {
        RomeConfig config = RomeConfig.of(cluster.tenant(Map.of()));
        String application = TopicNames.of(config).prefix() + "evaluator";
        try (Admin admin = Admin.create(config.admin())) {
            admin.createTopics(List.of(new NewTopic(application + "-evaluation-states-changelog", 1, (short) 1)))
                    .all()
                    .get();
        }
        EvaluatorService evaluator = new EvaluatorService(config, new SimpleMeterRegistry());
        try {
            assertThatThrownBy(evaluator::start)
                    .hasMessageContaining(application + "-*")
                    .hasMessageContaining("topic.prefix");
        } finally {
            evaluator.close();
        }
    }
}
