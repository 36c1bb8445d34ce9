package dev.romestream.distiller;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.romestream.exchange.codec.Dataset;
import dev.romestream.exchange.codec.EngineFaults;
import dev.romestream.exchange.codec.InvalidRecordException;
import dev.romestream.exchange.codec.TensorCodec;
import dev.romestream.exchange.store.DatasetStore;
import dev.romestream.exchange.store.NetworkStore;
import dev.romestream.exchange.store.SnapshotStore;
import dev.romestream.exchange.store.SnapshotWriter;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.experiment.DatasetIds;
import dev.romestream.messaging.experiment.Experiments;
import dev.romestream.messaging.experiment.StatusReporter;
import dev.romestream.messaging.failure.UnprocessableException;
import dev.romestream.messaging.queue.RequestWorker;
import dev.romestream.messaging.topic.ChunkStore;
import dev.romestream.messaging.topic.RecordIndex;
import dev.romestream.messaging.topic.RecordSender;
import dev.romestream.robustness.distill.SyntheticSet;
import dev.romestream.robustness.network.NeuralNetwork;
import dev.romestream.schemas.DesiredState;
import dev.romestream.schemas.DistillationRequest;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.Outcome;
import dev.romestream.schemas.PriorAnswer;
import dev.romestream.schemas.SnapshotClass;
import dev.romestream.schemas.Topic;
import dev.romestream.schemas.WorkAnswer;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Distils one segment of an experiment for each request: from its checkpoint to the next. */
final class SegmentWorker extends RequestWorker<DistillationRequest> {
    private static final Logger log = LoggerFactory.getLogger(SegmentWorker.class);
    private static final String SERVICE = "distiller";
    private static final Duration SETS_LIMIT = Duration.ofMinutes(1);
    private static final Duration SOON = Duration.ofSeconds(2);

    private final NDManager manager;
    private final Experiments experiments;
    private final DatasetStore datasets;
    private final NetworkStore networks;
    private final RecordIndex<PriorAnswer> answers;
    private final Checkpoints checkpoints;
    private final SnapshotStore sets;
    private final SnapshotWriter snapshots;
    private final RecordSender sender;
    private final StreamedPriors.Limits limits;
    private final PoolRetirement retirement;
    private final Counter iterations;
    private final Map<String, Long> requestedTeachers = new ConcurrentHashMap<>();

    /** What a worker reads, beside its requests. */
    record Inputs(
            Experiments experiments,
            DatasetStore datasets,
            NetworkStore networks,
            RecordIndex<PriorAnswer> answers,
            Checkpoints checkpoints,
            SnapshotStore sets) {}

    SegmentWorker(
            RomeConfig config,
            NDManager manager,
            Inputs inputs,
            ChunkStore chunks,
            RecordSender sender,
            MeterRegistry metrics) {
        super(config, DistillationRequest.class);
        this.manager = manager;
        this.experiments = inputs.experiments();
        this.datasets = inputs.datasets();
        this.networks = inputs.networks();
        this.answers = inputs.answers();
        this.checkpoints = inputs.checkpoints();
        this.sets = inputs.sets();
        this.snapshots = new SnapshotWriter(sender, chunks);
        this.sender = sender;
        this.limits = new StreamedPriors.Limits(
                config.integer(RomeConfig.PRIOR_WINDOW), Duration.ofMillis(config.number(RomeConfig.PRIOR_TIMEOUT)));
        this.retirement = new PoolRetirement(networks, sender);
        this.iterations = Counter.builder("rome.distiller.iterations")
                .description("Iterations done")
                .register(metrics);
    }

    @Override
    protected void carryOut(DistillationRequest request) {
        Experiment experiment = request.getExperiment();
        if (experiment.getDistillation() == null) {
            throw new UnprocessableException(
                    "A request is for the distillation of " + experiment.getId() + ", which has none.");
        }
        if (!isWanted(request)) {
            answer(request, Outcome.INTERRUPTED, request.getFrom(), null);
            return;
        }
        try {
            distil(request, new StatusReporter(sender, experiment, SERVICE));
        } catch (InvalidRecordException | IllegalArgumentException e) {
            // the experiment's fault, and no record's: it is answered, and not dead
            answer(request, Outcome.FAILED, 0, String.valueOf(e.getMessage()));
        } catch (EngineException e) {
            throw EngineFaults.classified(e);
        }
    }

