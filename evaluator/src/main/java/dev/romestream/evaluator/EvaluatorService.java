package dev.romestream.evaluator;

import ai.djl.ndarray.NDManager;
import dev.romestream.exchange.DatasetStore;
import dev.romestream.exchange.InvalidRecordException;
import dev.romestream.exchange.NetworkCodec;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.experiment.DatasetIds;
import dev.romestream.messaging.experiment.Experiments;
import dev.romestream.messaging.experiment.StatusReporter;
import dev.romestream.messaging.service.Resources;
import dev.romestream.messaging.service.Service;
import dev.romestream.messaging.thread.ServiceThread;
import dev.romestream.messaging.topic.RecordIndex;
import dev.romestream.messaging.topic.RecordSender;
import dev.romestream.robustness.tensor.Tensors;
import dev.romestream.schemas.DesiredState;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.Network;
import dev.romestream.schemas.Phase;
import dev.romestream.schemas.Topic;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Scores every snapshot of every experiment, and every network that a user brings: victims are trained and attacked, and
 * outcomes become running metrics.
 */
public final class EvaluatorService implements Service {
    private static final Logger log = LoggerFactory.getLogger(EvaluatorService.class);
    private static final Duration IDLE = Duration.ofMillis(250);
    private static final Duration START_LIMIT = Duration.ofMinutes(2);
    private static final Duration DATASET_PATIENCE = Duration.ofMinutes(2);
    private static final long CACHE_BYTES = 64L * 1024 * 1024;

    private final Resources resources = new Resources();
    private final Experiments experiments;
    private final DatasetStore datasets;
    private final Snapshots snapshots;
    private final Progress progress;
    private final RecordSender sender;
    private final MonitoredNetworks monitored;
    private final SnapshotEvaluation evaluation;
    private final NetworkEvaluation networkEvaluation;
    private final MetricsStream stream;
    private final Map<String, Pending> pending = new HashMap<>();
    private ServiceThread thread;
    private volatile boolean closed;

    /** An experiment whose attacks are under way. */
    private static final class Pending {
        private final StatusReporter status;
        private long figures;
        private long outcomes;
        private boolean last;
        private final Map<String, Monitored> monitored = new HashMap<>();
        /** Whether the status says all that there is to say of the networks. */
        private boolean told;

        Pending(StatusReporter status) {
            this.status = status;
        }

        private long monitoredOutcomes() {
            return monitored.values().stream().mapToLong(Monitored::outcomes).sum();
        }
    }

    /** A network that a user brought, and the outcomes that its evaluation ends with. */
    private record Monitored(Network network, long outcomes) {}

    public EvaluatorService(RomeConfig config, MeterRegistry metrics) {
        NDManager manager = resources.add(
                Tensors.manager(config.string(RomeConfig.ENGINE_DEVICE), config.integer(RomeConfig.ENGINE_THREADS)));
        this.experiments = resources.add(new Experiments(config));
        this.datasets = resources.add(new DatasetStore(config));
        RecordIndex<Network> networks =
                resources.add(new RecordIndex<>(config, Topic.NETWORKS, Network.class, CACHE_BYTES));
        this.snapshots = resources.add(new Snapshots(config));
        this.progress = resources.add(new Progress(config));
        this.sender = resources.add(new RecordSender(config));
        this.monitored = resources.add(new MonitoredNetworks(config));
        this.evaluation = new SnapshotEvaluation(sender, new VictimTrainer(manager), progress);
        this.networkEvaluation = new NetworkEvaluation(manager, networks, sender, progress);
        this.stream = resources.add(new MetricsStream(config, manager, networks, datasets, metrics));
    }

    @Override
    public String name() {
        return "evaluator";
    }

    @Override
    public void start() {
        experiments.awaitCaughtUp(START_LIMIT);
        progress.awaitCaughtUp(START_LIMIT);
        stream.start(START_LIMIT);
        thread = ServiceThread.start("evaluator", this::run);
    }

    private void run() {
        while (!closed) {
            snapshots.next(IDLE).ifPresent(this::evaluate);
            monitored.take(this::isWanted).ifPresent(this::evaluate);
            report();
        }
    }

