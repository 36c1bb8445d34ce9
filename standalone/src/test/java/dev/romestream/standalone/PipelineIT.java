package dev.romestream.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.serde.Decoder;
import dev.romestream.messaging.topic.TopicNames;
import dev.romestream.schemas.AttackAccuracy;
import dev.romestream.schemas.DesiredState;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.FlatFigure;
import dev.romestream.schemas.Mode;
import dev.romestream.schemas.RobustnessMetrics;
import dev.romestream.schemas.Topic;
import dev.romestream.standalone.cli.RomeCommand;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;

/** Whole experiments through every service, started by nothing but a record on the experiments topic. */
class PipelineIT extends SharedPipeline {
    private static final byte[] GARBAGE = "no record".getBytes(StandardCharsets.UTF_8);

    @Test
    void everyFigureIsCompleteAndFollowsFromItsAccuracies() {
        Experiment experiment = experiment();
        List<RobustnessMetrics> figures =
                shared.run(List.of(experiment), FIGURES_A_SUITE * SUITES).get(0);
        assertThat(figures).allSatisfy(PipelineIT::checkFigures);
        assertNothingOfItIsDead(experiment);
        Map<String, FlatFigure> rows = new HashMap<>();
        try (Decoder decoder = new Decoder(shared.config())) {
            shared.records(Topic.ROBUSTNESS_FLAT)
                    .forEach(record -> rows.put(record.key(), decoder.decode(record, FlatFigure.class)));
        }
        assertThat(figures).allSatisfy(metrics -> checkRows(metrics, rows));
    }

    private static void checkRows(RobustnessMetrics metrics, Map<String, FlatFigure> rows) {
        String key = "%s/%d/%s/%s/%s/"
                .formatted(
                        metrics.getExperiment(),
                        metrics.getSnapshot(),
                        metrics.getVictim(),
                        metrics.getSuite(),
                        metrics.getMode().name().toLowerCase(Locale.ROOT));
        FlatFigure irr = rows.get(key + "irr");
        assertThat(irr.getComplete()).isTrue();
        assertThat(irr.getValue()).isEqualTo(metrics.getIrr());
        assertThat(List.of(irr.getLow(), irr.getHigh())).isEqualTo(metrics.getIrrInterval());
        AttackAccuracy pgd = metrics.getAttacks().get(3);
        assertThat(rows.get(key + "pgd").getValue()).isEqualTo(pgd.getAccuracy());
        assertThat(rows.get(key + "pgd").getCorrect()).isEqualTo(pgd.getCorrect());
        assertThat(rows.get(key + "pgd").getEpsilon()).isEqualTo(pgd.getEpsilon());
        assertThat(rows.get(key + "clean").getCount()).isEqualTo(40);
        assertThat(rows.keySet().stream().filter(row -> row.startsWith(key))).hasSize(8 + 5);
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
        assertThat(metrics.getIrr()).isCloseTo(100 * (1 - mean * Math.max(max, 0) / (clean * clean)), within(1e-9));
        if (max != 0) {
            assertThat(metrics.getRr()).isCloseTo(100 * (1 - mean / max), within(1e-9));
        }
        assertThat(metrics.getWorstCase().getAccuracy()).isLessThanOrEqualTo(clean - max + 1e-9);
        assertThat(metrics.getImageBytes()).as("ten images, four bytes a value").isEqualTo(10 * 3 * 32 * 32 * 4);
        assertThat(metrics.getLabelBytes()).isEqualTo(10 * 8);
        assertThat(metrics.getFinal$()).isEqualTo(metrics.getSnapshot() == 1);
        assertThat(metrics.getIteration()).isEqualTo(metrics.getSnapshot() == 1 ? 6 : 3);
    }

    /** What stands of an experiment on topics that keep the newest record of each key, chunks by their owners. */
    private static Map<Topic, Set<String>> left(Experiment experiment) {
        Map<Topic, Set<String>> left = new EnumMap<>(Topic.class);
        Stream.of(Topic.values())
                .filter(topic -> topic.kept() == Topic.Kept.COMPACTED)
                .forEach(topic -> {
                    Set<String> keys = keys(shared, topic, "");
                    keys.removeIf(key -> !key.contains(experiment.getId()));
                    if (!keys.isEmpty()) {
                        left.put(topic, keys);
                    }
                });
        return left;
    }

