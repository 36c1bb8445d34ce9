package dev.romestream.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.romestream.embedded.EmbeddedBroker;
import dev.romestream.embedded.EmbeddedSchemaRegistry;
import dev.romestream.standalone.cli.RomeCommand;
import dev.romestream.testing.TestCluster;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every service as a program of its own, with nothing in common but a broker and a registry. */
class SeparateProcessesIT {
    private static final Duration LIMIT = Duration.ofMinutes(5);
    private static final Pattern ENDPOINT = Pattern.compile("health and metrics at (http://\\S+)");
    private static final Map<String, String> SERVICES = Map.of(
            "producer", "producer.ProducerMain",
            "pool-trainer", "distiller.PoolTrainerMain",
            "distiller", "distiller.DistillerMain",
            "attacker-1", "attacker.AttackerMain",
            "attacker-2", "attacker.AttackerMain",
            "evaluator", "evaluator.EvaluatorMain");
    private static final String DASHBOARD = "dashboard";

    @TempDir
    private static Path shared;

    private static final Map<String, Process> processes = new LinkedHashMap<>();
    private static TestCluster cluster;
    private static int code;
    private static int dashboardPort;

    @TempDir
    private Path directory;

    private static Process start(Path folder, String name, String main, String... options) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                System.getProperty("java.home") + "/bin/java",
                "-Xmx512m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                "dev.romestream." + main,
                "--config",
                folder.resolve("rome.properties").toString()));
        command.addAll(List.of(options));
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve(name + ".log").toFile())
                .start();
    }

    private static String log(Path folder, String name) throws IOException {
        return Files.readString(folder.resolve(name + ".log"));
    }

    private static void awaitReady(String name) {
        Awaitility.await(name).atMost(LIMIT).until(() -> log(shared, name).contains("ready"));
    }

    /** Starts all of them, and runs an experiment with an alert rule that its figures cross. */
    @BeforeAll
    static void runAnExperiment() throws Exception {
        cluster = TestCluster.start(shared);
        Files.writeString(
                shared.resolve("rome.properties"),
                "bootstrap.servers=" + cluster.bootstrapServers() + "\nschema.registry.url=" + cluster.registryUrl()
                        + "\n");
        for (Map.Entry<String, String> service : SERVICES.entrySet()) {
            processes.put(service.getKey(), start(shared, service.getKey(), service.getValue()));
        }
        SERVICES.keySet().forEach(SeparateProcessesIT::awaitReady);
        dashboardPort = freePort();
        processes.put(
                DASHBOARD,
                start(
                        shared,
                        DASHBOARD,
                        "dashboard.DashboardMain",
                        "--set",
                        "dashboard.port=" + dashboardPort,
                        "--set",
                        "dashboard.services="
                                + endpoints().entrySet().stream()
                                        .map(service -> service.getKey() + "=" + service.getValue())
                                        .collect(Collectors.joining(","))));
        awaitReady(DASHBOARD);
        Path file = Files.writeString(shared.resolve("tiny.yaml"), TestExperiment.FILE);
        code = RomeCommand.execute(
                "run",
                file.toString(),
                "--bootstrap-server",
                cluster.bootstrapServers(),
                "--schema-registry",
                cluster.registryUrl(),
                "--out",
                shared.resolve("out").toString(),
                "--set",
                "distillation.iterations=3",
                "--set",
                "evaluation.suites=[pixel-2]",
                "--set",
                "evaluation.victims.count=1",
                "--set",
                "alerts=[{figure: clean, below: 100, significant: false, name: imperfect}]");
    }

    @AfterAll
    static void everyProcessHeedsASignal() throws Exception {
        processes.values().forEach(Process::destroy);
        List<String> still = new ArrayList<>();
        for (Map.Entry<String, Process> process : processes.entrySet()) {
            if (!process.getValue().waitFor(30, TimeUnit.SECONDS)) {
                still.add(process.getKey());
                process.getValue().destroyForcibly();
            }
        }
        if (cluster != null) {
            cluster.close();
        }
        assertThat(still).as("processes that a signal did not end").isEmpty();
        for (String name : processes.keySet()) {
            assertThat(log(shared, name)).as(name).contains("stopping").doesNotContain("ERROR");
        }
    }

    private static Map<String, String> endpoints() throws IOException {
        Map<String, String> endpoints = new LinkedHashMap<>();
        for (String name : processes.keySet()) {
            endpoints.put(name, endpoint(shared, name));
        }
        return endpoints;
    }

    @Test
    void theyRunAnExperimentTogether() throws Exception {
        Path out = shared.resolve("out");
        assertThat(code).isZero();
        assertThat(Files.readString(out.resolve("metrics.json"))).contains("\"complete\" : true");
        assertThat(out.resolve("synthetic.npz")).isNotEmptyFile();
        assertThat(out.resolve("synthetic.png")).isNotEmptyFile();
        assertThat(out.resolve("report.html")).content().contains("imperfect, victim-0, pixel-2: clean ");
        assertThat(get(shared, "attacker-1", "/health/ready")).contains("UP");
        assertThat(get(shared, "attacker-1", "/metrics")).contains("rome_attack_images_total");
        assertThat(get(shared, "evaluator", "/health/live")).contains("UP");
    }

    /** By the rate of the attacks on the networks of the experiment that ran. */
    @Test
    void theDashboardTellsWhatAnExperimentCosts() throws Exception {
        String body = new ObjectMapper().writeValueAsString(Map.of("file", TestExperiment.FILE));
        HttpResponse<String> answer = HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(URI.create("http://localhost:" + dashboardPort + "/api/check"))
                                .header("Content-Type", "application/json")
                                .POST(HttpRequest.BodyPublishers.ofString(body))
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
        assertThat(new ObjectMapper().readTree(answer.body()).path("cost").asText())
                .matches(
                        "About [0-9.]+ (million|thousand) gradient evaluations: .* (about [0-9]+ (s|min)|[0-9.]+ hours) of one worker at the [0-9]+ a second of the"
                                + " attacks so far\\.");
    }

    private static void setsOfAStreamAreScored() throws IOException {
        String live = """
                name: live
                dataset: {name: topic, path: photos, window: {images: 60, test: 0.3}}
                distillation: {method: random, imagesPerClass: 1, network: {width: 4, depth: 3}}
                evaluation: {victims: {count: 1, epochs: 1}, suites: [quick]}
                """;
        List<String> cluster = List.of(
                "--bootstrap-server",
                SeparateProcessesIT.cluster.bootstrapServers(),
                "--schema-registry",
                SeparateProcessesIT.cluster.registryUrl());
        for (List<String> command : List.of(
                List.of("stream", "photos", "--images", "60", "--rate", "0"),
                List.of(
                        "submit",
                        Files.writeString(shared.resolve("live.yaml"), live).toString()))) {
            assertThat(RomeCommand.execute(
                            Stream.concat(command.stream(), cluster.stream()).toArray(String[]::new)))
                    .isZero();
        }
    }

    /** What the dashboards for Grafana ask is asked of a Prometheus that scrapes these processes. */
    @Test
    void prometheusAnswersEveryQueryOfTheDashboards() throws Exception {
        Optional<Path> program = MonitoringFiles.program("prometheus");
        assumeTrue(program.isPresent(), "skipped: there is no Prometheus (Debian's package prometheus)");
        try (var producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", cluster.bootstrapServers()),
                new StringSerializer(),
                new ByteArraySerializer())) {
            producer.send(new ProducerRecord<>("rome.experiments", "poison", new byte[] {1, 2, 3}))
                    .get();
        }
        setsOfAStreamAreScored();
        Map<String, String> targets = new LinkedHashMap<>();
        endpoints().forEach((name, url) -> targets.put(name, url.substring("http://".length())));
        try (Prometheus prometheus = new Prometheus(program.get(), directory, freePort(), targets)) {
            Awaitility.await("Prometheus").atMost(LIMIT).until(prometheus::answers);
            Map<String, String> queries = MonitoringFiles.queries();
            assertThat(queries).hasSizeGreaterThan(20);
            for (Map.Entry<String, String> query : queries.entrySet()) {
                Awaitility.await(query.getKey() + ": " + query.getValue())
                        .atMost(Duration.ofSeconds(40))
                        .until(() -> !prometheus.query(query.getValue()).isEmpty());
            }
            assertThat(prometheus.query("sum(up)").at("/0/value/1").asInt()).isEqualTo(processes.size());
            JsonNode ready = prometheus.query("min by (target) (rome_service_ready)");
            assertThat(ready.findValuesAsText("target")).contains("attacker-1", "evaluator");
            assertThat(ready)
                    .allSatisfy(one -> assertThat(one.at("/value/1").asInt()).isEqualTo(1));
            // all is done, and nothing looks as if it waited, or were old
            for (String idle : List.of("sum(rome_group_waiting)", "max(rome_group_oldest_seconds)")) {
                Awaitility.await(idle)
                        .atMost(Duration.ofSeconds(40))
                        .until(() ->
                                prometheus.query(idle).at("/0/value/1").asText().equals("0"));
            }
            JsonNode clean =
                    prometheus.query("rome_figure_percent{figure='clean', mode='untargeted', experiment=~'tiny-.*'}");
            assertThat(clean).hasSize(1);
            assertThat(clean.at("/0/metric/network").asText()).isEqualTo("victim-0");
            assertThat(Files.readString(shared.resolve("out/metrics.json")))
                    .contains("\"accuracy\" : " + clean.at("/0/value/1").asDouble());
            Awaitility.await("the alert of the rule")
                    .atMost(LIMIT)
                    .until(() -> prometheus.get("/api/v1/alerts").toString().contains("imperfect"));
        }
        assertThat(metricsThatNoProgramHas()).isEmpty();
    }

    /**
     * Of those on the page of metrics; a name that ends in a star stands for all that begin so. Open requests have no row after the last
     * answer; {@code TallyProcessorTest} sees them, and {@code StreamsIT} what is of streams.
     */
    private static List<String> metricsThatNoProgramHas() throws IOException {
        StringBuilder all = new StringBuilder();
        for (String name : processes.keySet()) {
            all.append(get(shared, name, "/metrics"));
        }
        String page = Files.readString(Path.of("../docs/metrics-endpoint.md"));
        List<String> documented = Pattern.compile("`((rome|kafka|jvm|process|system)_[a-z_]+)[*{`]")
                .matcher(page)
                .results()
                .map(found -> found.group(1))
                .toList();
        assertThat(documented).hasSizeGreaterThan(40).contains("rome_evaluation_requests");
        return documented.stream()
                .filter(name -> !name.equals("rome_evaluation_requests")
                        && !name.equals("rome_figure_window")
                        && !name.startsWith("rome_stream_"))
                .filter(name -> !all.toString().contains("\n" + name))
                .toList();
    }

    @Test
    void aDeviceThatIsNotThereEndsAServiceWithALineAndAUsageError() throws Exception {
        Files.copy(shared.resolve("rome.properties"), directory.resolve("rome.properties"));
        Process attacker = start(directory, "attacker", "attacker.AttackerMain", "--set", "engine.device=gpu:7");
        assertThat(attacker.waitFor(1, TimeUnit.MINUTES)).isTrue();
        assertThat(attacker.exitValue()).isEqualTo(2);
        assertThat(log(directory, "attacker").lines().filter(line -> !line.contains("configuration:")))
                .singleElement()
                .asString()
                .contains("engine.device is gpu:7, and there are 0 GPUs; use auto or cpu.");
    }

    @Test
    void servicesThatAreStartedBeforeBrokersAndRegistryWaitForThemAndHeedASignalMeanwhile() throws Exception {
        int brokerPort = freePort();
        int registryPort = freePort();
        Files.writeString(
                directory.resolve("rome.properties"),
                "bootstrap.servers=localhost:" + brokerPort + "\nschema.registry.url=http://localhost:" + registryPort
                        + "\nadmin.request.timeout.ms=1500\nadmin.default.api.timeout.ms=2000\n");
        int httpPort = freePort();
        Process attacker = start(directory, "attacker", "attacker.AttackerMain", "--set", "http.port=" + httpPort);
        Process evaluator = start(directory, "evaluator", "evaluator.EvaluatorMain");
        try {
            for (String name : List.of("attacker", "evaluator")) {
                Awaitility.await(name).atMost(LIMIT).until(() -> log(directory, name)
                        .contains("Waiting for the cluster"));
            }
            evaluator.destroy();
            assertThat(evaluator.waitFor(30, TimeUnit.SECONDS)).isTrue();
            assertThat(log(directory, "evaluator")).contains("stopping").doesNotContain("ready");

            try (EmbeddedBroker broker = EmbeddedBroker.start(directory.resolve("broker"), brokerPort)) {
                Awaitility.await("the brokers are there, and the registry is not")
                        .atMost(LIMIT)
                        .until(() -> get("http://localhost:" + httpPort + "/health/ready")
                                .contains("No schema registry answers"));
                assertThat(log(directory, "attacker")).doesNotContain("ready");
                try (EmbeddedSchemaRegistry registry =
                        EmbeddedSchemaRegistry.start(broker.bootstrapServers(), registryPort)) {
                    Awaitility.await(registry.url()).atMost(LIMIT).until(() -> log(directory, "attacker")
                            .contains("ready"));
                    assertThat(get(directory, "attacker", "/health/ready")).contains("UP");
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

    private static String endpoint(Path folder, String name) throws IOException {
        Matcher matcher = ENDPOINT.matcher(log(folder, name));
        assertThat(matcher.find()).isTrue();
        return matcher.group(1);
    }

    private static String get(Path folder, String name, String path) throws IOException {
        return get(endpoint(folder, name) + path);
    }

    private static String get(String url) throws IOException {
        var connection = (HttpURLConnection) URI.create(url).toURL().openConnection();
        InputStream body =
                connection.getResponseCode() < 400 ? connection.getInputStream() : connection.getErrorStream();
        return new String(body.readAllBytes(), StandardCharsets.UTF_8);
    }
}
