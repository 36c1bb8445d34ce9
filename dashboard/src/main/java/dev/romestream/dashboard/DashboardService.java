package dev.romestream.dashboard;

import dev.romestream.dashboard.live.LiveState;
import dev.romestream.dashboard.live.SystemView;
import dev.romestream.dashboard.live.TopicsView;
import dev.romestream.dashboard.web.DashboardServer;
import dev.romestream.exchange.experiment.Victim;
import dev.romestream.exchange.store.SnapshotStore;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.service.Resources;
import dev.romestream.messaging.service.Service;
import dev.romestream.schemas.Experiment;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.function.Function;

/** Pages that show what the topics say, and start and stop experiments by writing to one. */
public final class DashboardService implements Service {
    /** Records of so many bytes, or of so long, come together. */
    private static final Map<String, String> BATCHES =
            Map.of("consumer.fetch.min.bytes", "1048576", "consumer.fetch.max.wait.ms", "300");

    private final RomeConfig config;
    private final MeterRegistry metrics;
    private final Optional<Function<List<Experiment>, Optional<String>>> measuredCost;
    private final Resources resources = new Resources();
    private TopicsView topics;
    private SystemView system;
    private DashboardServer server;

    /** A dashboard that tells what experiments cost by the figures that are there, where an {@link ExperimentCost} is found. */
    public DashboardService(RomeConfig config, MeterRegistry metrics) {
        this(config, metrics, Optional.empty());
    }

    /** @param cost what experiments cost, in words, where it can be told */
    public DashboardService(
            RomeConfig config, MeterRegistry metrics, Function<List<Experiment>, Optional<String>> cost) {
        this(config, metrics, Optional.of(cost));
    }

    private DashboardService(
            RomeConfig config,
            MeterRegistry metrics,
            Optional<Function<List<Experiment>, Optional<String>>> measuredCost) {
        this.measuredCost = measuredCost;
        this.config = config;
        this.metrics = metrics;
    }

    @Override
    public String name() {
        return "dashboard";
    }

    @Override
    public void start() {
        LiveState state = new LiveState();
        topics = resources.add(new TopicsView(config.withDefaults(BATCHES), state, metrics));
        SnapshotStore snapshots = resources.add(new SnapshotStore(config));
        system = resources.add(new SystemView(config, state, metrics));
        server = resources.add(new DashboardServer(
                config,
                state,
                topics,
                snapshots,
                measuredCost.orElse(experiments -> costByFigures(topics, experiments))));
        metrics.gauge("rome.dashboard.streams", server, DashboardServer::clients);
    }

    private static Optional<String> costByFigures(TopicsView topics, List<Experiment> experiments) {
        Experiment first = experiments.get(0);
        return ExperimentCost.isComparable(experiments)
                ? ServiceLoader.load(ExperimentCost.class).findFirst().flatMap(cost -> topics.dataset(first)
                        .flatMap(dataset -> cost.describe(
                                experiments,
                                dataset,
                                topics.attackRate(Victim.of(first).get(0).description(), dataset))))
                : Optional.empty();
    }

    /** Shows services of this process on the page System, too. */
    public void beside(List<Service> others) {
        system.beside(others);
    }

    @Override
    public Optional<String> page() {
        return Optional.of(url());
    }

    /** Where a browser finds it. */
    public String url() {
        return server.url();
    }

    /** Pages that are open. */
    int streams() {
        return server.clients();
    }

    @Override
    public boolean isAlive() {
        try {
            topics.throwFailure();
            return true;
        } catch (IllegalStateException e) {
            return false;
        }
    }

    @Override
    public void close() {
        resources.close();
    }
}
