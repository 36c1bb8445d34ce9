package dev.romestream.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import dev.romestream.client.experiment.ExperimentFile;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.config.Settings;
import dev.romestream.messaging.topic.TopicNames;
import dev.romestream.robustness.network.Architecture;
import dev.romestream.schemas.AttackAccuracy;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.Mode;
import dev.romestream.schemas.NetworkVersion;
import dev.romestream.schemas.RobustnessMetrics;
import dev.romestream.schemas.Topic;
import dev.romestream.standalone.cli.RomeCommand;
import dev.romestream.standalone.network.ModelException;
import dev.romestream.standalone.network.ModelFile;
import dev.romestream.standalone.network.NetworkMonitoring;
import dev.romestream.testing.TestCluster;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Networks that users bring, and victims of other architectures, through every service. */
class NetworkIT {
    private static final Path FILES = Path.of("../robustness/src/test/resources/networks");
    private static final int IMAGES = 24;

    @TempDir
    private static Path directory;

    private static TestCluster cluster;
    private static Pipeline pipeline;
    private static WebhookReceiver webhook;

    @BeforeAll
    static void start() throws java.io.IOException {
        cluster = TestCluster.start(directory);
        webhook = WebhookReceiver.start();
        pipeline = new Pipeline(RomeConfig.of(cluster.tenant(Map.of(
                "attacker.count",
                "2",
                Settings.NETWORKS_TORCHSCRIPT,
                "true",
                Settings.WEBHOOK_URL,
                webhook.url(),
                Settings.WEBHOOK_SECRET,
                WebhookReceiver.SECRET))));
    }

    @AfterAll
    static void stop() {
        if (cluster != null) {
            pipeline.close();
            cluster.close();
            webhook.close();
        }
    }

    private static ModelFile model(Path file) {
        return ModelFile.read(file, Architecture.CONVNET, ModelFile.Inputs.NORMALISED, Optional.empty());
    }

    private static NetworkMonitoring monitoring(String name, String... suites) {
        Experiment experiment = ExperimentFile.monitoring(name, "shapes10", List.of(suites), Optional.of(IMAGES), 12);
        var monitoring = new NetworkMonitoring(pipeline.config(), experiment);
        monitoring.start();
        pipeline.until(monitoring::isReady);
        return monitoring;
    }

    private static List<RobustnessMetrics> scored(NetworkMonitoring monitoring, String name, Path file) {
        NetworkVersion version = monitoring.version(name, model(file));
        monitoring.publish(monitoring.prepared(model(file), version), List.of());
        pipeline.until(() -> monitoring.isComplete(version));
        assertThat(monitoring.failure(version)).isEmpty();
        return monitoring.figures(version);
    }

    private static List<RobustnessMetrics> checked(NetworkMonitoring monitoring, String file) {
        return scored(monitoring, file, FILES.resolve(file));
    }

    private static int evaluate(String... options) {
        List<String> line = new ArrayList<>(List.of(
                "evaluate",
                FILES.resolve("small.pt").toString(),
                "--dataset",
                "shapes10",
                "--limit",
                Integer.toString(IMAGES),
                "--suite",
                "quick"));
        line.addAll(List.of(options));
        return RomeCommand.execute(onCluster(line.toArray(String[]::new)));
    }

    private static String[] onCluster(String... words) {
        List<String> line = new ArrayList<>(List.of(words));
        line.addAll(List.of(
                "--bootstrap-server",
                cluster.bootstrapServers(),
                "--schema-registry",
                cluster.registryUrl(),
                "--set",
                "topic.prefix=" + TopicNames.of(pipeline.config()).prefix()));
        return line.toArray(String[]::new);
    }

    @Test
    void anEvaluationIsAGate() {
        Path out = directory.resolve("gate");
        String metrics = out.resolve("metrics.json").toString();
        String junit = out.resolve("junit.xml").toString();
        assertThat(evaluate("--fail-under", "worstCase=0", "--out", out.toString()))
                .isZero();
        assertThat(evaluate("--fail-under", "fgsm=100", "--junit", junit)).isEqualTo(3);
        assertThat(Path.of(junit)).content().contains("is below 100.0");
        assertThat(evaluate("--baseline", metrics))
                .as("nothing falls below itself")
                .isZero();
        assertThat(evaluate("--fail-under", "elegance=1")).isEqualTo(2);
        assertThat(evaluate("--fail-under", "clean=101")).isEqualTo(2);
        assertThat(evaluate("--baseline", "nowhere.json")).isEqualTo(2);
    }

