package dev.romestream.producer;

import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.experiment.DatasetIds;
import dev.romestream.messaging.experiment.Experiments;
import dev.romestream.messaging.experiment.StatusReporter;
import dev.romestream.messaging.service.Resources;
import dev.romestream.messaging.service.Service;
import dev.romestream.messaging.thread.ServiceThread;
import dev.romestream.messaging.topic.RecordSender;
import dev.romestream.schemas.DatasetSpec;
import dev.romestream.schemas.DesiredState;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.Phase;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;

/** Publishes the data set of every experiment that is to run. Publishing one again changes nothing. */
public final class ProducerService implements Service {
    private static final Duration IDLE = Duration.ofMillis(500);

    private final Resources resources = new Resources();
    private final Experiments experiments;
    private final RecordSender sender;
    private final Sources sources;
    private final DatasetPublisher publisher;
    private final Counter images;
    private final Set<String> published = new HashSet<>();
    private ServiceThread thread;
    private volatile boolean closed;

    public ProducerService(RomeConfig config, MeterRegistry metrics) {
        this.experiments = resources.add(new Experiments(config));
        this.sender = resources.add(new RecordSender(config));
        this.sources = new Sources(config.string(RomeConfig.DATA_DIR));
        this.publisher = new DatasetPublisher(
                sender,
                config.integer(RomeConfig.IMAGES_PER_BATCH),
                config.integer(RomeConfig.IMAGES_PER_SECOND),
                () -> closed);
        this.images = Counter.builder("rome.images.published")
                .description("Images published")
                .register(metrics);
    }

    @Override
    public String name() {
        return "producer";
    }

    @Override
    public void start() {
        thread = ServiceThread.start("producer", this::run);
    }

    private void run() {
        while (!closed) {
            experiments
                    .next(IDLE)
                    .filter(experiment -> experiment.getDesiredState() == DesiredState.RUN)
                    .ifPresent(this::publish);
        }
    }

    private void publish(Experiment experiment) {
        DatasetSpec spec = experiment.getDataset();
        String id = DatasetIds.of(spec);
        StatusReporter status = new StatusReporter(sender, experiment, name());
        try {
            if (!published.contains(id)) {
                status.phase(Phase.RUNNING, "reading " + id);
                ImageDataset dataset = sources.load(spec);
                int count = dataset.train().count() + dataset.test().count();
                status.begin("publishing " + id, "images", 0, count);
                publisher.publish(id, dataset, done -> {
                    status.progress(done, count);
                });
                images.increment(count);
                published.add(id);
            }
            status.phase(Phase.COMPLETED, id + " is published");
        } catch (SourceException e) {
            status.failed(e.getMessage());
        }
    }

    @Override
    public boolean isAlive() {
        return thread != null && thread.isAlive();
    }

    @Override
    public void close() {
        closed = true;
        if (thread != null) {
            thread.join();
        }
        resources.close();
    }
}
