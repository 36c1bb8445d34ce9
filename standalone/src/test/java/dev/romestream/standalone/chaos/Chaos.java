package dev.romestream.standalone.chaos;

import dev.romestream.client.result.Results;
import dev.romestream.exchange.identity.Identity;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.topic.DeadLetters;
import dev.romestream.messaging.topic.RecordReader;
import dev.romestream.messaging.topic.RecordSender;
import dev.romestream.messaging.topic.TopicNames;
import dev.romestream.messaging.topic.TopicReader;
import dev.romestream.schemas.AttackAccuracy;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.ExperimentStatus;
import dev.romestream.schemas.Phase;
import dev.romestream.schemas.RobustnessMetrics;
import dev.romestream.schemas.Topic;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.awaitility.Awaitility;

/**
 * Runs experiments on services that are JVMs of their own, once in peace and once under faults, and compares. Faults are drawn
 * from a seed. What must hold is checked by readers of its own; the table at the end tells faults, invariants and figures.
 */
public final class Chaos implements AutoCloseable {
    private static final Duration LIMIT = Duration.ofMinutes(5);
    private static final int ONE_SEGMENT = 50;
    private static final int MANY_EPOCHS = 300;
    private static final Map<String, String> WORK = new TreeMap<>(Map.of(
            "producer", "rome_images_published_total",
            "distiller", "rome_distiller_iterations_total",
            "pool-trainer", "rome_pool_training_time_seconds_count",
            "attacker", "rome_attack_images_total",
            "evaluator", "rome_scoring_time_seconds_count"));
    private static final Map<String, String> MAINS = Map.of(
            "producer", "dev.romestream.producer.ProducerMain",
            "distiller", "dev.romestream.distiller.DistillerMain",
            "pool-trainer", "dev.romestream.distiller.PoolTrainerMain",
            "attacker", "dev.romestream.attacker.AttackerMain",
            "evaluator", "dev.romestream.evaluator.EvaluatorMain");

    private final Scenario scenario;
    private final Path directory;
    private final Programs programs;
    private final int brokerPort;
    private final int registryPort;
    private final List<String> table = new ArrayList<>();
    private final List<String> violations = new ArrayList<>();

    /**
     * What is done to a run.
     *
     * @param services instances of each service
     * @param kills SIGKILLs of services, at random moments
     * @param outageSeconds of the broker and of the registry, one each, by SIGKILL; 0 for none
     * @param poison records
     * @param addPartitions whether every topic gets one more
     * @param takeovers whether it is measured how long they take
     * @param runLimit of either run
     */
    public record Scenario(
            long seed,
            Map<String, Integer> services,
            int kills,
            int outageSeconds,
            int poison,
            boolean addPartitions,
            boolean takeovers,
            Duration runLimit) {}