    /** A version without gradients, and one with them. */
    @Test
    void anAlertIsRaisedAndClearedOnTheTopicAndByTheWebhook() throws Exception {
        Experiment experiment = ExperimentFile.monitoring(
                "watched",
                Map.of("name", "shapes10"),
                List.of("quick"),
                "float32",
                Optional.of(IMAGES),
                12,
                List.of("flag: zero-gradient", "{figure: clean, below: 100, significant: false, name: perfect}"));
        ByteArrayOutputStream words = new ByteArrayOutputStream();
        PrintStream out = System.out;
        System.setOut(new PrintStream(words, true, StandardCharsets.UTF_8));
        Thread watch = new Thread(() -> RomeCommand.execute(onCluster("watch", "--alerts")));
        watch.start();
        try (NetworkMonitoring monitoring = new NetworkMonitoring(pipeline.config(), experiment)) {
            monitoring.start();
            pipeline.until(monitoring::isReady);
            scored(monitoring, "net", FILES.resolve("masked.pt"));
            pipeline.until(() -> webhook.taken().size() == 2);
            scored(monitoring, "net", FILES.resolve("small.pt"));
            pipeline.until(() -> webhook.taken().size() == 3);
            pipeline.until(() -> words.toString(StandardCharsets.UTF_8).contains("alert over"));
        } finally {
            watch.interrupt();
            watch.join();
            System.setOut(out);
        }
        assertThat(webhook.refused()).as("answers of 503 that were waited for").isEqualTo(WebhookReceiver.REFUSALS);
        assertThat(webhook.taken())
                .extracting(post -> post.at("/type").asText(), post -> post.at("/data/rule")
                        .asText())
                .containsExactlyInAnyOrder(
                        tuple("rome.alert.raised", "flag-zero-gradient"),
                        tuple("rome.alert.raised", "perfect"),
                        tuple("rome.alert.cleared", "flag-zero-gradient"));
        assertThat(words.toString(StandardCharsets.UTF_8).lines())
                .anySatisfy(line -> assertThat(line)
                        .contains("ALERT", "watched: flag-zero-gradient: net at 0, quick: flags:", "zero-gradient"))
                .anySatisfy(line -> assertThat(line).contains("alert over watched: flag-zero-gradient: net at 1"));
        assertThat(pipeline.records(Topic.ALERTS))
                .filteredOn(record -> record.key().startsWith(experiment.getId()))
                .extracting(ConsumerRecord::key)
                .containsExactlyInAnyOrder(
                        experiment.getId() + "/flag-zero-gradient/net/quick",
                        experiment.getId() + "/perfect/net/quick",
                        experiment.getId() + "/flag-zero-gradient/net/quick");
    }

    @Test
    void networksThatDeceiveAnEvaluationRaiseItsFlags() {
        try (NetworkMonitoring monitoring = monitoring("flags", "checks")) {
            List<RobustnessMetrics> sound = checked(monitoring, "small.pt");
            assertThat(sound).hasSize(Mode.values().length).allSatisfy(figure -> assertThat(figure.getFlags())
                    .contains("chance-level")
                    .doesNotContain("zero-gradient", "randomised", "clamp-differs"));
            assertThat(checked(monitoring, "masked.pt"))
                    .allSatisfy(figure -> assertThat(figure.getFlags()).contains("zero-gradient"))
                    .anySatisfy(figure -> assertThat(figure.getFlags()).contains("black-box-wins"));
            assertThat(checked(monitoring, "noisy.pt"))
                    .allSatisfy(figure -> assertThat(figure.getFlags()).contains("randomised"));
        }
    }

