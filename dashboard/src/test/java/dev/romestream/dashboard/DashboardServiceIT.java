package dev.romestream.dashboard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion.VersionFlag;
import com.networknt.schema.ValidationMessage;
import dev.romestream.client.experiment.ExperimentFile;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.config.Settings;
import dev.romestream.messaging.topic.RecordSender;
import dev.romestream.messaging.topic.TopicSetup;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.ExperimentStatus;
import dev.romestream.schemas.Phase;
import dev.romestream.schemas.Topic;
import dev.romestream.testing.TestCluster;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The dashboard by its requests: on a broker and registry, with records that a service would write. */
class DashboardServiceIT {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final String FILE =
            "{\"file\": \"name: %s\\ndataset: shapes10\\ndistillation: {method: random, imagesPerClass: 1}\\n\"}";

    @TempDir
    private static Path directory;

    private static TestCluster cluster;
    private static RomeConfig config;
    private static DashboardService dashboard;
    private static RecordSender sender;
    private static final HttpClient http = HttpClient.newHttpClient();

    @BeforeAll
    static void start() {
        cluster = TestCluster.start(directory);
        config = RomeConfig.of(cluster.tenant(Map.of()));
        TopicSetup.ensure(config);
        sender = new RecordSender(config);
        dashboard = started(Map.of());
    }

    @AfterAll
    static void stop() {
        if (cluster != null) {
            dashboard.close();
            sender.close();
            cluster.close();
        }
    }

    private static DashboardService started(Map<String, String> settings) {
        DashboardService started = new DashboardService(config.with(settings), new SimpleMeterRegistry());
        started.start();
        return started;
    }