    @Test
    void aDeletedExperimentLeavesItsResultsOrNothing() {
        Experiment experiment = experiment(
                "seed=7", "evaluation.suites=[quick]", "evaluation.images=20", "alerts=[{figure: clean, below: 100}]");
        shared.run(List.of(experiment), FIGURES_A_SUITE);
        assertThat(left(experiment))
                .containsKeys(
                        Topic.EXPERIMENTS,
                        Topic.EXPERIMENT_STATUS,
                        Topic.EVALUATIONS,
                        Topic.NETWORKS,
                        Topic.CHUNKS,
                        Topic.CHECKPOINTS,
                        Topic.ALERTS);
        rome(2, "delete", experiment.getId());
        assertThat(rome(0, "delete", experiment.getId(), "--yes")).contains("its results stay");
        shared.until(() -> left(experiment)
                .keySet()
                .equals(EnumSet.of(
                        Topic.SYNTHETIC_SNAPSHOTS, Topic.ROBUSTNESS_LATEST, Topic.ROBUSTNESS_FLAT, Topic.ALERTS)));
        assertThat(rome(0, "delete", experiment.getId(), "--results", "--yes")).contains("and its results");
        shared.until(() -> left(experiment).isEmpty());
        rome(1, "delete", experiment.getId(), "--results", "--yes");

        // it can come back
        shared.run(List.of(experiment), FIGURES_A_SUITE);
    }

    @Test
    void anExperimentThatIsDeletedWhileItRunsEndsAndLeavesNothing() throws Exception {
        Experiment endless = experiment("distillation.iterations=100000", "seed=27");
        Set<String> pools = keys(shared, Topic.NETWORKS, "pool-");
        shared.submit(List.of(endless));
        shared.until(
                () -> left(endless).keySet().containsAll(List.of(Topic.CHECKPOINTS, Topic.EVALUATIONS, Topic.CHUNKS)));
        rome(0, "delete", endless.getId(), "--results", "--yes");
        shared.until(() -> left(endless).isEmpty());
        long done = shared.iterationsDone();
        shared.until(() -> {
            Set<String> others = keys(shared, Topic.NETWORKS, "pool-");
            others.removeAll(pools);
            return others.isEmpty();
        });
        // a status that a worker had in hand is removed in its turn
        shared.until(() -> left(endless).isEmpty());
        assertThat(shared.iterationsDone()).isEqualTo(done);
    }

    @Test
    void garbageOnEveryTopicHarmsNoExperiment() throws Exception {
        List<Topic> topics = List.of(
                Topic.EXPERIMENTS,
                Topic.IMAGE_BATCHES,
                Topic.POOL_REQUESTS,
                Topic.PRIOR_REQUESTS,
                Topic.ATTACK_REQUESTS,
                Topic.PERTURBED_BATCHES,
                Topic.SYNTHETIC_SNAPSHOTS);
        RomeConfig config = shared.config();
        Map<String, Object> settings = config.producer();
        settings.remove("value.serializer");
        try (var producer = new KafkaProducer<>(settings, new StringSerializer(), new ByteArraySerializer())) {
            for (Topic topic : topics) {
                producer.send(new ProducerRecord<>(TopicNames.of(config).of(topic), "k", GARBAGE))
                        .get();
            }
        }
        Experiment experiment = experiment("seed=6", "evaluation.suites=[pixel-2]", "evaluation.images=20");
        shared.run(List.of(experiment), FIGURES_A_SUITE);
        List<String> origins = new ArrayList<>();
        assertThat(shared.records(Topic.DEAD_LETTERS))
                .filteredOn(letter -> Arrays.equals(letter.value(), GARBAGE))
                .allSatisfy(letter -> {
                    origins.add(new String(
                            letter.headers()
                                    .lastHeader("__streams.errors.topic")
                                    .value(),
                            StandardCharsets.UTF_8));
                });
        assertThat(origins)
                .containsExactlyInAnyOrderElementsOf(
                        topics.stream().map(TopicNames.of(config)::of).toList());
        String listed = rome(0, "dead-letters", "--topic", "experiments");
        assertThat(listed).contains("Confluent wire format");
        String id = listed.split(" ", 2)[0];
        assertThat(rome(0, "dead-letters", "show", id)).contains("key      k").contains("6e6f207265636f7264");
        assertThat(rome(0, "dead-letters", "--counts"))
                .contains("1  " + TopicNames.of(config).of(Topic.EXPERIMENTS));
        assertThat(rome(0, "dead-letters", "replay", id))
                .contains(TopicNames.of(config).of(Topic.EXPERIMENTS));
        shared.until(
                () -> rome(0, "dead-letters", "--topic", "experiments").lines().count() == 2);
        rome(1, "dead-letters", "show", "987654");
    }

