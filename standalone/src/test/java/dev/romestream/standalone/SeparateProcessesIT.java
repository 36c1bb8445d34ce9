package dev.romestream.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import dev.romestream.embedded.EmbeddedBroker;
import dev.romestream.embedded.EmbeddedSchemaRegistry;
import dev.romestream.standalone.cli.RomeCommand;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every service as a program of its own, with nothing in common but a broker and a registry. */
class SeparateProcessesIT {
    private static final Duration LIMIT = Duration.ofMinutes(5);
    private static final Pattern ENDPOINT = Pattern.compile("health and metrics at (http://\\S+)");

    @TempDir
    private Path directory;

    private Process start(String name, String main) throws IOException {
        List<String> command = List.of(
                System.getProperty("java.home") + "/bin/java",
                "-Xmx512m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                main,
                "--config",
                directory.resolve("rome.properties").toString());
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve(name + ".log").toFile())
                .start();
    }

    private String log(String name) throws IOException {
        return Files.readString(directory.resolve(name + ".log"));
    }

    @Test
    void producerPoolTrainerDistillerTwoAttackersAndEvaluatorRunAnExperimentTogether() throws Exception {
        List<String> names = List.of("producer", "pool-trainer", "distiller", "attacker-1", "attacker-2", "evaluator");
        List<String> mains = List.of(
                "producer.ProducerMain",
                "distiller.PoolTrainerMain",
                "distiller.DistillerMain",
                "attacker.AttackerMain",
                "attacker.AttackerMain",
                "evaluator.EvaluatorMain");
        try (TestCluster cluster = TestCluster.start(directory)) {
            Files.writeString(
                    directory.resolve("rome.properties"),
                    "bootstrap.servers=" + cluster.bootstrapServers() + "\nschema.registry.url=" + cluster.registryUrl()
                            + "\n");
            List<Process> processes = new ArrayList<>();
            try {
                for (int i = 0; i < names.size(); i++) {
                    processes.add(start(names.get(i), "dev.romestream." + mains.get(i)));
                }
                for (String name : names) {
                    Awaitility.await(name).atMost(LIMIT).until(() -> log(name).contains("ready"));
                }
                Path file = directory.resolve("tiny.yaml");
                Files.writeString(file, TestExperiment.FILE);
                Path out = directory.resolve("out");
                int code = RomeCommand.execute(
                        "run",
                        file.toString(),
                        "--bootstrap-server",
                        cluster.bootstrapServers(),
                        "--schema-registry",
                        cluster.registryUrl(),
                        "--out",
                        out.toString(),
                        "--set",
                        "distillation.iterations=3",
                        "--set",
                        "evaluation.suites=[pixel-2]",
                        "--set",
                        "evaluation.victims.count=1");
                assertThat(code).isZero();
                assertThat(Files.readString(out.resolve("metrics.json"))).contains("\"complete\" : true");
                assertThat(out.resolve("synthetic.npz")).isNotEmptyFile();
                assertThat(out.resolve("synthetic.png")).isNotEmptyFile();
                assertThat(get(log("attacker-1"), "/health/ready")).contains("UP");
                assertThat(get(log("attacker-1"), "/metrics")).contains("rome_attack_images_total");
                assertThat(get(log("evaluator"), "/health/live")).contains("UP");
            } finally {
                processes.forEach(Process::destroy);
                for (Process process : processes) {
                    if (!process.waitFor(30, TimeUnit.SECONDS)) {
                        process.destroyForcibly();
                    }
                }
            }
            for (String name : names) {
                assertThat(log(name)).as(name).contains("stopping").doesNotContain("ERROR");
            }
        }
    }

    @Test
    void servicesThatAreStartedBeforeBrokersAndRegistryWaitForThemAndHeedASignalMeanwhile() throws Exception {
        int brokerPort = freePort();
        int registryPort = freePort();
        Files.writeString(
                directory.resolve("rome.properties"),
                "bootstrap.servers=localhost:" + brokerPort + "\nschema.registry.url=http://localhost:" + registryPort
                        + "\nadmin.request.timeout.ms=1500\nadmin.default.api.timeout.ms=2000\n");
        Process attacker = start("attacker", "dev.romestream.attacker.AttackerMain");
        Process evaluator = start("evaluator", "dev.romestream.evaluator.EvaluatorMain");
        try {
            for (String name : List.of("attacker", "evaluator")) {
                Awaitility.await(name).atMost(LIMIT).until(() -> log(name).contains("Waiting for the cluster"));
            }
            evaluator.destroy();
            assertThat(evaluator.waitFor(30, TimeUnit.SECONDS)).isTrue();
            assertThat(log("evaluator")).contains("stopping").doesNotContain("ready");

            try (EmbeddedBroker broker = EmbeddedBroker.start(directory.resolve("broker"), brokerPort)) {
                TimeUnit.SECONDS.sleep(5);
                assertThat(log("attacker")).doesNotContain("ready");
                try (EmbeddedSchemaRegistry registry =
                        EmbeddedSchemaRegistry.start(broker.bootstrapServers(), registryPort)) {
                    Awaitility.await(registry.url()).atMost(LIMIT).until(() -> log("attacker")
                            .contains("ready"));
                    assertThat(get(log("attacker"), "/health/ready")).contains("UP");
                    attacker.destroy();
                    assertThat(attacker.waitFor(30, TimeUnit.SECONDS)).isTrue();
                }
            }
        } finally {
            attacker.destroyForcibly();
            evaluator.destroyForcibly();
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    private static String get(String log, String path) throws IOException {
        Matcher matcher = ENDPOINT.matcher(log);
        assertThat(matcher.find()).isTrue();
        var connection =
                (HttpURLConnection) URI.create(matcher.group(1) + path).toURL().openConnection();
        return new String(connection.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }
}
