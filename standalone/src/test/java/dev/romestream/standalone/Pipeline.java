package dev.romestream.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.romestream.client.result.Results;
import dev.romestream.client.result.SyntheticImages;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.topic.RecordReader;
import dev.romestream.messaging.topic.RecordSender;
import dev.romestream.messaging.topic.TopicNames;
import dev.romestream.messaging.topic.TopicReader;
import dev.romestream.schemas.AttackAccuracy;
import dev.romestream.schemas.Checkpoint;
import dev.romestream.schemas.DesiredState;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.ExperimentStatus;
import dev.romestream.schemas.RobustnessMetrics;
import dev.romestream.schemas.Topic;
import dev.romestream.standalone.stack.LocalStack;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.awaitility.core.ConditionTimeoutException;

/** All services on topics of their own, driven and observed through the topics alone. */
final class Pipeline implements AutoCloseable {
    /** Shorter than the patience after which what is lost is asked for again: nothing may be lost. */
    private static final Duration LIMIT = Duration.ofMinutes(5);

    private static final long LOOK_NANOS = 5_000_000_000L;
    private static final Duration POLL = Duration.ofMillis(50);

    private final RomeConfig config;
    private final LocalStack stack;
    private final Results results;
    private final RecordSender sender;
    private final Admin admin;

    Pipeline(RomeConfig config) {
        this.config = config;
        this.stack = LocalStack.connect(config);
        this.results = new Results(config);
        this.sender = new RecordSender(config);
        this.admin = Admin.create(config.admin());
    }

    RomeConfig config() {
        return config;
    }

    void submit(List<Experiment> experiments) {
        experiments.forEach(experiment -> sender.send(Topic.EXPERIMENTS, experiment.getId(), experiment));
        sender.flush();
    }

    void submit(Experiment experiment, DesiredState state) {
        submit(List.of(Experiment.newBuilder(experiment).setDesiredState(state).build()));
    }

    void retire(Topic topic, String key) {
        sender.tombstone(topic, key);
        sender.flush();
    }

    /** @throws AssertionError that tells what each service says of each experiment, and how much was written to each topic */
    void until(Callable<Boolean> condition) {
        try {
            await().atMost(LIMIT).pollInterval(POLL).until(() -> {
                assertThat(stack.deadService()).isEmpty();
                return condition.call();
            });
        } catch (ConditionTimeoutException e) {
            throw new AssertionError("Not so within " + LIMIT + ". " + statuses() + figures() + written(), e);
        }
    }

    private Map<String, String> statuses() {
        Map<String, String> statuses = new ConcurrentSkipListMap<>();
        try (var reader = new RecordReader<>(config, Topic.EXPERIMENT_STATUS, ExperimentStatus.class, (key, status) -> {
            if (status != null) {
                statuses.put(key, "\n" + status);
            }
        })) {
            reader.awaitCaughtUp(LIMIT);
        }
        return statuses;
    }

    private List<String> failures(List<Experiment> experiments) {
        Map<String, String> statuses = statuses();
        return statuses.entrySet().stream()
                .filter(entry -> entry.getValue().contains("\"FAILED\""))
                .filter(entry -> experiments.stream()
                        .anyMatch(experiment -> entry.getKey().startsWith(experiment.getId() + "/")))
                .map(Map.Entry::getValue)
                .toList();
    }

    private Map<String, Boolean> figures() {
        Map<String, Boolean> complete = new ConcurrentSkipListMap<>();
        try (var reader =
                new RecordReader<>(config, Topic.ROBUSTNESS_LATEST, RobustnessMetrics.class, (key, metrics) -> {
                    if (metrics != null) {
                        complete.put(key, metrics.getComplete());
                    }
                })) {
            reader.awaitCaughtUp(LIMIT);
        }
        return complete;
    }

    private Map<Topic, Long> written() {
        Map<Topic, Long> written = new EnumMap<>(Topic.class);
        for (Topic topic : Topic.values()) {
            try {
                written.put(topic, written(topic));
            } catch (Exception e) {
                throw new AssertionError(e);
            }
        }
        return written;
    }

