package dev.romestream.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.romestream.dashboard.DashboardService;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.config.Settings;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.Mode;
import dev.romestream.schemas.RobustnessMetrics;
import dev.romestream.testing.TestCluster;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What others' clients, in other languages, read and write: the programs of the documentation, as they are. */
class ForeignClientsIT {
    private static final Path JAVASCRIPT = Path.of("../examples/javascript");
    private static final Path PYTHON = Path.of("../docs/read_metrics.py");
    private static final Duration LIMIT = Duration.ofMinutes(2);

    @TempDir
    private static Path directory;

    private static TestCluster cluster;
    private static Pipeline pipeline;
    private static RobustnessMetrics figure;

    @BeforeAll
    static void start() {
        cluster = TestCluster.start(directory);
        // under the names that those programs know
        pipeline = new Pipeline(RomeConfig.of(
                Map.of("bootstrap.servers", cluster.bootstrapServers(), "schema.registry.url", cluster.registryUrl())));
        Experiment experiment = TestExperiment.with("distillation.method=random", "evaluation.victims.count=1").stream()
                .findFirst()
                .orElseThrow();
        figure = pipeline.run(List.of(experiment), 4).get(0).stream()
                .filter(metrics -> metrics.getMode() == Mode.UNTARGETED && metrics.getIrr() != null)
                .findFirst()
                .orElseThrow();
    }

    @AfterAll
    static void stop() {
        if (cluster != null) {
            pipeline.close();
            cluster.close();
        }
    }

    private static boolean succeeds(Path folder, String... command) {
        try {
            Process process = new ProcessBuilder(command)
                    .directory(folder.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(directory.resolve("commands.log").toFile())
                    .start();
            return process.waitFor(2, TimeUnit.MINUTES) && process.exitValue() == 0;
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Runs a program until it has printed all of the words, and the figure as it is. */
    private static void awaitOutput(Path folder, List<String> command, String... words) throws IOException {
        Path output = Files.createTempFile(directory, "output", ".txt");
        Process process = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        try {
            Awaitility.await(String.join(" ", command)).atMost(LIMIT).untilAsserted(() -> assertThat(
                            Files.readString(output))
                    .contains(words)
                    .matches(ForeignClientsIT::hasFigure, "the figure"));
        } finally {
            process.destroy();
        }
    }

    /** Languages write the same number in several ways. */
    private static boolean hasFigure(String output) {
        String key = "%s/%d/%s/%s/untargeted"
                .formatted(figure.getExperiment(), figure.getSnapshot(), figure.getVictim(), figure.getSuite());
        return Pattern.compile("^" + Pattern.quote(key) + " clean (\\S+) I-RR (\\S+).* complete$", Pattern.MULTILINE)
                .matcher(output)
                .results()
                .anyMatch(line ->
                        Double.parseDouble(line.group(1)) == figure.getClean().getAccuracy()
                                && Double.parseDouble(line.group(2)) == figure.getIrr());
    }

    @Test
    void aProgramInJavaScriptReadsFiguresAndStartsAnExperiment() throws Exception {
        for (String file : List.of("package.json", "robustness.mjs")) {
            Files.copy(JAVASCRIPT.resolve(file), directory.resolve(file));
        }
        assumeTrue(
                succeeds(directory, "npm", "install", "--no-package-lock", "--no-audit", "--no-fund"),
                "skipped: there is no npm, or it cannot reach its registry");
        awaitOutput(
                directory,
                List.of(
                        "node",
                        "robustness.mjs",
                        cluster.bootstrapServers(),
                        cluster.registryUrl(),
                        figure.getExperiment(),
                        "77"),
                "started " + figure.getExperiment() + "-77",
                figure.getExperiment() + "-77/0/");
    }

    /** Of operations' names, parameters and bodies as the API's document has them. */
    @Test
    void aClientThatIsGeneratedFromTheApisDocumentReadsAMetricSubmitsAndStops() throws Exception {
        Path folder = Files.createDirectory(directory.resolve("api-client"));
        for (String file : List.of("package.json", "client.mjs")) {
            Files.copy(Path.of("src/test/resources/api-client", file), folder.resolve(file));
        }
        assumeTrue(
                succeeds(folder, "npm", "install", "--no-package-lock", "--no-audit", "--no-fund"),
                "skipped: there is no npm, or it cannot reach its registry");
        DashboardService dashboard = new DashboardService(
                pipeline.config().with(Map.of(Settings.DASHBOARD_PORT, "0")), new SimpleMeterRegistry());
        try {
            dashboard.start();
            awaitOutput(
                    folder,
                    List.of("node", "client.mjs", dashboard.url(), figure.getExperiment(), TestExperiment.RANDOM),
                    "listed true",
                    "asked true stop",
                    "refused 400 1");
        } finally {
            dashboard.close();
        }
    }

    @Test
    void aProgramInPythonReadsFigures() throws Exception {
        List<String> command =
                List.of("/usr/bin/python3", PYTHON.toAbsolutePath().toString());
        assumeTrue(
                succeeds(directory, command.get(0), "-c", "import avro, confluent_kafka"),
                "skipped: there is no Python with confluent-kafka and avro");
        awaitOutput(
                directory,
                List.of(command.get(0), command.get(1), cluster.bootstrapServers(), cluster.registryUrl()),
                figure.getExperiment());
    }
}