    @Test
    void whatAProbeShowsIsFlaggedAndRatiosOfABatchAreWithheld() {
        try (NetworkMonitoring monitoring = monitoring("probes", "quick")) {
            assertThat(checked(monitoring, "plain.pt")).allSatisfy(figure -> {
                assertThat(figure.getFlags()).doesNotContain("batch-dependent", "gradient-mismatch", "softmax-output");
                // every class has its share of the images
                assertThat(figure.getClassCounts()).hasSize(10).allSatisfy(count -> assertThat(count)
                        .isBetween(IMAGES / 10, (IMAGES + 9) / 10));
                assertThat(figure.getClassCounts().stream().mapToInt(i -> i).sum())
                        .isEqualTo(IMAGES);
            });
            assertThat(checked(monitoring, "training-mode.pt")).allSatisfy(figure -> {
                assertThat(figure.getFlags()).contains("batch-dependent");
                assertThat(figure.getIrr()).isNull();
                assertThat(figure.getUndefined())
                        .extractingByKey("irr")
                        .asString()
                        .contains("another batch");
            });
            assertThat(checked(monitoring, "detached.pt"))
                    .allSatisfy(figure -> assertThat(figure.getFlags()).contains("gradient-mismatch"));
            assertThat(checked(monitoring, "purified.pt"))
                    .allSatisfy(figure -> assertThat(figure.getFlags()).contains("optimises-in-forward"));
            assertThat(checked(monitoring, "softmax.pt"))
                    .allSatisfy(figure -> assertThat(figure.getFlags()).contains("softmax-output"));
        }
    }

    @Test
    void aProgramFromTheTopicIsNotRunUnlessThatIsAllowed() {
        try (Pipeline guarded = new Pipeline(RomeConfig.of(cluster.tenant(Map.of())))) {
            Experiment experiment =
                    ExperimentFile.monitoring("guarded", "shapes10", List.of("quick"), Optional.of(IMAGES), 12);
            try (NetworkMonitoring monitoring = new NetworkMonitoring(guarded.config(), experiment)) {
                monitoring.start();
                guarded.until(monitoring::isReady);
                ModelFile program = model(FILES.resolve("plain.pt"));
                NetworkVersion version = monitoring.version("program", program);
                monitoring.publish(monitoring.prepared(program, version), List.of());
                guarded.until(() -> guarded.records(Topic.EXPERIMENT_STATUS).stream()
                        .anyMatch(status -> new String(status.value(), StandardCharsets.UTF_8)
                                .contains("networks.torchscript=true")));
                // a state dict is none, and is scored
                ModelFile convnet = model(FILES.resolve("convnet.pth"));
                NetworkVersion other = monitoring.version("convnet", convnet);
                monitoring.publish(monitoring.prepared(convnet, other), List.of());
                guarded.until(() -> monitoring.isComplete(other));
                assertThat(monitoring.figures(version)).isEmpty();
            }
        }
    }

    @Test
    void weightsThatAreNotFiniteAreRefusedByName(@TempDir Path folder) throws Exception {
        try (NetworkMonitoring monitoring = monitoring("nan", "quick")) {
            // 0x7fc00000 little-endian, in the last tensor of the file
            byte[] bytes = Files.readAllBytes(FILES.resolve("convnet.safetensors"));
            bytes[bytes.length - 1] = 0x7f;
            bytes[bytes.length - 2] = (byte) 0xc0;
            Path file = Files.write(folder.resolve("nan.safetensors"), bytes);
            assertThatThrownBy(() -> monitoring.prepared(model(file), monitoring.version("nan", model(file))))
                    .isInstanceOf(ModelException.class)
                    .hasMessageContaining("nan.safetensors")
                    .hasMessageContaining("classifier.")
                    .hasMessageContaining("NaN");
        }
    }

    @Test
    void aChangedFileIsANewVersionWithFiguresOfItsOwn(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("model.pth");
        try (NetworkMonitoring monitoring = monitoring("versions", "quick")) {
            Files.copy(FILES.resolve("convnet.pth"), file);
            List<RobustnessMetrics> first = scored(monitoring, "model", file);
            assertThat(first)
                    .allSatisfy(figure -> assertThat(figure.getVersion()).isZero());
            assertThat(first.get(0).getAttacks())
                    .allSatisfy(attack -> assertThat(attack.getPerImage()).matches("[01]{" + IMAGES + "}"));
            assertThat(first.get(0).getArchitecture()).isEqualTo("convnet (width 4, depth 3, instance norm)");
            Files.copy(FILES.resolve("convnet-batch.pth"), file, StandardCopyOption.REPLACE_EXISTING);
            List<RobustnessMetrics> second = scored(monitoring, "model", file);
            assertThat(second)
                    .allSatisfy(figure -> assertThat(figure.getVersion()).isEqualTo(1));
            assertThat(second.get(0).getArchitecture()).contains("batch norm");
            Files.copy(FILES.resolve("convnet.pth"), file, StandardCopyOption.REPLACE_EXISTING);
            assertThat(monitoring.version("model", model(file)).getVersion()).isZero();
        }
    }

