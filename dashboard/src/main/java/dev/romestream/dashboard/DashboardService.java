package dev.romestream.dashboard;

import dev.romestream.dashboard.live.LiveState;
import dev.romestream.dashboard.live.SystemView;
import dev.romestream.dashboard.live.TopicsView;
import dev.romestream.dashboard.web.DashboardServer;
import dev.romestream.exchange.store.SnapshotStore;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.service.Resources;
import dev.romestream.messaging.service.Service;
import dev.romestream.schemas.Experiment;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** Pages that show what the topics say, and start and stop experiments by writing to one. */
public final class DashboardService implements Service {
    private final RomeConfig config;
    private final MeterRegistry metrics;
    private final Function<List<Experiment>, Optional<String>> cost;
    private final Resources resources = new Resources();
    private TopicsView topics;
    private DashboardServer server;

    /** A dashboard that knows nothing of what experiments cost. */
    public DashboardService(RomeConfig config, MeterRegistry metrics) {
        this(config, metrics, experiments -> Optional.empty());
    }

    /** @param cost what experiments cost, in words, where it can be told */
    public DashboardService(
            RomeConfig config, MeterRegistry metrics, Function<List<Experiment>, Optional<String>> cost) {
        this.cost = cost;
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
        topics = resources.add(new TopicsView(config, state, metrics));
        SnapshotStore snapshots = resources.add(new SnapshotStore(config));
        resources.add(new SystemView(config, state, metrics));
        server = resources.add(new DashboardServer(config, state, topics, snapshots, cost));
        metrics.gauge("rome.dashboard.streams", server, DashboardServer::clients);
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