    @Test
    void aPausedAndRestartedExperimentGoesOnFromItsCheckpointToTheSameImages() throws Exception {
        Experiment experiment =
                experiment("evaluation.suites=[pixel-2]", "evaluation.images=20", "distillation.iterations=12");
        long snapshotRecords = 4 * 11;
        RomeConfig config = RomeConfig.of(cluster.tenant(Map.of()));
        try (Pipeline first = new Pipeline(config)) {
            first.submit(List.of(experiment));
            first.until(() -> first.written(Topic.CHECKPOINTS) > 0);
            first.submit(experiment, DesiredState.PAUSE);
        }
        try (Pipeline second = new Pipeline(config)) {
            assertThat(second.written(Topic.SYNTHETIC_SNAPSHOTS)).isBetween(11L, snapshotRecords - 1);
            second.run(List.of(experiment), 2 * FIGURES_A_SUITE);
            assertThat(second.written(Topic.SYNTHETIC_SNAPSHOTS)).isEqualTo(snapshotRecords);
            shared.run(List.of(experiment), 2 * FIGURES_A_SUITE);
            assertThat(second.images(experiment)).isEqualTo(shared.images(experiment));
            assertThat(second.outcomes(experiment)).isEqualTo(shared.outcomes(experiment));
        }
    }

    @Test
    void aStoppedExperimentEndsAndTheNextOneRuns() throws Exception {
        Experiment endless = experiment("distillation.iterations=100000", "seed=7");
        Experiment next = experiment("distillation.method=random", "evaluation.suites=[pixel-2]");
        long earlier = shared.written(Topic.SYNTHETIC_SNAPSHOTS);
        shared.submit(List.of(endless));
        shared.until(() -> shared.written(Topic.SYNTHETIC_SNAPSHOTS) > earlier);
        shared.submit(endless, DesiredState.STOP);
        List<RobustnessMetrics> figures =
                shared.run(List.of(next), FIGURES_A_SUITE / 2).get(0);
        assertThat(figures).extracting(RobustnessMetrics::getMode).contains(Mode.TARGETED, Mode.UNTARGETED);
    }

    @Test
    void aPoolThatCannotBeTrainedFailsTheExperimentAtOnceAndSaysWhy() throws Exception {
        Experiment experiment = experiment("seed=11");
        experiment.getDistillation().getNetwork().setDepth(6);
        shared.submit(List.of(experiment));
        assertThat(rome(1, "watch", experiment.getId()))
                .contains("The network of iteration 0 was not trained")
                .contains("depth");
        // what was told of the first run does not count for the next
        Experiment again = Experiment.newBuilder(experiment).setRun(1).build();
        long requests = shared.written(Topic.POOL_REQUESTS);
        shared.submit(List.of(again));
        assertThat(rome(1, "watch", experiment.getId())).contains("depth");
        assertThat(shared.written(Topic.POOL_REQUESTS)).isGreaterThan(requests);
    }

    /** In normalised space, where an image that stands may stay outside of the range. */
    @Test
    void aSuiteOfOnesOwnIsScored() {
        String suite = "{name: own, space: normalised, attacks: [{attack: deepfool, steps: 4}, {attack: cw, steps: 5},"
                + " {attack: apgd_dlr, epsilon: 8/255, steps: 4}, {attack: noise, epsilon: 8/255},"
                + " {attack: square, epsilon: 8/255, steps: 6}, {attack: fab_t, epsilon: 8/255, steps: 2}]}";
        Experiment experiment = experiment(
                "distillation.method=random",
                "seed=10",
                "evaluation.images=20",
                "evaluation.victims.count=1",
                "evaluation.suites=[" + suite + "]");
        List<RobustnessMetrics> figures = shared.run(List.of(experiment), 2).get(0);
        assertThat(figures.get(0).getMode()).isEqualTo(Mode.UNTARGETED);
        assertThat(figures.get(0).getAttacks())
                .extracting(AttackAccuracy::getAttack)
                .containsExactly("none", "clamp", "deepfool", "cw", "apgd_dlr", "noise", "square", "fab_t");
        assertThat(figures.get(1).getAttacks())
                .extracting(AttackAccuracy::getAttack)
                .containsExactly("none", "clamp", "cw", "apgd_dlr", "noise", "square");
        assertThat(figures.get(0).getAttacks().get(2).getGradientEvaluations()).isPositive();
        assertNothingOfItIsDead(experiment);
    }