    public Chaos(Scenario scenario, Path directory) throws IOException {
        this.scenario = scenario;
        this.directory = directory;
        this.programs = new Programs(directory);
        this.brokerPort = freePort();
        this.registryPort = freePort();
        programs.start(
                "broker",
                "1g",
                Infrastructure.class.getName(),
                "broker",
                directory.resolve("broker").toString(),
                Integer.toString(brokerPort));
        programs.awaitReady("broker");
        programs.start(
                "registry",
                "256m",
                Infrastructure.class.getName(),
                "registry",
                "localhost:" + brokerPort,
                "" + registryPort);
        programs.awaitReady("registry");
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    private RomeConfig config(String prefix) {
        return RomeConfig.of(Map.of(
                "bootstrap.servers",
                "localhost:" + brokerPort,
                "schema.registry.url",
                "http://localhost:" + registryPort,
                "topic.prefix",
                prefix));
    }

    private List<String> startServices(String prefix) {
        List<String> names = new ArrayList<>();
        scenario.services().forEach((service, count) -> {
            for (int i = 0; i < count; i++) {
                String name = prefix + service + "-" + i;
                programs.start(
                        name,
                        "400m",
                        MAINS.get(service),
                        "--set",
                        "bootstrap.servers=localhost:" + brokerPort,
                        "--set",
                        "schema.registry.url=http://localhost:" + registryPort,
                        "--set",
                        "topic.prefix=" + prefix);
                names.add(name);
            }
        });
        programs.awaitAllReady();
        return names;
    }

    /** What a run ended with. */
    private record Outcome(Map<String, Object> figures, Map<String, float[]> images, double seconds) {}

    /** Runs everything; returns the invariants that did not hold. */
    public List<String> run(List<Experiment> experiments) throws Exception {
        LiveTopic.fill(config(""));
        Outcome calm = calm(experiments);
        Outcome wild = wild(experiments);
        for (Experiment experiment : experiments) {
            check(
                    "synthetic images of " + experiment.getId() + " equal",
                    Arrays.equals(
                            calm.images().get(experiment.getId()), wild.images().get(experiment.getId())));
        }
        check(
                "figures, perImage and intervals equal (" + calm.figures().size() + ")",
                calm.figures().equals(wild.figures()));
        row("run in peace, in s", "%.0f".formatted(calm.seconds()));
        row("run under faults, in s", "%.0f".formatted(wild.seconds()));
        System.out.println();
        System.out.println("Chaos, seed " + scenario.seed());
        table.forEach(System.out::println);
        violations.forEach(violation -> System.out.println("VIOLATED  " + violation));
        return List.copyOf(violations);
    }

    private void row(String what, Object value) {
        table.add("  %-60s %s".formatted(what, value));
    }

    private void check(String invariant, boolean holds) {
        row(invariant, holds ? "holds" : "VIOLATED");
        if (!holds) {
            violations.add(invariant);
        }
    }

    private Outcome calm(List<Experiment> experiments) {
        System.out.println("In peace ...");
        RomeConfig config = config("calm.");
        List<String> names = startServices("calm.");
        Outcome outcome = outcome(config, experiments, () -> {});
        WORK.forEach((service, metric) -> row("work of each " + service, works(names, service, metric)));
        if (scenario.takeovers()) {
            takenOver(config, experiments.get(0), "distiller", "distilling with");
            takenOver(config, experiments.get(0), "victim-trainer", "training victim");
        }
        names.forEach(programs::kill);
        return outcome;
    }

    private String works(List<String> names, String service, String metric) {
        return names.stream()
                .filter(name -> name.contains("." + service + "-"))
                .map(name -> "%.0f".formatted(programs.metric(name, metric)))
                .collect(Collectors.joining(", "));
    }

    /**
     * How long it takes until another instance is at the work that one was killed at. There is one piece of that work, so that the
     * other instance has nothing else to do.
     */
    private void takenOver(RomeConfig config, Experiment experiment, String service, String activity) {
        Experiment fresh = Experiment.newBuilder(experiment)
                .setId(experiment.getId() + "-" + service)
                .setSeed(experiment.getSeed() + service.hashCode())
                .build();
        fresh.getDistillation().setIterations(ONE_SEGMENT);
        fresh.getDistillation().setSnapshotEvery(ONE_SEGMENT);
        fresh.getEvaluation().getVictims().forEach(victim -> {
            victim.setCount(1);
            victim.setEpochs(MANY_EPOCHS);
        });
        String key = fresh.getId() + "/" + service;
        AtomicReference<String> working = new AtomicReference<>();
        AtomicReference<String> work = new AtomicReference<>();
        AtomicLong killedAt = new AtomicLong(Long.MAX_VALUE);
        AtomicReference<String> goesOnAt = new AtomicReference<>("");
        CountDownLatch takenOver = new CountDownLatch(1);
        try (RecordSender sender = new RecordSender(config);
                RecordReader<ExperimentStatus> statuses = new RecordReader<>(
                        config, Topic.EXPERIMENT_STATUS, ExperimentStatus.class, key::equals, (found, status) -> {
                            if (status.getActivity().startsWith(activity)
                                    && work.compareAndSet(null, status.getActivity())) {
                                working.set(status.getInstance());
                            } else if (status.getActivity().equals(work.get())
                                    && !status.getInstance().equals(working.get())
                                    && status.getTime() > killedAt.get()) {
                                goesOnAt.set(status.getDone() + " of " + status.getTotal());
                                takenOver.countDown();
                            }
                        })) {
            sender.send(Topic.EXPERIMENTS, fresh.getId(), fresh);
            sender.flush();
            Awaitility.await(key).atMost(LIMIT).until(() -> working.get() != null);
            String instance = working.get();
            String name = programs.withPid(Long.parseLong(instance.substring(0, instance.indexOf('@'))))
                    .orElseThrow();
            programs.kill(name);
            long killed = System.nanoTime();
            killedAt.set(System.currentTimeMillis());
            Awaitility.await(key).atMost(LIMIT).until(() -> takenOver.getCount() == 0);
            double seconds = (System.nanoTime() - killed) / 1e9;
            row(
                    name + " killed; another goes on " + work.get() + " at " + goesOnAt.get() + " after s",
                    "%.1f".formatted(seconds));
            programs.restart(name);
            programs.awaitReady(name);
            statuses.throwFailure();
        }
    }

    private Outcome outcome(RomeConfig config, List<Experiment> experiments, Runnable faults) {
        try (Results results = new Results(config)) {
            return outcome(config, experiments, results, faults);
        }
    }

    private Outcome outcome(RomeConfig config, List<Experiment> experiments, Results results, Runnable faults) {
        long start = System.nanoTime();
        Map<String, Phase> phases = new ConcurrentHashMap<>();
        Map<String, String> errors = new ConcurrentHashMap<>();
        try (RecordSender sender = new RecordSender(config);
                RecordReader<ExperimentStatus> statuses =
                        new RecordReader<>(config, Topic.EXPERIMENT_STATUS, ExperimentStatus.class, (key, status) -> {
                            if (status != null) {
                                phases.put(key, status.getPhase());
                                if (status.getPhase() == Phase.FAILED) {
                                    errors.put(key, String.valueOf(status.getError()));
                                }
                            }
                        })) {
            experiments.forEach(experiment -> sender.send(Topic.EXPERIMENTS, experiment.getId(), experiment));
            sender.flush();
            faults.run();
            long deadline = System.nanoTime() + scenario.runLimit().toNanos();
            while (!ended(experiments, phases, results) && System.nanoTime() < deadline) {
                statuses.throwFailure();
                pause(200);
            }
            boolean ended = ended(experiments, phases, results);
            check(
                    "every experiment ended " + (ended ? errors : phases.toString() + programs.dead()),
                    ended && errors.isEmpty());
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        Map<String, Object> figures = new HashMap<>();
        Map<String, float[]> images = new HashMap<>();
        for (Experiment experiment : experiments) {
            results.metrics(experiment.getId()).forEach(metrics -> figures.put(figure(metrics), comparable(metrics)));
            results.images(experiment.getId()).ifPresent(found -> images.put(experiment.getId(), found.pixels()));
        }
        return new Outcome(figures, images, seconds);
    }

    private static String figure(RobustnessMetrics metrics) {
        return Identity.evaluationKey(metrics) + "/" + metrics.getMode();
    }

    /** All of a figure but times. */
    private static List<Object> comparable(RobustnessMetrics metrics) {
        List<Object> all = new ArrayList<>(Arrays.asList(
                metrics.getFingerprint(),
                metrics.getComplete(),
                metrics.getClean(),
                metrics.getWorstCase(),
                metrics.getIrr(),
                metrics.getRr()));
        for (AttackAccuracy attack : metrics.getAttacks()) {
            all.add(attack.getAttack());
            all.add(attack.getCorrect());
            all.add(attack.getPerImage());
            all.add(attack.getGradientEvaluations());
        }
        return all;
    }

    private static boolean ended(List<Experiment> experiments, Map<String, Phase> phases, Results results) {
        return experiments.stream().allMatch(experiment -> {
            if (experiment.getDataset().getWindow() != null) {
                return phases.get(experiment.getId() + "/distiller") == Phase.FAILED
                        || LiveTopic.isScored(results.metrics(experiment.getId()));
            }
            return List.of("distiller", "evaluator").stream().allMatch(service -> {
                Phase phase = phases.get(experiment.getId() + "/" + service);
                return phase == Phase.COMPLETED || phase == Phase.FAILED;
            });
        });
    }

    private static void pause(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }

    private Outcome wild(List<Experiment> experiments) throws Exception {
        System.out.println("Under faults ...");
        RomeConfig config = config("wild.");
        List<String> names = startServices("wild.");
        Map<String, Long> before = programs.residentMiB();
        Poison poison = new Poison(config);
        Map<String, byte[]> sent = new ConcurrentHashMap<>();
        ConcurrentLinkedQueue<String> backwards = new ConcurrentLinkedQueue<>();
        Map<String, Long> counted = new ConcurrentHashMap<>();
        Outcome outcome;
        try (RecordReader<RobustnessMetrics> watch =
                new RecordReader<>(config, Topic.ROBUSTNESS_METRICS, RobustnessMetrics.class, (key, metrics) -> {
                    if (metrics != null) {
                        watch(metrics, counted, backwards);
                    }
                })) {
            outcome = outcome(config, experiments, () -> faults(names, config, poison, sent));
            watch.awaitCurrent(LIMIT);
        }
        check("running figures never go back, and count no image twice " + first(backwards), backwards.isEmpty());
        checkDeadLetters(config, sent);
        row("poison records, of " + poison.kinds().size() + " kinds", sent.size());
        row("resident MiB at the start", before);
        row("resident MiB at the end", programs.residentMiB());
        names.forEach(programs::kill);
        return outcome;
    }

    private static String first(ConcurrentLinkedQueue<String> all) {
        return all.isEmpty() ? "" : all.size() + ", the first: " + all.peek();
    }

    private static void watch(
            RobustnessMetrics metrics, Map<String, Long> counted, ConcurrentLinkedQueue<String> backwards) {
        String figure = figure(metrics);
        for (int i = 0; i < metrics.getAttacks().size(); i++) {
            AttackAccuracy attack = metrics.getAttacks().get(i);
            long now = attack.getCount();
            Long earlier = counted.put(figure + "/" + i, now);
            if (earlier != null && now < earlier) {
                backwards.add(figure + " " + attack.getAttack() + " from " + earlier + " to " + now);
            }
            if (attack.getCorrect() > now) {
                backwards.add(figure + " " + attack.getAttack() + " has more right than seen");
            }
        }
    }

    private void faults(List<String> names, RomeConfig config, Poison poison, Map<String, byte[]> sent) {
        SplittableRandom random = new SplittableRandom(scenario.seed());
        Map<String, Object> settings = config.producer();
        settings.remove("value.serializer");
        int rounds = Math.max(1, scenario.kills() + 3);
        int number = 0;
        try (var producer = new KafkaProducer<>(settings, new StringSerializer(), new ByteArraySerializer())) {
            for (int round = 0; round < rounds; round++) {
                pause(500 + random.nextInt(2500));
                int until = (int) ((long) scenario.poison() * (round + 1) / rounds);
                for (; number < until; number++) {
                    send(producer, poison.record(number, random), sent);
                }
                producer.flush();
                fault(round, rounds, names, config, random);
            }
        }
    }

    @SuppressWarnings("FutureReturnValueIgnored") // the callback takes note of what was taken
    private static void send(
            KafkaProducer<String, byte[]> producer, ProducerRecord<String, byte[]> record, Map<String, byte[]> sent) {
        producer.send(record, (metadata, failure) -> {
            if (failure == null) {
                sent.put(metadata.topic() + "/" + metadata.partition() + "/" + metadata.offset(), record.value());
            }
        });
    }

    private void fault(int round, int rounds, List<String> names, RomeConfig config, SplittableRandom random) {
        if (round == rounds / 3 && scenario.outageSeconds() > 0) {
            row("registry killed, away for s", scenario.outageSeconds());
            away("registry");
        } else if (round == rounds / 2 && scenario.outageSeconds() > 0) {
            row("broker killed, away for s", scenario.outageSeconds());
            away("broker");
        } else if (round == rounds - 1 && scenario.addPartitions()) {
            row("partitions added to topics", addPartitions(config));
        } else if (scenario.kills() > 0) {
            String name = names.get(random.nextInt(names.size()));
            row("killed and started again", name);
            programs.kill(name);
            programs.restart(name);
        }
    }

    private void away(String name) {
        programs.kill(name);
        pause(scenario.outageSeconds() * 1000L);
        programs.restart(name);
        programs.awaitReady(name);
    }

    private static int addPartitions(RomeConfig config) {
        TopicNames names = TopicNames.of(config);
        try (Admin admin = Admin.create(config.admin())) {
            List<String> topics = Arrays.stream(Topic.values()).map(names::of).toList();
            var described = admin.describeTopics(topics).allTopicNames().get();
            Map<String, NewPartitions> more = new HashMap<>();
            described.forEach((topic, description) -> more.put(
                    topic, NewPartitions.increaseTo(description.partitions().size() + 1)));
            admin.createPartitions(more).all().get();
            return more.size();
        } catch (Exception e) {
            throw new IllegalStateException("No partitions could be added: " + e.getMessage(), e);
        }
    }

    /** Every poison record is there once, with its bytes and its cause, and nothing else is. */
    private void checkDeadLetters(RomeConfig config, Map<String, byte[]> sent) {
        Map<String, List<ConsumerRecord<String, byte[]>>> letters = new ConcurrentHashMap<>();
        long deadline = System.nanoTime() + LIMIT.toNanos();
        while (true) {
            letters.clear();
            try (TopicReader reader = new TopicReader(config, Topic.DEAD_LETTERS, letter -> letters.computeIfAbsent(
                            DeadLetters.header(letter, "topic") + "/" + DeadLetters.header(letter, "partition") + "/"
                                    + DeadLetters.header(letter, "offset"),
                            any -> new ArrayList<>())
                    .add(letter))) {
                reader.awaitCaughtUp(LIMIT);
            }
            if (letters.keySet().containsAll(sent.keySet()) || System.nanoTime() > deadline) {
                break;
            }
            pause(1000);
        }
        List<String> missing = sent.keySet().stream()
                .filter(origin -> !letters.containsKey(origin))
                .toList();
        List<String> twice = letters.entrySet().stream()
                .filter(entry -> entry.getValue().size() > 1)
                .map(Map.Entry::getKey)
                .toList();
        List<String> changed = sent.entrySet().stream()
                .filter(entry -> letters.containsKey(entry.getKey())
                        && !Arrays.equals(
                                entry.getValue(),
                                letters.get(entry.getKey()).get(0).value()))
                .map(Map.Entry::getKey)
                .toList();
        List<String> unnamed = letters.entrySet().stream()
                .filter(entry ->
                        DeadLetters.header(entry.getValue().get(0), "message").isEmpty())
                .map(Map.Entry::getKey)
                .toList();
        List<String> strangers = letters.entrySet().stream()
                .filter(entry -> !sent.containsKey(entry.getKey()))
                .map(entry -> entry.getKey() + ": "
                        + DeadLetters.header(entry.getValue().get(0), "message"))
                .toList();
        check("each poison record is in dead-letters " + some(missing), missing.isEmpty());
        check("and once " + some(twice), twice.isEmpty());
        check("with its bytes " + some(changed), changed.isEmpty());
        check("and its cause " + some(unnamed), unnamed.isEmpty());
        check("and nothing else is " + some(strangers), strangers.isEmpty());
    }

    private static String some(List<String> all) {
        return all.isEmpty() ? "" : all.size() + ", e.g. " + all.subList(0, Math.min(3, all.size()));
    }

    @Override
    public void close() {
        programs.close();
    }

    Path directory() {
        return directory;
    }

    /**
     * The long form, from a shell, after {@code mvn -DskipTests install}: in {@code standalone},
     * {@code mvn -q exec:java -Dexec.classpathScope=test -Dexec.mainClass=dev.romestream.standalone.chaos.ChaosMain
     * -Dexec.args="SEED KILLS POISON"}.
     */
    static Scenario longForm(long seed, int kills, int poison) {
        Map<String, Integer> services = new LinkedHashMap<>();
        services.put("producer", 2);
        services.put("distiller", 2);
        services.put("pool-trainer", 3);
        services.put("attacker", 3);
        services.put("evaluator", 2);
        return new Scenario(seed, services, kills, 20, poison, true, true, Duration.ofMinutes(30));
    }
}