    private void evaluate(Snapshots.Snapshot snapshot) {
        String id = snapshot.experiment();
        Optional<Experiment> experiment = experiments.get(id);
        if (experiment.isEmpty() || experiment.get().getDesiredState() == DesiredState.STOP) {
            return;
        }
        Pending work = pending(id);
        try {
            DatasetStore.Dataset dataset = dataset(experiment.get());
            work.figures += SnapshotEvaluation.figures(experiment.get());
            work.outcomes += evaluation.outcomes(experiment.get(), snapshot, dataset);
            work.last |= snapshot.manifest().getFinal$();
            evaluation.begin(experiment.get(), snapshot, dataset, work.status, () -> stopped(id));
            work.status.begin(
                    "attacking the victims of snapshot " + snapshot.number(),
                    "images",
                    progress.outcomes(id),
                    work.outcomes);
        } catch (IllegalArgumentException | InvalidRecordException e) {
            pending.remove(id);
            work.status.failed(e.getMessage());
        } catch (TimeoutException e) {
            pending.remove(id);
            if (!stopped(id)) {
                work.status.failed(e.getMessage());
            }
        }
    }

    private Pending pending(String id) {
        return pending.computeIfAbsent(id, any -> new Pending(new StatusReporter(sender, id, name())));
    }

    private DatasetStore.Dataset dataset(Experiment experiment) throws TimeoutException {
        return datasets.await(
                DatasetIds.of(experiment.getDataset()), DATASET_PATIENCE, () -> stopped(experiment.getId()));
    }

    /** Whether the experiment that is to score a network is there, runs and does nothing else. */
    private boolean isWanted(Network network) {
        return Optional.ofNullable(network.getExperiment())
                .flatMap(experiments::get)
                .filter(experiment ->
                        experiment.getDistillation() == null && experiment.getDesiredState() == DesiredState.RUN)
                .isPresent();
    }

    private void evaluate(Network network) {
        Experiment experiment = experiments.get(network.getExperiment()).orElseThrow();
        Pending work = pending(experiment.getId());
        String name = network.getId() + " version " + network.getVersion();
        try {
            work.status.phase(Phase.WAITING, "waiting for the images of " + DatasetIds.of(experiment.getDataset()));
            DatasetStore.Dataset dataset = dataset(experiment);
            networkEvaluation.begin(experiment, network, dataset);
            work.monitored.put(
                    NetworkCodec.key(network.getId(), network.getVersion()),
                    new Monitored(network, networkEvaluation.outcomes(experiment, network, dataset)));
            work.told = false;
            work.status.begin(
                    "attacking " + name, "images", progress.outcomes(experiment.getId()), work.monitoredOutcomes());
        } catch (IllegalArgumentException | InvalidRecordException | TimeoutException e) {
            log.warn("{} is not scored: {}", name, e.getMessage());
            work.status.refused(name, name + ": " + e.getMessage());
            work.told = true;
        }
    }

    private void reportMonitored(Experiment experiment, Pending work) {
        int figures = AttackPlanner.figuresOfVictim(experiment.getEvaluation());
        String id = experiment.getId();
        boolean scored = work.monitored.values().stream()
                .map(Monitored::network)
                .allMatch(network -> progress.complete(id, network.getId(), network.getVersion()) == figures);
        if (!scored) {
            work.told = false;
            work.status.progress(progress.outcomes(id), work.monitoredOutcomes());
        } else if (!work.told) {
            work.told = true;
            work.status.phase(Phase.WAITING, "every network is scored; waiting for others");
        }
    }

    private boolean stopped(String id) {
        return closed || experiments.desiredState(id) == DesiredState.STOP;
    }

    private void report() {
        Iterator<Map.Entry<String, Pending>> entries = pending.entrySet().iterator();
        while (entries.hasNext()) {
            Map.Entry<String, Pending> entry = entries.next();
            String id = entry.getKey();
            Pending work = entry.getValue();
            Optional<String> failure = progress.failure(id);
            if (stopped(id)) {
                work.status.phase(Phase.STOPPED, "stopped");
                monitored.giveBack(id);
                entries.remove();
            } else if (experiments.get(id).map(Experiment::getDistillation).isEmpty()) {
                reportMonitored(experiments.get(id).orElseThrow(), work);
            } else if (failure.isPresent()) {
                work.status.failed("An attack failed: " + failure.get());
                entries.remove();
            } else if (work.last && progress.complete(id) >= work.figures) {
                work.status.phase(Phase.COMPLETED, "evaluated");
                entries.remove();
            } else {
                work.status.progress(progress.outcomes(id), work.outcomes);
            }
        }
    }

    @Override
    public boolean isAlive() {
        return thread != null && thread.isAlive() && stream.isAlive();
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