    private static HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create(dashboard.url() + path)).timeout(LIMIT);
    }

    private static HttpResponse<String> send(HttpRequest request) throws Exception {
        return http.send(request, BodyHandlers.ofString());
    }

    /** What is answered has the form that the API's document says. */
    private static JsonNode get(String path) throws Exception {
        JsonNode answer = JSON.readTree(send(request(path).build()).body());
        if (path.startsWith("api/") && !path.equals("api/openapi.json")) {
            assertThat(violations(path, answer)).as(path).isEmpty();
        }
        return answer;
    }

    private static List<String> violations(String path, JsonNode answer) throws Exception {
        JsonNode document =
                JSON.readTree(send(request("api/openapi.json").build()).body());
        String plain = "/" + path.split("\\?", 2)[0];
        String template = document.path("paths").properties().stream()
                .map(Map.Entry::getKey)
                .filter(served -> plain.matches(served.replaceAll("\\{[a-z]+}", "[^/]+")))
                // an exact path, before one with a parameter
                .min(Comparator.comparing(served -> served.contains("{")))
                .orElseThrow();
        ObjectNode schema = document.path("paths")
                .path(template)
                .at("/get/responses/200/content/application~1json/schema")
                .deepCopy();
        schema.set("components", document.path("components"));
        return JsonSchemaFactory.getInstance(VersionFlag.V202012).getSchema(schema).validate(answer).stream()
                .map(ValidationMessage::toString)
                .toList();
    }

    private static HttpResponse<String> post(String path, String body, String... headers) throws Exception {
        HttpRequest.Builder builder = request(path).POST(BodyPublishers.ofString(body));
        if (headers.length > 0) {
            builder.headers(headers);
        }
        return send(builder.build());
    }

    private static Experiment submitted(String name) throws Exception {
        HttpResponse<String> answer = post("api/experiments", FILE.formatted(name));
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(201);
        String id = JSON.readTree(answer.body()).path("ids").path(0).asText();
        await().atMost(LIMIT)
                .until(() ->
                        get("api/experiments/" + id).at("/summary/id").asText().equals(id));
        return ExperimentFile.parse(
                        JSON.readTree(FILE.formatted(name)).path("file").asText(), Map.of(), List.of())
                .stream()
                .filter(experiment -> experiment.getId().equals(id))
                .findFirst()
                .orElseThrow();
    }

    private static void report(Experiment experiment, String service, Phase phase, long done) {
        sender.send(
                Topic.EXPERIMENT_STATUS,
                experiment.getId() + "/" + service,
                ExperimentStatus.newBuilder()
                        .setExperiment(experiment.getId())
                        .setService(service)
                        .setPhase(phase)
                        .setDone(done)
                        .setTotal(100_000)
                        .setTime(1)
                        .build());
    }

    /** Messages of a stream, as they come. */
    private static final class Stream implements AutoCloseable {
        private final java.util.stream.Stream<String> lines;
        private final Iterator<String> iterator;
        private final Map<String, JsonNode> state = new HashMap<>();
        private String event = "";
        private String id = "";

        Stream(String path, String lastId) throws Exception {
            HttpRequest.Builder builder = request(path).header("Accept", "text/event-stream");
            if (lastId != null) {
                builder.header("Last-Event-ID", lastId);
            }
            this.lines = http.send(builder.build(), BodyHandlers.ofLines()).body();
            this.iterator = lines.iterator();
        }

        /** Takes the next message in. */
        void next() throws IOException {
            StringBuilder data = new StringBuilder();
            for (String line = iterator.next(); !line.isEmpty() || data.isEmpty(); line = iterator.next()) {
                if (line.startsWith("event:")) {
                    event = line.substring("event:".length()).strip();
                } else if (line.startsWith("id:")) {
                    id = line.substring("id:".length()).strip();
                } else if (line.startsWith("data:")) {
                    data.append(line.substring("data:".length()));
                }
            }
            if (event.equals("state")) {
                state.clear();
            }
            JsonNode entries = JSON.readTree(data.toString());
            entries.forEach(entry -> state.put(
                    entry.path("kind").asText() + " " + entry.path("key").asText(), entry.path("value")));
        }

        @Override
        public void close() {
            lines.close();
        }
    }

    @Test
    void aStreamHasTheStateFirstAndThenWhatChanges() throws Exception {
        Experiment experiment = submitted("streamed");
        String lastId;
        try (Stream stream = new Stream("api/stream", null)) {
            stream.next();
            assertThat(stream.event).isEqualTo("state");
            assertThat(stream.state).containsKey("experiment " + experiment.getId());
            report(experiment, "distiller", Phase.RUNNING, 1);
            while (stream.state
                    .get("experiment " + experiment.getId())
                    .path("progress")
                    .isEmpty()) {
                stream.next();
                assertThat(stream.event).isEqualTo("changes");
            }
            lastId = stream.id;
        }
        report(experiment, "distiller", Phase.RUNNING, 2);
        await().atMost(LIMIT)
                .until(() -> get("api/experiments/" + experiment.getId())
                                .at("/summary/progress/0/done")
                                .asLong()
                        == 2);
        try (Stream again = new Stream("api/stream", lastId)) {
            again.next();
            assertThat(again.event)
                    .as("who knows where he was goes on from there")
                    .isEqualTo("changes");
            assertThat(again.state).containsKey("experiment " + experiment.getId());
        }
        try (Stream elsewhere = new Stream("api/stream", "another-process:5")) {
            elsewhere.next();
            assertThat(elsewhere.event).isEqualTo("state");
        }
    }

    @Test
    void manyChangesBecomeFewMessagesAndNoneIsOlderThanTheNewest() throws Exception {
        Experiment experiment = submitted("busy");
        int changes = 2_000;
        try (Stream stream = new Stream("api/stream?only=experiment", null)) {
            stream.next();
            long began = System.nanoTime();
            for (int done = 1; done <= changes; done++) {
                report(experiment, "distiller", Phase.RUNNING, done);
            }
            sender.flush();
            int messages = 0;
            while (stream.state
                            .get("experiment " + experiment.getId())
                            .at("/progress/0/done")
                            .asLong()
                    < changes) {
                stream.next();
                messages++;
            }
            double seconds = (System.nanoTime() - began) / 1e9;
            assertThat(messages).isLessThanOrEqualTo((int) (seconds * 5) + 2);
        }
    }

    @Test
    void aFileIsCheckedWithTheWordsOfTheCommandLine() throws Exception {
        JsonNode good =
                JSON.readTree(post("api/check", FILE.formatted("checked")).body());
        assertThat(good.path("experiments").path(0).path("name").asText()).isEqualTo("checked");
        HttpResponse<String> bad =
                post("api/check", FILE.formatted("checked").replace("imagesPerClass", "imagesPerclass"));
        assertThat(bad.statusCode()).isEqualTo(400);
        assertThat(JSON.readTree(bad.body()).path("error").asText())
                .contains("imagesPerclass")
                .contains("known are");
        assertThat(post("api/check", "no json").statusCode()).isEqualTo(400);
        assertThat(post("api/check", "x".repeat((1 << 20) + 1)).statusCode()).isEqualTo(413);
        assertThat(get("api/experiments").toString()).doesNotContain("checked");
    }

    @Test
    void anExperimentIsPausedGoesOnIsStoppedAndRunsAgain() throws Exception {
        String id = submitted("controlled").getId();
        String path = "api/experiments/" + id;
        for (String state : List.of("pause", "run", "stop")) {
            assertThat(post(path + "/state", "{\"state\": \"" + state + "\"}").statusCode())
                    .isEqualTo(200);
            await().atMost(LIMIT)
                    .until(() -> get(path).at("/summary/desiredState").asText().equals(state));
        }
        assertThat(post(path + "/run", "{}").statusCode()).isEqualTo(200);
        await().atMost(LIMIT).until(() -> get(path).at("/summary/run").asInt() == 1);
        assertThat(post(path + "/state", "{\"state\": \"dance\"}").statusCode()).isEqualTo(400);
        assertThat(post("api/experiments/none/state", "{\"state\": \"stop\"}").statusCode())
                .isEqualTo(404);
    }

    @Test
    void changesFromForeignPagesAreRefused() throws Exception {
        String body = FILE.formatted("foreign");
        assertThat(post("api/experiments", body, "Sec-Fetch-Site", "cross-site").statusCode())
                .isEqualTo(403);
        assertThat(post("api/experiments", body, "Origin", "http://evil.example")
                        .statusCode())
                .isEqualTo(403);
        assertThat(post("api/experiments", body, "Origin", "null").statusCode()).isEqualTo(403);
        assertThat(get("api/experiments").toString()).doesNotContain("foreign");
        String own = dashboard.url().substring(0, dashboard.url().length() - 1);
        assertThat(post("api/check", body, "Sec-Fetch-Site", "same-origin", "Origin", own)
                        .statusCode())
                .isEqualTo(200);
    }

    /** A name that somebody lets point to this machine is none of its own. */
    @Test
    void aForeignNameForThisMachineIsRefused() throws Exception {
        URI url = URI.create(dashboard.url());
        for (var expected : Map.of("evil.example", "403", "localhost", "200", "127.0.0.1", "200")
                .entrySet()) {
            try (Socket socket = new Socket(url.getHost(), url.getPort())) {
                socket.getOutputStream()
                        .write(("GET /api/experiments HTTP/1.1\r\nHost: " + expected.getKey() + ":" + url.getPort()
                                        + "\r\nConnection: close\r\n\r\n")
                                .getBytes(StandardCharsets.US_ASCII));
                var reader = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
                assertThat(reader.readLine()).as(expected.getKey()).contains(expected.getValue());
            }
        }
    }

    @Test
    void pagesLetNothingInFromElsewhere() throws Exception {
        for (String path : List.of("", "app.js", "api/experiments", "no-such-page")) {
            var headers = send(request(path).build()).headers();
            assertThat(headers.firstValue("Content-Security-Policy").orElse(""))
                    .as(path)
                    .contains("default-src 'none'")
                    .contains("frame-ancestors 'none'")
                    .doesNotContain("unsafe");
        }
        String page = send(request("").build()).body();
        assertThat(page).doesNotContain("http://").doesNotContain("https://").doesNotContain("<style");
        assertThat(send(request("api/nothing").build()).statusCode()).isEqualTo(404);
    }

    @Test
    void withATokenNothingIsShownWithoutIt() throws Exception {
        DashboardService locked = started(Map.of(Settings.DASHBOARD_TOKEN, "secret-1"));
        try {
            URI base = URI.create(locked.url());
            for (String path : List.of("api/experiments", "api/stream", "app.js")) {
                assertThat(send(HttpRequest.newBuilder(base.resolve(path)).build())
                                .statusCode())
                        .as(path)
                        .isEqualTo(401);
            }
            assertThat(send(HttpRequest.newBuilder(base).build()).headers().firstValue("Location"))
                    .hasValueSatisfying(place -> assertThat(place).endsWith("/login.html"));
            assertThat(send(HttpRequest.newBuilder(base.resolve("api/experiments"))
                                    .header("Authorization", "Bearer secret-1")
                                    .build())
                            .statusCode())
                    .isEqualTo(200);
            HttpRequest.Builder login = HttpRequest.newBuilder(base.resolve("login"))
                    .header("Content-Type", "application/x-www-form-urlencoded");
            String place = "next=%23%2Fexperiment%3Fid%3De%26suite%3Dquick";
            HttpResponse<String> refused = send(
                    login.POST(BodyPublishers.ofString("token=wrong&" + place)).build());
            assertThat(refused.statusCode()).isEqualTo(401);
            assertThat(refused.body())
                    .contains("That is not the token.")
                    .contains("value=\"#/experiment?id=e&amp;suite=quick\"")
                    .contains("name=\"token\"");
            assertThat(send(login.POST(BodyPublishers.ofString("token=wrong&next=%23%2F%22%3E%3Cscript%3E"))
                                    .build())
                            .body())
                    .contains("name=\"next\" value=\"\"");
            HttpResponse<String> let = send(login.POST(BodyPublishers.ofString("token=secret-1&" + place))
                    .build());
            assertThat(let.headers().firstValue("Location").orElseThrow()).endsWith("/#/experiment?id=e&suite=quick");
            String cookie = let.headers().firstValue("Set-Cookie").orElseThrow();
            assertThat(cookie)
                    .contains("HttpOnly")
                    .contains("SameSite=Strict")
                    .doesNotContain("Secure")
                    .as("a session, and not what it was got with")
                    .doesNotContain("secret-1");
            assertThat(send(login.header("X-Forwarded-Proto", "https")
                                    .POST(BodyPublishers.ofString("token=secret-1"))
                                    .build())
                            .headers()
                            .firstValue("Set-Cookie")
                            .orElseThrow())
                    .contains("Secure");
            assertThat(send(HttpRequest.newBuilder(base.resolve("api/experiments"))
                                    .header("Cookie", cookie.split(";")[0])
                                    .build())
                            .statusCode())
                    .isEqualTo(200);
        } finally {
            locked.close();
        }
    }

    @Test
    void guessesAtTheTokenAreCountedByAddress() throws Exception {
        DashboardService locked = started(Map.of(
                Settings.DASHBOARD_TOKEN,
                "secret-1",
                Settings.DASHBOARD_PROXIED,
                "true",
                Settings.DASHBOARD_NAMES,
                "127.0.0.1"));
        try {
            URI login = URI.create(locked.url()).resolve("login");
            int last = 0;
            for (int guess = 0; guess < 200 && last != 429; guess++) {
                last = guess(login, "192.0.2.1", "wrong").statusCode();
            }
            assertThat(last).isEqualTo(429);
            assertThat(guess(login, "192.0.2.2", "secret-1").statusCode())
                    .as("of another address none was")
                    .isEqualTo(302);
        } finally {
            locked.close();
        }
    }

    private static HttpResponse<String> guess(URI login, String address, String token) throws Exception {
        return send(HttpRequest.newBuilder(login)
                .header("Content-Type", "application/x-www-form-urlencoded")
                .header("X-Forwarded-For", address)
                .POST(BodyPublishers.ofString("token=" + token))
                .build());
    }

    @Test
    void behindAProxyTheHostIsCheckedToo() {
        DashboardService nameless = new DashboardService(
                config.with(Map.of(Settings.DASHBOARD_PROXIED, "true")), new SimpleMeterRegistry());
        try {
            assertThatThrownBy(nameless::start).hasMessageContaining("dashboard.names");
        } finally {
            nameless.close();
        }
    }

    @Test
    void nobodyOpensItToTheWorldByMistake() {
        DashboardService open = new DashboardService(
                config.with(Map.of(Settings.DASHBOARD_HOST, "0.0.0.0")), new SimpleMeterRegistry());
        try {
            assertThatThrownBy(open::start)
                    .hasMessageContaining("dashboard.host is 0.0.0.0")
                    .hasMessageContaining("dashboard.token");
        } finally {
            open.close();
        }
    }

    @Test
    void theDocumentOfTheApiHasEveryRequest() throws Exception {
        JsonNode paths = get("api/openapi.json").path("paths");
        Set<String> served = new TreeSet<>();
        paths.fieldNames().forEachRemaining(served::add);
        assertThat(served)
                .contains("/api/experiments", "/api/experiments/{id}/state", "/api/system")
                .hasSizeGreaterThan(10);
        assertThat(send(request("api/compare").build()).body()).contains("The query 'ids' is missing.");
        assertThat(send(request("api/compare?ids=nobody").build()).body()).contains("no experiment 'nobody'");
        Set<String> operations = new TreeSet<>();
        for (JsonNode path : paths) {
            for (JsonNode operation : path) {
                assertThat(operations.add(operation.path("operationId").asText()))
                        .as("every operation has a name of its own: " + operation)
                        .isTrue();
            }
        }
        assertThat(paths.at("/~1api~1compare/get/parameters/0/name").asText()).isEqualTo("ids");
        for (String path : served) {
            if (paths.path(path).has("get") && !path.contains("{") && !path.equals("/api/stream")) {
                boolean asks = paths.path(path).path("get").findValues("required").stream()
                        .anyMatch(JsonNode::asBoolean);
                assertThat(send(request(path.substring(1)).build()).statusCode())
                        .as(path)
                        .isEqualTo(asks ? 400 : 200);
            }
        }
    }

    @Test
    void refusalsAreProblemDetailsAndWhatHasNotChangedIsNotSentAgain() throws Exception {
        HttpResponse<String> unknown = send(request("api/experiments/nobody").build());
        assertThat(unknown.statusCode()).isEqualTo(404);
        assertThat(unknown.headers().firstValue("Content-Type")).hasValue("application/problem+json");
        JsonNode problem = JSON.readTree(unknown.body());
        assertThat(problem.path("title").asText()).isEqualTo("Not Found");
        assertThat(problem.path("status").asInt()).isEqualTo(404);
        assertThat(problem.path("detail").asText())
                .contains("no experiment 'nobody'")
                .isEqualTo(problem.path("error").asText());
        HttpResponse<String> wrong =
                send(request("api/flags").POST(BodyPublishers.noBody()).build());
        assertThat(wrong.statusCode()).isEqualTo(405);
        HttpResponse<String> flags = send(request("api/flags").build());
        String tag = flags.headers().firstValue("ETag").orElseThrow();
        assertThat(send(request("api/flags").header("If-None-Match", tag).build())
                        .statusCode())
                .isEqualTo(304);
    }

    /** Browsers dispatch no event without data. */
    @Test
    void aStreamOnWhichNothingHappensSaysThatItIsThere() throws Exception {
        HttpResponse<java.util.stream.Stream<String>> answer = http.send(
                request("api/stream?only=alert")
                        .header("Accept", "text/event-stream")
                        .build(),
                BodyHandlers.ofLines());
        try (java.util.stream.Stream<String> lines = answer.body()) {
            assertThat(lines.dropWhile(line -> !line.equals("event: alive"))
                            .skip(1)
                            .findFirst())
                    .hasValue("data: {}");
        }
    }

    @Test
    void streamsThatAreLeftAreForgotten() throws Exception {
        try (Stream stream = new Stream("api/stream", null)) {
            stream.next();
        }
        Experiment experiment = submitted("left");
        await().atMost(LIMIT).until(() -> {
            report(experiment, "distiller", Phase.RUNNING, System.nanoTime() % 100_000);
            return dashboard.streams() == 0;
        });
    }
}