    /** Whether the experiment is to run now, and as the request has it. */
    private boolean isWanted(DistillationRequest request) {
        return experiments
                .get(request.getExperiment().getId())
                .filter(now -> now.getDesiredState() == DesiredState.RUN
                        && now.getRun() <= request.getExperiment().getRun())
                .isPresent();
    }

    private void distil(DistillationRequest request, StatusReporter status) {
        Experiment experiment = request.getExperiment();
        String id = experiment.getId();
        BooleanSupplier ended = () -> isCancelled() || !isWanted(request);
        Dataset dataset = dataset(experiment, ended);
        DistillationRun run = new DistillationRun(experiment, dataset);
        Optional<Checkpoints.Resumable> own = checkpoints.newest(id, run.specification());
        int kept = own.map(Checkpoints.Resumable::iteration).orElse(0);
        if (own.filter(Checkpoints.Resumable::isComplete).isPresent()) {
            answer(request, Outcome.DONE, kept, null);
            return;
        }
        boolean labelsOnly = own.filter(Checkpoints.Resumable::unlabelled).isPresent();
        int to = labelsOnly ? kept : run.segmentEnd(kept);
        Optional<Checkpoints.Resumable> resumable =
                checkpoints.ahead(run.specification(), kept, to).or(() -> own);
        int from = resumable.map(Checkpoints.Resumable::iteration).orElse(0);
        try (NDManager scope = manager.newSubManager()) {
            status.begin("distilling with " + run.spec().getMethod(), "iterations", from, run.iterations());
            Optional<Boolean> takenOver = takeOver(request, run, labelsOnly, kept, scope, ended, status);
            if (takenOver.isPresent()) {
                end(request, takenOver.get(), takenOver.get() ? run.iterations() : kept);
                return;
            }
            Optional<List<NeuralNetwork>> choosers = resumable.isPresent()
                    ? Optional.of(List.of())
                    : soon(teachers(request, run.choosers()), scope, ended, status);
            if (choosers.isEmpty()) {
                end(request, false, kept);
                return;
            }
            try (SyntheticSet set = resumable
                    .map(found -> found.restore(scope, run.spec().getMultiFormation()))
                    .orElseGet(() -> run.initial(scope, choosers.get()))) {
                Teachers teachers = teachers(request, run.teachers());
                int done = from < to ? steps(request, run, set, from, to, ended, status, teachers) : to;
                boolean due = done == to && run.snapshot(to).isPresent();
                Optional<List<NeuralNetwork>> labellers =
                        due ? soon(teachers, scope, ended, status) : Optional.of(List.of());
                labellers.ifPresent(ready -> publish(run, id, set, done, due, ready));
                boolean unlabelled = labellers.isEmpty();
                boolean complete = due && !unlabelled && done == run.iterations();
                if (!complete && (done > kept || unlabelled != labelsOnly)) {
                    checkpoints.write(sender, id, run.specification(), done, set, unlabelled);
                }
                end(request, done == to && labellers.isPresent(), done);
            }
        }
        if (Methods.streamed(experiment, dataset.descriptor()).isPresent()) {
            retirement.retire(experiments.all(), dataset.descriptor(), checkpoints);
        }
    }

    /** Answers that a segment is whole, or that somebody is to come back for the rest. */
    private void end(DistillationRequest request, boolean whole, int done) {
        if (isCancelled() && !whole) {
            throw new CancellationException("the distiller is closing");
        }
        answer(request, whole ? Outcome.DONE : Outcome.INTERRUPTED, done, null);
    }

