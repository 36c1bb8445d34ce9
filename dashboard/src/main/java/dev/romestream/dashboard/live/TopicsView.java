package dev.romestream.dashboard.live;

import dev.romestream.client.result.DeadLetterBox;
import dev.romestream.client.result.MetricsFile;
import dev.romestream.dashboard.live.LiveState.Kind;
import dev.romestream.exchange.codec.RecordJson;
import dev.romestream.experiments.DatasetIds;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.service.Resources;
import dev.romestream.messaging.thread.ServiceThread;
import dev.romestream.messaging.topic.RecordReader;
import dev.romestream.messaging.topic.TopicReader;
import dev.romestream.schemas.Alert;
import dev.romestream.schemas.AttackAccuracy;
import dev.romestream.schemas.DatasetDescriptor;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.ExperimentStatus;
import dev.romestream.schemas.RobustnessMetrics;
import dev.romestream.schemas.SnapshotManifest;
import dev.romestream.schemas.SyntheticSnapshot;
import dev.romestream.schemas.Topic;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * Follows the small topics and keeps the {@link LiveState}: a few times a second what changed since becomes entries. Networks and
 * perturbed images are not read. Safe for use by several threads.
 */
public final class TopicsView implements AutoCloseable {
    private static final long PUBLISH_MS = 200;
    private static final long AWAIT_NANOS = 2_000_000_000L;
    private static final int MOST_LETTERS = 200;
    private static final int MOST_KINDS = 200;

    /** Networks of an architecture on images of a data set. */
    private record AttackedKind(String architecture, String dataset) {}

    private record AttackRate(double evaluations, double seconds) {
        static AttackRate of(RobustnessMetrics metrics) {
            AttackRate all = new AttackRate(0, 0);
            for (AttackAccuracy attack : metrics.getAttacks()) {
                if (attack.getGradientEvaluations() > 0) {
                    all = all.plus(new AttackRate(attack.getGradientEvaluations(), attack.getSeconds()));
                }
            }
            return all;
        }

        AttackRate plus(AttackRate other) {
            return new AttackRate(evaluations + other.evaluations, seconds + other.seconds);
        }
    }

    private final LiveState state;
    private final Map<String, Experiment> experiments = new LinkedHashMap<>();
    private final Map<String, Map<String, ExperimentStatus>> statuses = new HashMap<>();
    private final Map<String, Map<String, LiveMetrics>> figures = new HashMap<>();
    private final Map<AttackedKind, AttackRate> attackRates = new HashMap<>();
    private final Map<String, DatasetDescriptor> datasets = new HashMap<>();
    private final Map<String, Map<String, Long>> letterCounts = new TreeMap<>();
    private final Deque<Map<String, Object>> letters = new ArrayDeque<>();
    private final Set<String> changedExperiments = new HashSet<>();
    private final Map<String, Map<String, Object>> changedFigures = new LinkedHashMap<>();
    private boolean lettersChanged = true;
    private final MultiGauge letterGauge;
    private final Resources resources = new Resources();
    private final List<RecordReader<?>> readers;
    private final TopicReader letterReader;
    private final ServiceThread publisher;
    private volatile boolean closed;

    /** @param metrics get the counts of dead letters */
    public TopicsView(RomeConfig config, LiveState state, MeterRegistry metrics) {
        this.state = state;
        this.letterGauge = MultiGauge.builder("rome.dead.letters")
                .description("Dead letters on their topic")
                .register(metrics);
        this.readers = List.of(
                resources.add(new RecordReader<>(config, Topic.EXPERIMENTS, Experiment.class, this::acceptExperiment)),
                resources.add(new RecordReader<>(
                        config, Topic.EXPERIMENT_STATUS, ExperimentStatus.class, this::acceptStatus)),
                resources.add(new RecordReader<>(
                        config, Topic.ROBUSTNESS_LATEST, RobustnessMetrics.class, this::acceptFigure)),
                resources.add(new RecordReader<>(
                        config,
                        Topic.SYNTHETIC_SNAPSHOTS,
                        SyntheticSnapshot.class,
                        key -> key.endsWith("/manifest"),
                        this::acceptSnapshot)),
                resources.add(new RecordReader<>(config, Topic.ALERTS, Alert.class, this::acceptAlert)),
                resources.add(
                        new RecordReader<>(config, Topic.DATASETS, DatasetDescriptor.class, this::acceptDataset)));
        this.letterReader = resources.add(new TopicReader(config, Topic.DEAD_LETTERS, this::acceptLetter));
        this.publisher = ServiceThread.start("dashboard-publisher", this::publishChanges);
    }