    /** The images that random selection gives, written to a file and brought back, are random selection. */
    @Test
    void aSetThatIsBroughtScoresAsTheSnapshotThatItIs() throws Exception {
        List<String> same = List.of(
                "--set", "seed=3",
                "--set", "distillation.network.width=4",
                "--set", "evaluation.victims.epochs=3",
                "--set", "evaluation.victims.count=2",
                "--suite", "pixel-2",
                "--limit", "40");
        Experiment random = experiment("distillation.method=random", "evaluation.suites=[pixel-2]");
        shared.run(List.of(random), FIGURES_A_SUITE / 2);
        Path exported = directory.resolve("exported");
        rome(0, "export", random.getId(), "--out", exported.toString());
        Path out = directory.resolve("sets");
        List<String> line = new ArrayList<>(List.of(
                "evaluate-set", exported.resolve("synthetic.npz").toString(), "--dataset", "shapes10", "--full", "1"));
        line.addAll(List.of("--out", out.toString()));
        line.addAll(same);
        String printed = rome(0, line.toArray(String[]::new));
        assertThat(printed).contains("random-1 ").contains("full ").contains(" points over 1 random images a class");
        Map<String, Map<String, Double>> clean = new TreeMap<>();
        for (JsonNode figure :
                new ObjectMapper().readTree(out.resolve("metrics.json").toFile())) {
            clean.computeIfAbsent(figure.get("method").asText(), any -> new TreeMap<>())
                    .put(
                            figure.get("victim").asText().replaceFirst(".*/", "")
                                    + figure.get("mode").asText(),
                            figure.get("worstCase").get("accuracy").asDouble());
        }
        assertThat(clean.keySet()).containsExactly("full", "given", "random");
        assertThat(clean.get("given")).hasSize(4);
        // pixels and back, in float32: an image of the 40 may fall on the other side
        clean.get("given").forEach((figure, accuracy) -> assertThat(accuracy)
                .as(figure)
                .isCloseTo(clean.get("random").get(figure), within(2.5 + 1e-9)));
        rome(1, "evaluate-set", directory.resolve("none.npz").toString());
    }

    /** A command's standard output. */
    private static String rome(int expectedCode, String... arguments) {
        List<String> line = new ArrayList<>(List.of(arguments));
        line.addAll(List.of("--bootstrap-server", cluster.bootstrapServers()));
        line.addAll(List.of("--schema-registry", cluster.registryUrl()));
        line.addAll(List.of(
                "--set", "topic.prefix=" + TopicNames.of(shared.config()).prefix()));
        PrintStream console = System.out;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        try (PrintStream captured = new PrintStream(printed, true, StandardCharsets.UTF_8)) {
            System.setOut(captured);
            assertThat(RomeCommand.execute(line.toArray(String[]::new))).isEqualTo(expectedCode);
        } finally {
            System.setOut(console);
        }
        return printed.toString(StandardCharsets.UTF_8);
    }

    /** Services wait for it as long as it takes. */
    @Test
    void aCommandOnAPrefixWithoutTopicsFails() {
        for (List<String> words : List.of(
                List.of("dead-letters"), List.of("dead-letters", "--counts"), List.of("watch"), List.of("stop", "x"))) {
            List<String> command = new ArrayList<>(words);
            command.addAll(List.of(
                    "--bootstrap-server", cluster.bootstrapServers(),
                    "--schema-registry", cluster.registryUrl(),
                    "--set", "topic.prefix=nothere."));
            assertThat(RomeCommand.execute(command.toArray(String[]::new)))
                    .as(words.toString())
                    .isEqualTo(1);
        }
    }

    @Test
    void aCommandDoesNotWaitForARegistryForEver() throws Exception {
        Path file = Files.writeString(directory.resolve("lonely.yaml"), TestExperiment.FILE);
        PrintStream console = System.err;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        try (PrintStream captured = new PrintStream(printed, true, StandardCharsets.UTF_8)) {
            System.setErr(captured);
            assertThat(RomeCommand.execute(
                            "submit",
                            file.toString(),
                            "--bootstrap-server",
                            cluster.bootstrapServers(),
                            "--schema-registry",
                            "http://localhost:1",
                            "--set",
                            "topic.prefix=" + TopicNames.of(shared.config()).prefix()))
                    .isEqualTo(1);
        } finally {
            System.setErr(console);
        }
        assertThat(printed.toString(StandardCharsets.UTF_8)).contains("http://localhost:1", "schema.registry.url");
    }