    @Test
    void aNetworkForOtherImagesIsRefusedBeforeItIsPublished() {
        try (NetworkMonitoring monitoring = monitoring("refused", "quick")) {
            ModelFile lenet = ModelFile.read(
                    FILES.resolve("convnet.pth"), Architecture.LENET, ModelFile.Inputs.NORMALISED, Optional.empty());
            assertThatThrownBy(() -> monitoring.prepared(lenet, monitoring.version("x", lenet)))
                    .isInstanceOf(ModelException.class)
                    .hasMessageContaining("convnet.pth")
                    .hasMessageContaining("fc_1.weight is missing");
        }
    }

    @Test
    void transferIsMeasuredFromEveryNetworkOnEveryOther() {
        try (NetworkMonitoring monitoring = monitoring("matrix", "transfer")) {
            ModelFile one = model(FILES.resolve("small.pt"));
            ModelFile other = model(FILES.resolve("convnet.pth"));
            NetworkVersion a = monitoring.version("a", one);
            NetworkVersion b = monitoring.version("b", other);
            monitoring.publish(monitoring.prepared(one, a), List.of(a, b));
            monitoring.publish(monitoring.prepared(other, b), List.of(a, b));
            pipeline.until(() -> monitoring.isComplete(a) && monitoring.isComplete(b));
            assertThat(monitoring.figures(a)).allSatisfy(figure -> assertThat(figure.getAttacks())
                    .extracting(AttackAccuracy::getAttack, NetworkIT::source)
                    .containsExactly(
                            tuple("none", null),
                            tuple("clamp", null),
                            tuple("fgsm", null),
                            tuple("fgsm", b.getNetwork()),
                            tuple("pgd", null),
                            tuple("pgd", b.getNetwork())));
            // what is crafted on a network hurts it at least as much as what is crafted on another
            for (NetworkVersion network : List.of(a, b)) {
                List<AttackAccuracy> attacks =
                        monitoring.figures(network).get(0).getAttacks();
                List<AttackAccuracy> pgd = attacks.stream()
                        .filter(attack -> attack.getAttack().equals("pgd"))
                        .toList();
                AttackAccuracy own = pgd.get(pgd.get(0).getSource() == null ? 0 : 1);
                AttackAccuracy foreign = pgd.get(pgd.get(0).getSource() == null ? 1 : 0);
                assertThat(own.getCorrect()).isLessThanOrEqualTo(foreign.getCorrect());
            }
        }
    }

    private static String source(AttackAccuracy attack) {
        return attack.getSource() == null ? null : attack.getSource().getNetwork();
    }

    @Test
    void victimsOfOtherArchitecturesAreTrainedAndScored() {
        String victims = "[{count: 1, epochs: 1}, {architecture: resnet18, count: 1, epochs: 1},"
                + " {architecture: mlp, count: 1, epochs: 1}, {training: pgd-at, count: 1, epochs: 1},"
                + " {training: {regime: trades, steps: 2}, count: 1, epochs: 1}, {norm: batch, count: 1, epochs: 2}]";
        Experiment experiment = TestExperiment.with(
                        "distillation.method=random",
                        "distillation.snapshotEvery=null",
                        "evaluation.victims=" + victims,
                        "evaluation.images=6",
                        "evaluation.suites=[quick]")
                .get(0);
        List<RobustnessMetrics> figures =
                pipeline.run(List.of(experiment), 6 * Mode.values().length).get(0);
        assertThat(figures)
                .extracting(RobustnessMetrics::getArchitecture)
                .containsOnly(
                        "convnet (width 4, depth 3, instance norm)",
                        "resnet18 (instance norm)",
                        "mlp",
                        "convnet (width 4, depth 3, instance norm), pgd-at at 2.00/255",
                        "convnet (width 4, depth 3, instance norm), trades at 2.00/255",
                        "convnet (width 4, depth 3, batch norm)");
        // the resnet18 of 45 MB does not fit into a record
        assertThat(pipeline.records(Topic.CHUNKS))
                .filteredOn(record -> record.key().startsWith("networks/" + experiment.getId() + "/0/victim-1/0"))
                .hasSizeGreaterThan(2)
                .allSatisfy(record -> assertThat(record.value().length).isLessThan(Topic.MAX_RECORD_BYTES));
    }
}
