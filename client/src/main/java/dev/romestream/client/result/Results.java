package dev.romestream.client.result;

import dev.romestream.client.experiment.ExperimentFile;
import dev.romestream.exchange.experiment.DistillationDefaults;
import dev.romestream.exchange.experiment.Victim;
import dev.romestream.exchange.store.SnapshotStore;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.topic.RecordReader;
import dev.romestream.schemas.Alert;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.RobustnessMetrics;
import dev.romestream.schemas.Topic;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** What the topics hold of experiments' results, from their beginning on; and the files made of it. Safe for use by several threads. */
public final class Results implements AutoCloseable {
    private static final Duration LIMIT = Duration.ofMinutes(2);

    private final Map<String, RobustnessMetrics> metrics = new TreeMap<>();
    private final RecordReader<RobustnessMetrics> metricsReader;
    private final SnapshotStore snapshots;
    private final Map<String, Alert> alerts = new TreeMap<>();
    private final RecordReader<Alert> alertReader;

    /** Reads the newest metrics and every snapshot that is there, and follows what comes. */
    public Results(RomeConfig config) {
        this.metricsReader =
                new RecordReader<>(config, Topic.ROBUSTNESS_LATEST, RobustnessMetrics.class, this::acceptMetrics);
        this.snapshots = new SnapshotStore(config);
        metricsReader.awaitCaughtUp(LIMIT);
        snapshots.awaitCaughtUp(LIMIT);
        this.alertReader = new RecordReader<>(config, Topic.ALERTS, Alert.class, this::acceptAlert);
        alertReader.awaitCaughtUp(LIMIT);
    }

    /** Waits until what was written before the call is known. */
    public void awaitCurrent() {
        metricsReader.awaitCurrent(LIMIT);
        snapshots.awaitCurrent(LIMIT);
        alertReader.awaitCurrent(LIMIT);
    }

    private synchronized void acceptAlert(String key, Alert alert) {
        if (alert == null) {
            alerts.remove(key);
        } else {
            alerts.put(key, alert);
        }
    }

    /** The newest alert of each rule of an experiment: raised or over. */
    public synchronized List<Alert> alerts(String experiment) {
        return alerts.values().stream()
                .filter(alert -> alert.getExperiment().equals(experiment))
                .toList();
    }

    private synchronized void acceptMetrics(String key, RobustnessMetrics value) {
        if (value == null) {
            metrics.remove(key);
        } else {
            metrics.put(key, value);
        }
    }

    /** The newest metrics of an experiment: by window, snapshot, victim, suite and mode. */
    public synchronized List<RobustnessMetrics> metrics(String experiment) {
        return metrics.values().stream()
                .filter(record -> record.getExperiment().equals(experiment))
                .sorted(Victim.IN_ORDER
                        .thenComparing(RobustnessMetrics::getVictim)
                        .thenComparing(RobustnessMetrics::getSuite)
                        .thenComparing(RobustnessMetrics::getMode))
                .toList();
    }

    /** The images of an experiment's newest snapshot; empty where there is none, or it is the whole training split. */
    public Optional<SyntheticImages> images(String experiment) {
        return snapshots.newest(experiment).flatMap(snapshot -> snapshots
                .manifest(experiment, snapshot)
                .filter(manifest -> !DistillationDefaults.isWhole(manifest.getMethod()))
                .map(manifest ->
                        SyntheticImages.of(manifest, snapshots.classes(experiment, snapshot, manifest.getClasses()))));
    }

    /**
     * Writes {@code metrics.json}, {@code synthetic.npz}, {@code synthetic.png} and {@code experiment.yaml}: into {@code out}
     * for one experiment; for several, the metrics of all there and the rest into a folder each.
     */
    public void write(Path out, List<Experiment> experiments) throws IOException {
        Files.createDirectories(out);
        List<RobustnessMetrics> all = experiments.stream()
                .flatMap(experiment -> metrics(experiment.getId()).stream())
                .collect(Collectors.toList());
        WholeFile.write(out.resolve("metrics.json"), MetricsFile.write(all));
        for (Experiment experiment : experiments) {
            Path folder = experiments.size() == 1 ? out : out.resolve(folder(experiment));
            Files.createDirectories(folder);
            WholeFile.write(folder.resolve("experiment.yaml"), ExperimentFile.write(experiment));
            Optional<SyntheticImages> images = images(experiment.getId());
            if (images.isPresent()) {
                WholeFile.write(folder.resolve("synthetic.npz"), file -> NumpyArchive.write(file, images.get()));
                WholeFile.write(folder.resolve("synthetic.png"), file -> ContactSheet.write(file, images.get()));
            }
        }
    }

    /** Named as the experiment is, as far as a name can be a folder's. */
    private static String folder(Experiment experiment) {
        return experiment.getName().replaceAll("[^\\p{L}\\p{N}._-]+", "-").replaceAll("^[.-]+", "");
    }

    @Override
    public void close() {
        metricsReader.close();
        snapshots.close();
        alertReader.close();
    }
}
