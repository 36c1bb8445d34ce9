package dev.romestream.standalone.dashboard;

import dev.romestream.client.experiment.ExperimentFile;
import dev.romestream.embedded.EmbeddedBroker;
import dev.romestream.embedded.EmbeddedSchemaRegistry;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.config.Settings;
import dev.romestream.messaging.topic.RecordSender;
import dev.romestream.messaging.topic.TopicSetup;
import dev.romestream.schemas.Accuracy;
import dev.romestream.schemas.AttackAccuracy;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.ExperimentStatus;
import dev.romestream.schemas.Mode;
import dev.romestream.schemas.Phase;
import dev.romestream.schemas.RobustnessMetrics;
import dev.romestream.schemas.Topic;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The dashboard under load, in a JVM of its own: 1,000 experiments, 10,000 figures, 50 streams, 100 updates a second; not part of the
 * tests. Run with {@code mvn verify -Dit.test=DashboardBenchmark -Dtest=none -Dsurefire.failIfNoSpecifiedTests=false
 * -Dfailsafe.failIfNoSpecifiedTests=false}.
 */
class DashboardBenchmark {
    private static final int EXPERIMENTS = 1_000;
    private static final int FIGURES = 10_000;
    private static final int STREAMS = 50;
    private static final int UPDATES_A_SECOND = 100;
    private static final int IMAGES = 1_000;
    private static final int INTERACTIONS = 200;
    private static final int TURNS = 25;
    private static final long TURN_MS = 3_000;
    private static final long WARM_UP_MS = 15_000;

    @TempDir
    private static Path directory;

    private final AtomicBoolean ended = new AtomicBoolean();
    private final LongAdder messages = new LongAdder();

    private static RobustnessMetrics figure(Experiment experiment, int victim, int seen) {
        List<AttackAccuracy> attacks = new ArrayList<>();
        for (String name : List.of("none", "clamp", "fgsm", "pgd", "pgd_l2")) {
            boolean control = name.equals("none") || name.equals("clamp");
            attacks.add(AttackAccuracy.newBuilder()
                    .setAttack(name)
                    .setEpsilon(2 / 255.0)
                    .setControl(control)
                    .setCorrect(seen / 2)
                    .setCount(seen)
                    .setAccuracy(50.0 - attacks.size())
                    .setInterval(List.of(40.0, 60.0))
                    .setSeconds(1)
                    .setGradientEvaluations(seen)
                    .setForwardEvaluations(seen)
                    .setPerImage(seen == IMAGES ? "01".repeat(IMAGES / 2) : "")
                    .build());
        }
        Accuracy accuracy = new Accuracy(seen / 2L, (long) seen, 50.0, List.of(45.0, 55.0));
        return RobustnessMetrics.newBuilder()
                .setExperiment(experiment.getId())
                .setMethod("dm")
                .setSnapshot(0)
                .setIteration(10)
                .setFinal$(true)
                .setVictim(experiment.getId() + "/0/victim-" + victim)
                .setSuite("pixel-2")
                .setMode(Mode.UNTARGETED)
                .setComplete(seen == IMAGES)
                .setClean(accuracy)
                .setWorstCase(accuracy)
                .setAttacks(attacks)
                .setRr(20.0)
                .setIrr(60.0 + seen % 10)
                .setIrrPlus(60.0)
                .setAe(50.0)
                .setCrei(40.0)
                .setIcrei(50.0)
                .setIrrInterval(List.of(50.0, 70.0))
                .setFlags(List.of())
                .build();
    }

    private static void send(RecordSender sender, Experiment experiment, int victim, int seen) {
        sender.send(
                Topic.ROBUSTNESS_LATEST,
                experiment.getId() + "/0/victim-" + victim + "/pixel-2/untargeted",
                figure(experiment, victim, seen));
    }

