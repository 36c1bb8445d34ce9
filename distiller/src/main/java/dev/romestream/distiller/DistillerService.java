package dev.romestream.distiller;

import ai.djl.ndarray.NDManager;
import dev.romestream.exchange.DatasetStore;
import dev.romestream.exchange.InvalidRecordException;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.experiment.DatasetIds;
import dev.romestream.messaging.experiment.Experiments;
import dev.romestream.messaging.experiment.StatusReporter;
import dev.romestream.messaging.service.Resources;
import dev.romestream.messaging.service.Service;
import dev.romestream.messaging.thread.ServiceThread;
import dev.romestream.messaging.topic.RecordIndex;
import dev.romestream.messaging.topic.RecordSender;
import dev.romestream.robustness.distill.PriorSource;
import dev.romestream.robustness.tensor.Tensors;
import dev.romestream.schemas.DesiredState;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.Network;
import dev.romestream.schemas.PerturbedBatch;
import dev.romestream.schemas.Phase;
import dev.romestream.schemas.Topic;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Distils the experiments that are to run, one after the other, and emits snapshots of their synthetic sets. */
public final class DistillerService implements Service {
    private static final Duration IDLE = Duration.ofMillis(300);
    private static final Duration START_LIMIT = Duration.ofMinutes(2);
    private static final Duration DATASET_PATIENCE = Duration.ofMinutes(2);
    private static final long CACHE_BYTES = 256L * 1024 * 1024;

    private final Resources resources = new Resources();
    private final RomeConfig config;
    private final NDManager manager;
    private final Experiments experiments;
    private final DatasetStore datasets;
    private final RecordIndex<Network> networks;
    private final RecordIndex<PerturbedBatch> batches;
    private final Checkpoints checkpoints;
    private final RecordSender sender;
    private final Counter iterations;
    private final Set<String> completed = new HashSet<>();
    private ServiceThread thread;
    private volatile boolean closed;

    public DistillerService(RomeConfig config, MeterRegistry metrics) {
        this.config = config;
        this.manager = resources.add(
                Tensors.manager(config.string(RomeConfig.ENGINE_DEVICE), config.integer(RomeConfig.ENGINE_THREADS)));
        this.experiments = resources.add(new Experiments(config));
        this.datasets = resources.add(new DatasetStore(config));
        this.networks = resources.add(new RecordIndex<>(config, Topic.NETWORKS, Network.class, CACHE_BYTES));
        this.batches = resources.add(new RecordIndex<>(config, Topic.PRIOR_BATCHES, PerturbedBatch.class, CACHE_BYTES));
        this.checkpoints = resources.add(new Checkpoints(config));
        this.sender = resources.add(new RecordSender(config));
        this.iterations = Counter.builder("rome.distiller.iterations")
                .description("Iterations done")
                .register(metrics);
    }

    @Override
    public String name() {
        return "distiller";
    }

    @Override
    public void start() {
        networks.awaitCaughtUp(START_LIMIT);
        batches.awaitCaughtUp(START_LIMIT);
        checkpoints.awaitCaughtUp(START_LIMIT);
        thread = ServiceThread.start("distiller", this::run);
    }

    private void run() {
        while (!closed) {
            experiments
                    .next(IDLE)
                    .filter(experiment -> experiment.getDistillation() != null)
                    .ifPresent(this::take);
        }
    }

    private void take(Experiment experiment) {
        StatusReporter status = new StatusReporter(sender, experiment.getId(), name());
        switch (experiment.getDesiredState()) {
            case STOP -> {
                if (!completed.contains(experiment.getId())) {
                    status.phase(Phase.STOPPED, "stopped before it began");
                }
            }
            case PAUSE -> status.phase(Phase.PAUSED, "paused before it began");
            case RUN -> {
                try {
                    distil(experiment, status);
                } catch (CancelledException e) {
                    stopped(status);
                } catch (IllegalArgumentException | IllegalStateException | InvalidRecordException e) {
                    status.failed(e.getMessage());
                } catch (TimeoutException e) {
                    if (wanted(experiment)) {
                        status.failed(e.getMessage());
                    } else {
                        stopped(status);
                    }
                }
            }
        }
    }

    private void stopped(StatusReporter status) {
        if (!closed) {
            status.phase(Phase.STOPPED, "stopped");
        }
    }

    private boolean wanted(Experiment experiment) {
        return !closed && experiments.desiredState(experiment.getId()) != DesiredState.STOP;
    }

    private void distil(Experiment experiment, StatusReporter status) throws TimeoutException {
        String id = experiment.getId();
        DistillationDefaults.fill(experiment.getDistillation());
        status.phase(Phase.WAITING, "waiting for the images of " + DatasetIds.of(experiment.getDataset()));
        DatasetStore.Dataset dataset =
                datasets.await(DatasetIds.of(experiment.getDataset()), DATASET_PATIENCE, () -> !wanted(experiment));
        DistillationRun run = new DistillationRun(experiment, dataset);
        SnapshotWriter writer = new SnapshotWriter(sender, id, run.spec(), dataset);
        Optional<Checkpoints.Resumable> resumable = checkpoints.newest(
                id, run.specification(), dataset.descriptor().getClasses().size());
        BooleanSupplier gate = () -> {
            iterations.increment();
            return passes(experiment, status);
        };
        boolean finished =
                run.run(manager, resumable, streams(experiment), status, gate, (snapshot, iteration, last, set) -> {
                    writer.write(snapshot, iteration, last, set);
                    Checkpoints.write(sender, id, run.specification(), snapshot, iteration, set);
                });
        if (finished) {
            completed.add(id);
            status.phase(Phase.COMPLETED, "distilled");
        } else {
            stopped(status);
        }
    }

    /** Whether the next iteration may begin; waits while the experiment is paused. */
    private boolean passes(Experiment experiment, StatusReporter status) {
        boolean told = false;
        while (wanted(experiment) && experiments.desiredState(experiment.getId()) == DesiredState.PAUSE) {
            if (!told) {
                status.phase(Phase.PAUSED, "paused");
                told = true;
            }
            LockSupport.parkNanos(IDLE.toNanos());
        }
        return wanted(experiment);
    }

    private DistillationRun.PriorStreams streams(Experiment experiment) {
        return (pool, schedule, plan, count) -> {
            var limits = new StreamedPriors.Limits(
                    config.integer(RomeConfig.PRIOR_WINDOW),
                    count,
                    Duration.ofMillis(config.number(RomeConfig.PRIOR_TIMEOUT)));
            PriorSource source = new StreamedPriors(
                    manager, networks, batches, sender, pool, schedule, plan, limits, () -> !wanted(experiment));
            return source;
        };
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