    /**
     * Publishes the images that another experiment has distilled of the same specification, with labels of this one's own.
     *
     * @param labelsOnly whether the snapshot that is due after the last kept iteration waits for its labels
     * @param kept iterations whose snapshots are out, but for that one
     * @return whether all of them are out; empty where there are no such images
     */
    private Optional<Boolean> takeOver(
            DistillationRequest request,
            DistillationRun run,
            boolean labelsOnly,
            int kept,
            NDManager scope,
            BooleanSupplier ended,
            StatusReporter status) {
        List<String> others = run.iterations() == 0 ? List.of() : checkpoints.complete(run.specification());
        if (others.isEmpty()) {
            return Optional.empty();
        }
        sets.awaitCurrent(SETS_LIMIT);
        SortedMap<Integer, Integer> due = labelsOnly ? run.snapshotsFrom(kept) : run.snapshotsAfter(kept);
        Optional<String> other = others.stream()
                .filter(candidate -> due.keySet().stream()
                        .allMatch(number -> sets.manifest(candidate, number).isPresent()))
                .findFirst();
        if (other.isEmpty()) {
            return Optional.empty();
        }
        Optional<List<NeuralNetwork>> labellers = soon(teachers(request, run.teachers()), scope, ended, status);
        if (labellers.isEmpty()) {
            return Optional.of(false);
        }
        String id = request.getExperiment().getId();
        for (Map.Entry<Integer, Integer> snapshot : due.entrySet()) {
            if (ended.getAsBoolean()) {
                return Optional.of(false);
            }
            try (SyntheticSet set = taken(scope, run, other.get(), snapshot.getKey())) {
                publish(run, id, set, snapshot.getValue(), true, labellers.get());
            } catch (InvalidRecordException e) {
                log.warn("The images of {} cannot be taken over for {}: {}", other.get(), id, e.getMessage());
                return Optional.empty();
            }
            moves();
            status.progress(snapshot.getValue(), run.iterations());
        }
        return Optional.of(true);
    }

    private SyntheticSet taken(NDManager scope, DistillationRun run, String other, int snapshot) {
        NDList images = new NDList();
        for (SnapshotClass part : sets.classes(other, snapshot, run.classes())) {
            images.add(TensorCodec.decode(scope, "images", part.getImages()));
        }
        return SyntheticSet.of(scope, run.spec().getMultiFormation(), images);
    }

    private Teachers teachers(DistillationRequest request, List<Pools.Teacher> wanted) {
        return new Teachers(
                networks,
                sender,
                wanted,
                requestedTeachers,
                request.getExperiment().getRun(),
                limits.patience());
    }

    /** These networks, if they are ready soon: whoever waits for them does not hold up others. */
    private Optional<List<NeuralNetwork>> soon(
            Teachers teachers, NDManager scope, BooleanSupplier ended, StatusReporter status) {
        return teachers.await(scope, SOON, ended, this::moves, status::waits);
    }

    /** Publishes the snapshot that is due, if one is; and the end of the distillation, if this is it. */
    private void publish(
            DistillationRun run, String id, SyntheticSet set, int done, boolean due, List<NeuralNetwork> labellers) {
        if (due) {
            snapshots.write(
                    id,
                    run.snapshot(done).orElseThrow(),
                    run.classes(manager, set, labellers),
                    run.manifest(set, done));
            if (done == run.iterations()) {
                checkpoints.complete(sender, id, run.specification(), done);
            }
        }
    }

    private Dataset dataset(Experiment experiment, BooleanSupplier ended) {
        return datasets.await(DatasetIds.of(experiment.getDataset()), ended);
    }

    private int steps(
            DistillationRequest request,
            DistillationRun run,
            SyntheticSet set,
            int from,
            int to,
            BooleanSupplier ended,
            StatusReporter status,
            Teachers teachers) {
        int[] done = {from};
        DistillationRun.PriorStreams streams = (matched, plan, priors) -> new StreamedPriors(
                manager,
                networks,
                answers,
                sender,
                new StreamedPriors.Needs(
                        matched.pool(),
                        matched.schedule(),
                        plan,
                        priors,
                        run.iterations(),
                        request.getExperiment().getRun()),
                limits,
                ended,
                waiting -> status.waits(waiting));
        try {
            return run.run(manager, set, from, to, streams, () -> !ended.getAsBoolean(), now -> {
                done[0] = now;
                moves();
                iterations.increment();
                teachers.request();
                status.progress(now, run.iterations());
            });
        } catch (CancellationException e) {
            return done[0];
        }
    }

    private void answer(DistillationRequest request, Outcome outcome, int iteration, String error) {
        String experiment = request.getExperiment().getId();
        sender.flush();
        sender.send(
                Topic.DISTILLATION_ANSWERS,
                experiment,
                new WorkAnswer(request.getId(), experiment, outcome, iteration, error, List.of()));
        sender.flush();
    }

    @Override
    protected void answerFailure(DistillationRequest request, String reason) {
        answer(request, Outcome.FAILED, 0, reason);
    }
}
