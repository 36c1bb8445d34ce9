package dev.romestream.producer;

import dev.romestream.experiments.DatasetIds;
import dev.romestream.experiments.StatusReporter;
import dev.romestream.experiments.WindowSettings;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.topic.RecordSender;
import dev.romestream.schemas.DatasetDescriptor;
import dev.romestream.schemas.DatasetSpec;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.ExperimentStatus;
import dev.romestream.schemas.Phase;
import dev.romestream.schemas.SyntheticSnapshot;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/** The streams that are read here: of each, those experiments that run on it are told how far it is. */
final class LiveStreams implements AutoCloseable {
    private static final String SERVICE = "producer";
    private static final long PAUSE_NANOS = 2_000_000_000L;

    private final RomeConfig config;
    private final DatasetPublisher publisher;
    private final RecordSender sender;
    private final MeterRegistry metrics;
    private final Map<String, Followed> followed = new HashMap<>();
    /** The newest snapshot of each experiment. */
    private final Map<String, Integer> distilled = new ConcurrentHashMap<>();
    /** Experiments that cannot go on. */
    private final Set<String> failed = ConcurrentHashMap.newKeySet();

    LiveStreams(RomeConfig config, DatasetPublisher publisher, RecordSender sender, MeterRegistry metrics) {
        this.config = config;
        this.publisher = publisher;
        this.sender = sender;
        this.metrics = metrics;
    }

    /** A snapshot's record, or a tombstone. */
    void snapshot(String key, SyntheticSnapshot snapshot) {
        if (snapshot != null) {
            distilled.merge(snapshot.getExperiment(), snapshot.getSnapshot(), Math::max);
        }
    }

    /** What a service says of an experiment. */
    void status(String key, ExperimentStatus status) {
        if (status == null || status.getService().equals(SERVICE)) {
            return;
        }
        if (status.getPhase() == Phase.FAILED) {
            failed.add(status.getExperiment());
        } else {
            failed.remove(status.getExperiment());
        }
    }

    static boolean isStream(Experiment experiment) {
        return experiment.getDataset().getWindow() != null;
    }

    /** Reads the streams of these experiments, and no others. */
    void follow(Collection<Experiment> experiments) {
        Map<String, List<Experiment>> wanted = experiments.stream()
                .filter(LiveStreams::isStream)
                .collect(Collectors.groupingBy(experiment -> DatasetIds.of(experiment.getDataset())));
        List.copyOf(followed.keySet()).stream()
                .filter(id -> !wanted.containsKey(id))
                .forEach(id -> followed.remove(id).close());
        wanted.forEach((id, own) -> {
            Followed stream = followed.computeIfAbsent(id, any -> new Followed(id));
            stream.follow(own);
        });
    }

    @Override
    public void close() {
        followed.values().forEach(Followed::close);
        followed.clear();
    }

    /** A stream and those who wait for it. */
    private final class Followed implements LiveStream.Progress, LiveStream.Needs, AutoCloseable {
        private final String id;
        private final Map<String, StatusReporter> reporters = new HashMap<>();
        private final List<Meter> meters = new ArrayList<>();
        private List<Experiment> experiments = List.of();
        private Optional<LiveStream> stream = Optional.empty();
        private long endedAt;
        private volatile String failure = "";
        private volatile StreamReader.Lag lag = StreamReader.Lag.NONE;
        private volatile int published;

        Followed(String id) {
            this.id = id;
        }

        void follow(List<Experiment> now) {
            boolean changed;
            synchronized (this) {
                changed = !now.equals(experiments);
                experiments = now;
                if (changed) {
                    reporters.clear();
                    now.forEach(experiment ->
                            reporters.put(experiment.getId(), new StatusReporter(sender, experiment, SERVICE)));
                }
            }
            boolean ended = stream.filter(LiveStream::isAlive).isEmpty();
            if (ended && stream.isPresent()) {
                stream = Optional.empty();
                endedAt = System.nanoTime();
            }
            // one that failed is tried again where somebody has changed something; one that another producer reads, a
            // little later
            boolean again = failure.isEmpty() ? System.nanoTime() - endedAt > PAUSE_NANOS : changed;
            if (ended && (endedAt == 0 || again)) {
                failure = "";
                start(now.get(0).getDataset());
            }
        }

        private void start(DatasetSpec spec) {
            try {
                now().forEach(WindowSettings::check);
                WindowSettings.of(spec);
            } catch (IllegalArgumentException e) {
                failed(e.getMessage());
                endedAt = System.nanoTime();
                return;
            }
            stream = Optional.of(new LiveStream(config, id, spec, publisher, sender, this, this));
            if (meters.isEmpty()) {
                Tags tags = Tags.of("topic", spec.getPath(), "stream", id);
                meters.add(Gauge.builder("rome.stream.lag.records", () -> lag.records())
                        .description("Records of the stream that are not read yet")
                        .tags(tags)
                        .register(metrics));
                meters.add(Gauge.builder("rome.stream.lag.seconds", this::seconds)
                        .description("Age of the newest record that was read, where others are not; else 0")
                        .tags(tags)
                        .register(metrics));
                meters.add(Gauge.builder("rome.stream.window", () -> published)
                        .description("Number of the newest window")
                        .tags(tags)
                        .register(metrics));
            }
        }

        private double seconds() {
            StreamReader.Lag now = lag;
            return now.records() == 0 || now.timeMs().isEmpty()
                    ? 0
                    : Math.max(0, System.currentTimeMillis() - now.timeMs().getAsLong()) / 1000.0;
        }

        private synchronized List<Experiment> now() {
            return experiments;
        }

        /** As many windows as any of the experiments wants. */
        @Override
        public int keep() {
            return now().stream()
                    .mapToInt(experiment -> experiment.getDataset().getWindow().getKeep())
                    .max()
                    .orElse(1);
        }

        /** A distillation that is waited for has its set of the window, and of the next one, on which that is scored, too. */
        @Override
        public Optional<String> whoNeeds(int number) {
            return now().stream()
                    .filter(WindowSettings::waits)
                    .filter(experiment -> !failed.contains(experiment.getId()))
                    .filter(experiment -> number > 0 && distilled.getOrDefault(experiment.getId(), 0) < number + 1)
                    .findFirst()
                    .map(experiment -> "waiting for " + experiment.getName()
                            + ", which has a set of window " + distilled.getOrDefault(experiment.getId(), 0)
                            + " (dataset.window.onLag)");
        }

        @Override
        public synchronized void filling(
                int number, long images, long total, StreamReader.Lag behind, Optional<String> waiting) {
            lag = behind;
            String behindBy = behind.records() > 0 ? ", " + behind.records() + " records behind" : "";
            String activity = "window " + number + behindBy;
            reporters.values().forEach(reporter -> {
                if (waiting.isPresent()) {
                    reporter.phase(Phase.WAITING, activity + ": " + waiting.get());
                } else {
                    reporter.begin(activity, "images", images, total);
                }
            });
        }

        @Override
        public synchronized void published(DatasetDescriptor descriptor) {
            published = descriptor.getWindow().getNumber();
        }

        @Override
        public synchronized void failed(String reason) {
            failure = reason;
            reporters.values().forEach(reporter -> reporter.failed(reason));
        }

        @Override
        public void close() {
            stream.ifPresent(LiveStream::close);
            meters.forEach(metrics::remove);
        }
    }
}