    private synchronized void acceptExperiment(String id, Experiment experiment) {
        if (experiment == null) {
            experiments.remove(id);
            statuses.remove(id);
            Map<String, LiveMetrics> gone = figures.remove(id);
            if (gone != null) {
                gone.keySet().forEach(key -> {
                    changedFigures.remove(key);
                    state.remove(Kind.FIGURE, key, id);
                });
            }
        } else {
            experiments.put(id, experiment);
            notifyAll();
        }
        changedExperiments.add(id);
    }

    private synchronized void acceptStatus(String key, ExperimentStatus status) {
        if (status != null) {
            statuses.computeIfAbsent(status.getExperiment(), id -> new TreeMap<>())
                    .put(status.getService(), status);
            changedExperiments.add(status.getExperiment());
        } else {
            statuses.forEach((id, services) -> {
                if (services.keySet().removeIf(service -> key.equals(id + "/" + service))) {
                    changedExperiments.add(id);
                }
            });
        }
    }

    private synchronized void acceptFigure(String key, RobustnessMetrics metrics) {
        if (metrics != null) {
            rate(metrics);
            changedFigures.put(
                    key,
                    figures.computeIfAbsent(metrics.getExperiment(), id -> new HashMap<>())
                            .computeIfAbsent(key, id -> new LiveMetrics())
                            .accept(metrics));
            changedExperiments.add(metrics.getExperiment());
        } else {
            figures.forEach((id, own) -> {
                if (own.remove(key) != null) {
                    changedFigures.remove(key);
                    state.remove(Kind.FIGURE, key, id);
                    changedExperiments.add(id);
                }
            });
        }
    }

    private void rate(RobustnessMetrics metrics) {
        Experiment experiment = experiments.get(metrics.getExperiment());
        if (!metrics.getComplete() || experiment == null) {
            return;
        }
        AttackedKind kind = new AttackedKind(metrics.getArchitecture(), DatasetIds.of(experiment.getDataset()));
        if (attackRates.containsKey(kind) || attackRates.size() < MOST_KINDS) {
            attackRates.merge(kind, AttackRate.of(metrics), AttackRate::plus);
        }
    }

    private void acceptSnapshot(String key, SyntheticSnapshot snapshot) {
        if (snapshot != null && snapshot.getPart() instanceof SnapshotManifest manifest) {
            Map<String, Object> values = RecordJson.fields(manifest);
            values.put("experiment", snapshot.getExperiment());
            values.put("snapshot", snapshot.getSnapshot());
            state.put(
                    Kind.SNAPSHOT,
                    snapshot.getExperiment() + "/" + snapshot.getSnapshot(),
                    snapshot.getExperiment(),
                    values);
        } else if (snapshot == null) {
            String id = key.substring(0, key.length() - "/manifest".length());
            state.remove(Kind.SNAPSHOT, id, id.substring(0, Math.max(0, id.lastIndexOf('/'))));
        }
    }

    private void acceptAlert(String key, Alert alert) {
        if (alert == null) {
            state.remove(Kind.ALERT, key, "");
        } else {
            state.put(Kind.ALERT, key, "", RecordJson.fields(alert));
        }
    }

    private synchronized void acceptDataset(String id, DatasetDescriptor dataset) {
        if (dataset == null) {
            datasets.remove(id);
        } else if (!dataset.getShape().isEmpty()) {
            // of a stream, the newest window stands for all
            datasets.put(DatasetIds.stream(dataset), dataset);
        }
    }

    /** Where a dead letter came from and why, as pages get it. */
    public static Map<String, Object> head(DeadLetterBox.Letter letter) {
        Map<String, Object> head = new LinkedHashMap<>();
        head.put("id", letter.id());
        head.put("time", letter.time().toEpochMilli());
        head.put("topic", letter.topic());
        head.put("partition", letter.partition());
        head.put("offset", letter.offset());
        head.put("cause", letter.cause());
        head.put("reason", letter.reason());
        head.put("key", letter.key());
        head.put("bytes", letter.bytes());
        return head;
    }

    private synchronized void acceptLetter(ConsumerRecord<String, byte[]> record) {
        DeadLetterBox.Letter letter = new DeadLetterBox.Letter(record);
        letterCounts.computeIfAbsent(letter.topic(), topic -> new TreeMap<>()).merge(letter.cause(), 1L, Long::sum);
        letters.addFirst(head(letter));
        if (letters.size() > MOST_LETTERS) {
            letters.removeLast();
        }
        lettersChanged = true;
    }