    /** Submits, waits for all figures of each, and returns the experiments' newest metrics, in order. */
    List<List<RobustnessMetrics>> run(List<Experiment> experiments, int figures) {
        submit(experiments);
        long[] lookedAt = {System.nanoTime()};
        until(() -> {
            if (System.nanoTime() - lookedAt[0] > LOOK_NANOS) {
                lookedAt[0] = System.nanoTime();
                assertThat(failures(experiments)).isEmpty();
            }
            return experiments.stream().allMatch(experiment -> isComplete(experiment, figures));
        });
        List<List<RobustnessMetrics>> all =
                experiments.stream().map(this::metrics).toList();
        assertThat(all).allSatisfy(metrics -> assertThat(metrics).hasSize(figures));
        return all;
    }

    /** Whether all figures are there, and complete; more than there are to be is not what a wait is for. */
    boolean isComplete(Experiment experiment, int figures) {
        List<RobustnessMetrics> metrics = metrics(experiment);
        return metrics.size() >= figures && metrics.stream().allMatch(RobustnessMetrics::getComplete);
    }

    List<RobustnessMetrics> metrics(Experiment experiment) {
        return results.metrics(experiment.getId());
    }

    /** How many images each attack of each figure left correct. */
    List<List<Long>> outcomes(Experiment experiment) {
        return metrics(experiment).stream()
                .map(metrics -> metrics.getAttacks().stream()
                        .map(AttackAccuracy::getCorrect)
                        .toList())
                .toList();
    }

    /** The newest synthetic images. */
    float[] images(Experiment experiment) {
        return results.images(experiment.getId()).orElseThrow().pixels();
    }

    /** What stands beside the newest synthetic images. */
    SyntheticImages.SoftLabels softLabels(Experiment experiment) {
        return results.images(experiment.getId()).orElseThrow().softLabels().orElseThrow();
    }

    /** Records ever written to a topic by its idempotent writers. */
    long written(Topic topic) throws Exception {
        String name = TopicNames.of(config).of(topic);
        var partitions = admin.describeTopics(List.of(name)).allTopicNames().get().get(name).partitions().stream()
                .collect(Collectors.toMap(
                        info -> new TopicPartition(name, info.partition()), info -> OffsetSpec.latest()));
        return admin.listOffsets(partitions).all().get().values().stream()
                .mapToLong(info -> info.offset())
                .sum();
    }

    /** Iterations that the distillers have done, of all experiments. */
    long iterationsDone() {
        return Math.round(
                stack.metrics().get("rome.distiller.iterations").counter().count());
    }

    /** What a gauge says. */
    double gauge(String gauge) {
        return stack.metrics().get(gauge).gauge().value();
    }

    /** What a counter says, over all services. */
    double counted(String counter) {
        return stack.metrics().get(counter).counter().count();
    }

    /** Iterations of an experiment that its newest checkpoint has. */
    int iterations(Experiment experiment) {
        Map<String, Integer> iterations = new ConcurrentHashMap<>();
        try (var reader = new RecordReader<>(config, Topic.CHECKPOINTS, Checkpoint.class, (key, checkpoint) -> {
            if (checkpoint != null) {
                iterations.put(key, checkpoint.getIteration());
            }
        })) {
            reader.awaitCaughtUp(LIMIT);
        }
        return iterations.getOrDefault(experiment.getId(), 0);
    }

    /** Everything on a topic. */
    List<ConsumerRecord<String, byte[]>> records(Topic topic) {
        Queue<ConsumerRecord<String, byte[]>> records = new ConcurrentLinkedQueue<>();
        try (TopicReader reader = new TopicReader(config, topic, records::add)) {
            reader.awaitCaughtUp(LIMIT);
        }
        return List.copyOf(records);
    }

    @Override
    public void close() {
        admin.close();
        sender.close();
        results.close();
        stack.close();
    }
}