    private static void report(RecordSender sender, Experiment experiment, String service, long done) {
        sender.send(
                Topic.EXPERIMENT_STATUS,
                experiment.getId() + "/" + service,
                ExperimentStatus.newBuilder()
                        .setExperiment(experiment.getId())
                        .setService(service)
                        .setPhase(Phase.RUNNING)
                        .setActivity("attacking")
                        .setDone(done)
                        .setTotal(10_000)
                        .setTime(System.currentTimeMillis())
                        .build());
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    private static long residentMegabytes(Process process) throws IOException {
        return Files.readAllLines(Path.of("/proc/" + process.pid() + "/status")).stream()
                        .filter(line -> line.startsWith("VmRSS"))
                        .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
                        .sum()
                / 1024;
    }

    private void follow(HttpClient http, String url) {
        HttpRequest request = HttpRequest.newBuilder(URI.create(url))
                .header("Accept", "text/event-stream")
                .build();
        Thread reader = new Thread(
                () -> {
                    try (var lines = http.send(request, BodyHandlers.ofLines()).body()) {
                        lines.takeWhile(line -> !ended.get())
                                .filter(line -> line.startsWith("event"))
                                .forEach(line -> messages.increment());
                    } catch (IOException | java.io.UncheckedIOException e) {
                        if (!ended.get()) {
                            System.out.println("A stream was cut: " + e);
                        }
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                },
                "stream");
        reader.setDaemon(true);
        reader.start();
    }

    private static double percentile(List<Double> values, double share) {
        List<Double> sorted = values.stream().sorted().toList();
        return sorted.get((int) Math.min(sorted.size() - 1, Math.ceil(share * sorted.size()) - 1));
    }

    @Test
    @SuppressWarnings("unchecked")
    void underLoad() throws Exception {
        EmbeddedBroker broker = EmbeddedBroker.start(directory.resolve("broker"), 0);
        EmbeddedSchemaRegistry registry = EmbeddedSchemaRegistry.start(broker.bootstrapServers(), 0);
        RomeConfig config = RomeConfig.of(
                Map.of("bootstrap.servers", broker.bootstrapServers(), Settings.REGISTRY_URL, registry.url()));
        TopicSetup.ensure(config);
        List<Experiment> experiments = ExperimentFile.parse(
                "name: load\ndataset: shapes10\ndistillation: {method: dm}\nsweep: {seed: ["
                        + IntStream.range(0, EXPERIMENTS)
                                .mapToObj(String::valueOf)
                                .collect(Collectors.joining(","))
                        + "]}\n",
                Map.of(),
                List.of());
        RecordSender sender = new RecordSender(config);
        for (Experiment experiment : experiments) {
            sender.send(Topic.EXPERIMENTS, experiment.getId(), experiment);
            for (String service : List.of("producer", "distiller", "victim-trainer", "evaluator")) {
                report(sender, experiment, service, 1);
            }
            for (int victim = 0; victim < FIGURES / EXPERIMENTS; victim++) {
                send(sender, experiment, victim, IMAGES);
            }
        }
        sender.flush();
        int port = freePort();
        String url = "http://127.0.0.1:" + port + "/";
        long began = System.nanoTime();
        Process dashboard = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx128m",
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        "dev.romestream.dashboard.DashboardMain",
                        "--set",
                        "bootstrap.servers=" + broker.bootstrapServers(),
                        "--set",
                        "schema.registry.url=" + registry.url(),
                        "--set",
                        "dashboard.port=" + port)
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("dashboard.log").toFile())
                .start();
        HttpClient http = HttpClient.newHttpClient();
        Browser browser = Browser.start().orElseThrow();
        Thread updates = new Thread(() -> update(sender, experiments), "updates");
        try {
            awaitFigures(http, url, experiments.get(EXPERIMENTS - 1).getId());
            System.out.printf("all is shown %.1f s after the start%n", (System.nanoTime() - began) / 1e9);
            for (int i = 0; i < STREAMS; i++) {
                follow(
                        http,
                        url + "api/stream?experiments=" + experiments.get(i).getId());
            }
            updates.start();
            browser.open(url);
            browser.awaitText(".told", EXPERIMENTS + " of " + EXPERIMENTS);
            messages.reset();
            long measured = System.nanoTime();
            var interactions = (List<Number>) browser.asyncScript(INTERACT);
            double seconds = (System.nanoTime() - measured) / 1e9;
            List<Double> times = interactions.stream().map(Number::doubleValue).toList();
            System.out.printf(
                    "interactions of the page, %d: median %.0f ms, 95th percentile %.0f ms (limit 100)%n",
                    times.size(), percentile(times, 0.5), percentile(times, 0.95));
            System.out.printf("messages of a stream: %.1f a second (limit 5)%n", messages.sum() / seconds / STREAMS);
            List<Double> requests = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                long start = System.nanoTime();
                http.send(
                        HttpRequest.newBuilder(URI.create(url + "api/experiments/"
                                        + experiments.get(i).getId() + "/figures"))
                                .build(),
                        BodyHandlers.ofString());
                requests.add((System.nanoTime() - start) / 1e6);
            }
            System.out.printf("requests of figures: 95th percentile %.0f ms%n", percentile(requests, 0.95));
            System.out.printf("resident memory: %d MB (limit 300)%n", residentMegabytes(dashboard));
            browser.open("about:blank");
            slowdown(dashboard);
        } finally {
            ended.set(true);
            browser.close();
            dashboard.destroy();
            dashboard.waitFor(10, TimeUnit.SECONDS);
            System.out.println(Files.readString(directory.resolve("dashboard.log")));
            updates.join();
            sender.close();
            registry.close();
            broker.close();
        }
    }

    /**
     * Attacks of a process of their own while the dashboard's process follows, and while it is held: in turns, with the same updates
     * all the time.
     */
    private static void slowdown(Process dashboard) throws IOException, InterruptedException {
        Process attacks = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:+UseSerialGC",
                        "-cp",
                        System.getProperty("java.class.path"),
                        AttackLoop.class.getName())
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        AtomicLong attacked = new AtomicLong();
        Thread counter =
                new Thread(() -> attacks.inputReader().lines().forEach(line -> attacked.set(Long.parseLong(line))));
        counter.setDaemon(true);
        counter.start();
        List<Double> ratios = new ArrayList<>();
        List<Double> controls = new ArrayList<>();
        List<Double> cores = new ArrayList<>();
        try {
            Thread.sleep(WARM_UP_MS);
            for (int turn = 0; turn < TURNS; turn++) {
                signal(dashboard, "STOP");
                double held = rate(attacked);
                signal(dashboard, "CONT");
                double before = cpuSeconds(dashboard);
                double following = rate(attacked);
                cores.add((cpuSeconds(dashboard) - before) * 1000 / TURN_MS);
                signal(dashboard, "STOP");
                double again = rate(attacked);
                signal(dashboard, "CONT");
                ratios.add(2 * following / (held + again));
                controls.add(again / held);
            }
        } finally {
            attacks.destroy();
        }
        System.out.printf(
                "attacks beside the dashboard, against attacks without: median ratio %.3f, middle half %.3f to %.3f, %d turns (limit"
                        + " 0.98)%n",
                percentile(ratios, 0.5), percentile(ratios, 0.25), percentile(ratios, 0.75), TURNS);
        System.out.printf(
                "two turns without it, the later against the earlier: median ratio %.3f, middle half %.3f to %.3f%n",
                percentile(controls, 0.5), percentile(controls, 0.25), percentile(controls, 0.75));
        System.out.printf("the dashboard's process meanwhile: %.2f of a core (median)%n", percentile(cores, 0.5));
    }

    private static double cpuSeconds(Process process) {
        return process.info().totalCpuDuration().orElseThrow().toMillis() / 1000.0;
    }

    private static void signal(Process process, String name) throws IOException, InterruptedException {
        new ProcessBuilder("kill", "-" + name, Long.toString(process.pid()))
                .start()
                .waitFor();
        Thread.sleep(1_000);
    }

    /** Images attacked a second, over some seconds. */
    private static double rate(AtomicLong attacked) throws InterruptedException {
        long before = attacked.get();
        long start = System.nanoTime();
        Thread.sleep(TURN_MS);
        return (attacked.get() - before) * 1e9 / (System.nanoTime() - start);
    }

    private static void awaitFigures(HttpClient http, String url, String last) throws InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(URI.create(url + "api/experiments/" + last + "/figures"))
                .build();
        int figures = 0;
        while (figures < FIGURES / EXPERIMENTS) {
            try {
                figures = http.send(request, BodyHandlers.ofString()).body().split("\"victim\"", -1).length - 1;
            } catch (IOException e) {
                Thread.sleep(100);
            }
            Thread.sleep(100);
        }
    }

    private void update(RecordSender sender, List<Experiment> experiments) {
        try {
            for (int i = 0; !ended.get(); i++) {
                Experiment experiment = experiments.get(i % experiments.size());
                if (i % 2 == 0) {
                    report(sender, experiment, "evaluator", i % 10_000);
                } else {
                    send(sender, experiment, i % 10, 64 * (1 + i % 15));
                }
                Thread.sleep(1000 / UPDATES_A_SECOND);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Filters, sorts and scrolls, and takes the time until the second frame after each. */
    private static final String INTERACT = """
            const done = arguments[0];
            const frame = () => new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(resolve)));
            (async () => {
              const times = [], search = document.querySelector('#search'), list = document.querySelector('.window');
              for (let i = 0; i < %d; i++) {
                const start = performance.now();
                if (i %% 4 === 0) { search.value = String(i %% 90); search.dispatchEvent(new Event('input')); }
                if (i %% 4 === 1) { document.querySelector('#sort-' + ['irr', 'name', 'clean'][i %% 3]).click(); }
                if (i %% 4 === 2) { search.value = ''; search.dispatchEvent(new Event('input')); }
                if (i %% 4 === 3) { list.scrollTop = (i * 977) %% 40000; }
                await frame();
                times.push(performance.now() - start);
                await new Promise(resolve => setTimeout(resolve, 50));
              }
              done(times);
            })();
            """.formatted(INTERACTIONS);
}