    private void publishChanges() {
        try {
            while (!closed) {
                publish();
                Thread.sleep(PUBLISH_MS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized void publish() {
        changedFigures.forEach((key, figure) -> state.put(Kind.FIGURE, key, (String) figure.get("experiment"), figure));
        changedFigures.clear();
        for (String id : changedExperiments) {
            row(id).ifPresentOrElse(
                            row -> state.put(Kind.EXPERIMENT, id, id, row),
                            () -> state.remove(Kind.EXPERIMENT, id, id));
        }
        changedExperiments.clear();
        if (lettersChanged) {
            state.put(Kind.DEAD_LETTERS, "", "", Map.of("counts", copyOfCounts(), "newest", List.copyOf(letters)));
            List<MultiGauge.Row<?>> rows = new ArrayList<>();
            letterCounts.forEach((topic, counts) -> counts.forEach(
                    (cause, count) -> rows.add(MultiGauge.Row.of(Tags.of("topic", topic, "cause", cause), count))));
            letterGauge.register(rows, true);
            lettersChanged = false;
        }
    }

    private Map<String, Map<String, Long>> copyOfCounts() {
        Map<String, Map<String, Long>> copy = new TreeMap<>();
        letterCounts.forEach((topic, counts) -> copy.put(topic, Map.copyOf(counts)));
        return copy;
    }

    /** An experiment in a line of the list, as of now: streams and lists have it, too, once this has returned. */
    public synchronized Optional<Map<String, Object>> line(String id) {
        publish();
        return row(id);
    }

    private Optional<Map<String, Object>> row(String id) {
        Experiment experiment = experiments.get(id);
        if (experiment == null) {
            return Optional.empty();
        }
        List<ExperimentStatus> current = statuses.getOrDefault(id, Map.of()).values().stream()
                .filter(status -> status.getRun() >= experiment.getRun())
                .toList();
        return Optional.of(ExperimentRow.of(
                experiment,
                current,
                figures.getOrDefault(id, Map.of()).values().stream()
                        .map(LiveMetrics::headline)
                        .toList()));
    }

    /** The newest record of an experiment. */
    public synchronized Optional<Experiment> experiment(String id) {
        return Optional.ofNullable(experiments.get(id));
    }

    /** Waits until an experiment that was just written is known here, for a moment. */
    public synchronized void await(Experiment written) {
        long deadline = System.nanoTime() + AWAIT_NANOS;
        long left = AWAIT_NANOS;
        try {
            while (left > 0 && !isKnown(written)) {
                TimeUnit.NANOSECONDS.timedWait(this, left);
                left = deadline - System.nanoTime();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private boolean isKnown(Experiment written) {
        Experiment known = experiments.get(written.getId());
        return known != null && known.getRun() >= written.getRun();
    }

    /** The data set of an experiment, if it is described. */
    public synchronized Optional<DatasetDescriptor> dataset(Experiment experiment) {
        return Optional.ofNullable(datasets.get(DatasetIds.of(experiment.getDataset())));
    }

    /**
     * Gradient evaluations a second of an attacker, over all complete figures of networks of an architecture on a data set; empty
     * where there are none.
     *
     * @param architecture in words, as figures have it
     */
    public synchronized OptionalDouble attackRate(String architecture, DatasetDescriptor dataset) {
        AttackRate rate = attackRates.get(new AttackedKind(architecture, dataset.getId()));
        return rate == null || rate.seconds() == 0
                ? OptionalDouble.empty()
                : OptionalDouble.of(rate.evaluations() / rate.seconds());
    }

    /** The attacks of a figure, in order; empty where there is no such figure. */
    public synchronized List<LiveMetrics.Attack> attacks(String experiment, String key) {
        LiveMetrics figure = figures.getOrDefault(experiment, Map.of()).get(key);
        return figure == null ? List.of() : figure.attacks();
    }

    /** The newest record of every experiment. */
    public synchronized List<Experiment> experiments() {
        return List.copyOf(experiments.values());
    }

    /** Ids of the experiments that score networks which users bring. */
    public synchronized List<String> monitored() {
        return experiments.values().stream()
                .filter(experiment -> experiment.getDistillation() == null)
                .map(Experiment::getId)
                .toList();
    }

    /** The metrics of an experiment under a suite, with the outcomes of single images. */
    public synchronized List<RobustnessMetrics> metrics(String experiment, String suite) {
        publish();
        List<RobustnessMetrics> metrics = new ArrayList<>();
        figures.getOrDefault(experiment, Map.of()).forEach((key, figure) -> {
            if (figure.headline().suite().equals(suite)) {
                String json = new String(state.json(Kind.FIGURE, key), StandardCharsets.UTF_8);
                metrics.addAll(figure.restored(MetricsFile.parse("[" + json + "]")));
            }
        });
        return metrics;
    }

    /** Waits until what is on the topics now is known. */
    public void awaitCaughtUp() {
        readers.forEach(RecordReader::awaitCaughtUp);
        letterReader.awaitCaughtUp();
        publish();
    }

    /** @throws RuntimeException that ended one of the readers, if one did */
    public void throwFailure() {
        readers.forEach(RecordReader::throwFailure);
        letterReader.throwFailure();
        publisher.throwFailure();
    }

    @Override
    public void close() {
        closed = true;
        publisher.stop();
        resources.close();
    }
}