    /** Of three experiments one asks for more images than there are. */
    @Test
    void aBenchmarkMeasuresEachExperimentOnceAndTellsOfThoseThatFail() throws Exception {
        String measured = TestExperiment.RANDOM + "sweep: {seed: [31, 32]}\n";
        String failing = TestExperiment.RANDOM.replace("imagesPerClass: 1", "imagesPerClass: 5000");
        Path all = Files.writeString(directory.resolve("benchmark.yaml"), measured + "---\n" + failing);
        Path good = Files.writeString(directory.resolve("good.yaml"), measured);
        Path out = directory.resolve("benchmark");
        rome(1, "benchmark", all.toString(), "--out", out.toString());
        try (Stream<Path> folders = Files.list(out.resolve("experiments"))) {
            assertThat(folders.toList())
                    .hasSize(3)
                    .filteredOn(folder -> Files.exists(folder.resolve("failure.txt")))
                    .singleElement()
                    .satisfies(folder ->
                            assertThat(folder.resolve("failure.txt")).content().contains("use fewer imagesPerClass"));
        }
        assertThat(out.resolve("results.md")).content().contains("4 victims").contains("seeds 31, 32");
        assertThat(out.resolve("leaderboard.html")).content().contains("4 victims", "\"headline\":");
        assertThat(out.resolve("results.csv")).content().hasLineCount(1 + 4);

        long started = shared.written(Topic.EXPERIMENTS);
        String page = Files.readString(out.resolve("results.md"));
        Files.delete(out.resolve("results.md"));
        rome(0, "benchmark", good.toString(), "--out", out.toString());
        assertThat(shared.written(Topic.EXPERIMENTS))
                .as("what has been measured is not started again")
                .isEqualTo(started);
        assertThat(out.resolve("results.md")).content().isEqualTo(page);

        Path elsewhere = Files.createDirectory(directory.resolve("elsewhere"));
        Files.copy(out.resolve("results.csv"), elsewhere.resolve("results.csv"));
        rome(0, "benchmark", good.toString(), "--out", elsewhere.toString());
        assertThat(shared.written(Topic.EXPERIMENTS))
                .as("results.csv is enough to know what has been measured")
                .isEqualTo(started);
        assertThat(elsewhere.resolve("results.md")).content().isEqualTo(page);
        Path other = Files.writeString(directory.resolve("other.yaml"), measured.replace("31, 32", "31"));
        rome(2, "benchmark", other.toString(), "--out", elsewhere.toString());
        assertThat(elsewhere.resolve("results.csv")).content().hasLineCount(1 + 4);
    }

    @Test
    void theCommandLineSubmitsWatchesExportsAndStops() throws Exception {
        Path file = Files.writeString(directory.resolve("file.yaml"), TestExperiment.RANDOM);
        Path endlessFile = Files.writeString(directory.resolve("endless.yaml"), TestExperiment.FILE);
        String id = rome(0, "submit", file.toString(), "--set", "seed=8").strip();
        assertThat(id).startsWith("tiny-");
        assertThat(rome(0, "watch", id)).contains("evaluated").contains("I-RR").contains("complete");
        assertThat(rome(0, "list").lines())
                .anyMatch(line -> line.startsWith("ID "))
                .anyMatch(line -> line.matches(id + " +completed +random 1/class +shapes10"));
        assertThat(rome(0, "list", "--json")).contains("\"id\":\"" + id + "\"");
        assertThat(rome(0, "status", id))
                .contains(id + ", completed, run 0")
                .contains("random 1/class on shapes10, seed 8")
                .contains("evaluator       evaluated")
                .contains("Suite pixel-2, untargeted");
        Path out = directory.resolve("out");
        rome(0, "export", id, "--out", out.toString());
        assertThat(new ObjectMapper().readTree(out.resolve("metrics.json").toFile()))
                .hasSize(FIGURES_A_SUITE / 2 * SUITES)
                .allSatisfy(
                        record -> assertThat(record.get("complete").asBoolean()).isTrue());
        for (String name : List.of("synthetic.npz", "synthetic.png", "experiment.yaml")) {
            assertThat(out.resolve(name)).isNotEmptyFile();
        }
        String endless = rome(
                        0,
                        "submit",
                        endlessFile.toString(),
                        "--set",
                        "distillation.iterations=90000",
                        "--set",
                        "seed=9")
                .strip();
        rome(0, "stop", endless);
        assertThat(rome(0, "watch", endless)).contains("stopped");
        assertThat(rome(0, "list").lines()).anyMatch(line -> line.startsWith(endless) && line.contains(" stopped "));
        rome(1, "stop", "nothing-of-the-kind");
        PrintStream errors = System.err;
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        try (PrintStream captured = new PrintStream(said, true, StandardCharsets.UTF_8)) {
            System.setErr(captured);
            rome(1, "status", endless.substring(0, endless.length() - 1));
        } finally {
            System.setErr(errors);
        }
        assertThat(said.toString(StandardCharsets.UTF_8)).contains("Did you mean " + endless + "?");
    }
}
