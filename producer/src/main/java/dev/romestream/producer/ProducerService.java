package dev.romestream.producer;

import dev.romestream.experiments.DatasetIds;
import dev.romestream.experiments.Experiments;
import dev.romestream.experiments.StatusReporter;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.config.Settings;
import dev.romestream.messaging.queue.KeyOwnership;
import dev.romestream.messaging.service.Resources;
import dev.romestream.messaging.service.Service;
import dev.romestream.messaging.thread.ServiceThread;
import dev.romestream.messaging.topic.RecordReader;
import dev.romestream.messaging.topic.RecordSender;
import dev.romestream.schemas.DatasetDescriptor;
import dev.romestream.schemas.DatasetSpec;
import dev.romestream.schemas.DesiredState;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.ExperimentStatus;
import dev.romestream.schemas.Phase;
import dev.romestream.schemas.SyntheticSnapshot;
import dev.romestream.schemas.Topic;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;

/**
 * Publishes the data set of every experiment that is to run. Data sets are divided among the producers; one that is published
 * already, with the same fingerprint, is not published again. Streams are followed for as long as an experiment runs on them.
 */
public final class ProducerService implements Service {
    private static final String GROUP = "producers";
    private static final Duration IDLE = Duration.ofMillis(100);

    private final Resources resources = new Resources();
    private final RomeConfig config;
    private final Experiments experiments;
    private final RecordReader<DatasetDescriptor> descriptors;
    private final RecordSender sender;
    private final Sources sources;
    private final DatasetPublisher publisher;
    private final LiveStreams streams;
    private final Counter images;
    /** Of the data sets that are on the topic. */
    private final Map<String, String> fingerprints = new ConcurrentHashMap<>();
    /** Data sets that were read here. */
    private final Set<String> known = new HashSet<>();
    /** Which run of an experiment has been served here. */
    private final Map<String, Integer> served = new HashMap<>();

    private KeyOwnership ownership;
    private ServiceThread thread;
    private volatile boolean closed;

    public ProducerService(RomeConfig config, MeterRegistry metrics) {
        this.config = config;
        this.experiments = resources.add(new Experiments(config));
        this.descriptors =
                resources.add(new RecordReader<>(config, Topic.DATASETS, DatasetDescriptor.class, this::take));
        this.sender = resources.add(new RecordSender(config));
        this.sources = new Sources(config, () -> closed);
        this.publisher = new DatasetPublisher(
                sender,
                config.integer(Settings.IMAGES_PER_BATCH),
                config.integer(Settings.IMAGES_PER_SECOND),
                () -> closed);
        this.streams = new LiveStreams(config, publisher, sender, metrics);
        resources.add(new RecordReader<>(
                config,
                Topic.SYNTHETIC_SNAPSHOTS,
                SyntheticSnapshot.class,
                key -> key.endsWith("/manifest"),
                streams::snapshot));
        resources.add(new RecordReader<>(config, Topic.EXPERIMENT_STATUS, ExperimentStatus.class, streams::status));
        this.images = Counter.builder("rome.images.published")
                .description("Images published")
                .register(metrics);
    }

    private void take(String id, DatasetDescriptor descriptor) {
        if (descriptor == null) {
            fingerprints.remove(id);
        } else {
            fingerprints.put(id, descriptor.getFingerprint());
        }
    }

    @Override
    public String name() {
        return "producer";
    }

    @Override
    public void start() {
        descriptors.awaitCaughtUp();
        ownership = resources.add(new KeyOwnership(config, GROUP, Topic.IMAGE_BATCHES));
        thread = ServiceThread.start("producer", this::run);
    }

    private void run() {
        while (!closed) {
            List<Experiment> all = experiments.all();
            served.keySet().retainAll(all.stream().map(Experiment::getId).collect(Collectors.toSet()));
            all.stream().filter(this::isMineToServe).forEach(this::serve);
            streams.follow(all.stream()
                    .filter(LiveStreams::isStream)
                    .filter(this::isMineToRun)
                    .toList());
            LockSupport.parkNanos(IDLE.toNanos());
        }
    }

    private boolean isMineToServe(Experiment experiment) {
        return isMineToRun(experiment)
                && !LiveStreams.isStream(experiment)
                && served.getOrDefault(experiment.getId(), -1) != experiment.getRun();
    }

    private boolean isMineToRun(Experiment experiment) {
        return !closed
                && experiment.getDesiredState() == DesiredState.RUN
                && ownership.owns(DatasetIds.of(experiment.getDataset()));
    }

    private void serve(Experiment experiment) {
        DatasetSpec spec = experiment.getDataset();
        String id = DatasetIds.of(spec);
        StatusReporter status = new StatusReporter(sender, experiment, name());
        try {
            if (!known.contains(id) && !isFixed(spec, id)) {
                status.phase(Phase.RUNNING, "reading " + id);
                publish(id, sources.load(spec, activity -> status.phase(Phase.RUNNING, activity)), status);
                known.add(id);
            }
            if (!closed) {
                status.phase(Phase.COMPLETED, id + " is published");
            }
        } catch (CancellationException e) {
            return;
        } catch (SourceException e) {
            status.failed(e.getMessage());
        }
        served.put(experiment.getId(), experiment.getRun());
    }

    /** What a user's topic holds is read once: when it grows, that must not change the images of what is under way. */
    private boolean isFixed(DatasetSpec spec, String id) {
        return spec.getName().equals(DatasetIds.TOPIC) && fingerprints.containsKey(id);
    }

    private void publish(String id, ImageDataset dataset, StatusReporter status) {
        if (dataset.fingerprint().equals(fingerprints.get(id))) {
            return;
        }
        int count = dataset.train().count() + dataset.test().count();
        status.begin("publishing " + id, "images", 0, count);
        publisher.publish(id, dataset, done -> status.progress(done, count));
        images.increment(count);
    }

    @Override
    public boolean isAlive() {
        return thread != null && thread.isAlive() && ownership.isAlive();
    }

    @Override
    public void close() {
        closed = true;
        if (thread != null) {
            thread.join();
        }
        streams.close();
        resources.close();
    }
}
