package dev.romestream.distiller;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.romestream.exchange.codec.Dataset;
import dev.romestream.exchange.codec.EngineFaults;
import dev.romestream.exchange.codec.InvalidRecordException;
import dev.romestream.exchange.codec.TensorCodec;
import dev.romestream.exchange.identity.Identity;
import dev.romestream.exchange.store.DatasetStore;
import dev.romestream.exchange.store.NetworkStore;
import dev.romestream.exchange.store.SnapshotStore;
import dev.romestream.exchange.store.SnapshotWriter;
import dev.romestream.experiments.DatasetIds;
import dev.romestream.experiments.Experiments;
import dev.romestream.experiments.StatusReporter;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.config.Settings;
import dev.romestream.messaging.failure.UnprocessableException;
import dev.romestream.messaging.queue.RequestWorker;
import dev.romestream.messaging.topic.ChunkStore;
import dev.romestream.messaging.topic.RecordIndex;
import dev.romestream.messaging.topic.RecordSender;
import dev.romestream.robustness.distill.SyntheticSet;
import dev.romestream.robustness.network.NeuralNetwork;
import dev.romestream.schemas.Checkpoint;
import dev.romestream.schemas.DesiredState;
import dev.romestream.schemas.DistillationRequest;
import dev.romestream.schemas.DistillationStage;
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
import java.util.function.ToIntFunction;
import org.apache.kafka.clients.consumer.ConsumerRecord;
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
    private final Counter snapshotCount;
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
                config.integer(Settings.PRIOR_WINDOW), Duration.ofMillis(config.number(Settings.PRIOR_TIMEOUT)));
        this.retirement = new PoolRetirement(networks, checkpoints, sender);
        this.snapshotCount = Counter.builder("rome.distiller.snapshots")
                .description("Snapshots published")
                .register(metrics);
        this.iterations = Counter.builder("rome.distiller.iterations")
                .description("Iterations done")
                .register(metrics);
    }

    @Override
    protected void carryOut(DistillationRequest request, ConsumerRecord<String, byte[]> record) {
        Experiment experiment = request.getExperiment();
        if (experiment.getDistillation() == null) {
            throw new UnprocessableException(
                    "A request is for the distillation of " + experiment.getId() + ", which has none.");
        }
        try {
            distil(request, new StatusReporter(sender, experiment, SERVICE));
        } catch (InvalidRecordException | IllegalArgumentException e) {
            // the experiment's fault, and no record's: it is answered, and not dead
            answerFailure(request, String.valueOf(e.getMessage()));
        } catch (EngineException e) {
            throw EngineFaults.classified(e);
        }
    }

    /** Whether the experiment is to run now, and as the request has it. */
    @Override
    protected boolean isWanted(DistillationRequest request) {
        Experiment asked = request.getExperiment();
        return experiments
                .get(asked.getId())
                .filter(now -> now.getDesiredState() == DesiredState.RUN
                        && now.getRun() <= asked.getRun()
                        && Identity.isSameDistillation(now, asked))
                .isPresent();
    }

    @Override
    protected void withdrawn(DistillationRequest request) {
        requestedTeachers
                .keySet()
                .removeIf(key -> key.startsWith(request.getExperiment().getId() + " "));
        answer(request, Outcome.INTERRUPTED, request.getFrom(), Optional.empty());
    }

    private void distil(DistillationRequest request, StatusReporter status) {
        Experiment experiment = request.getExperiment();
        String id = experiment.getId();
        BooleanSupplier ended = () -> isCancelled() || !isWanted(request);
        Optional<DistillationStage> stage = Optional.ofNullable(request.getStage());
        if (stage.filter(at -> !isThere(at)).isPresent()) {
            // the planner goes on to another window
            answer(request, Outcome.INTERRUPTED, request.getFrom(), Optional.empty());
            return;
        }
        Dataset dataset = stage.map(at -> datasets.await(at.getDataset(), at.getFingerprint(), ended))
                .orElseGet(() -> datasets.await(DatasetIds.of(experiment.getDataset()), ended));
        DistillationRun run = new DistillationRun(experiment, dataset, stage);
        Optional<Checkpoints.Resumable> own = checkpoints.newest(id, run.specification());
        if (own.filter(Checkpoints.Resumable::isComplete).isPresent()) {
            done(request, run, own.get().iteration(), Optional.empty());
            return;
        }
        if (own.filter(kept -> kept.iteration() > request.getFrom()).isPresent()) {
            // done already, by who had the request before
            answer(request, Outcome.INTERRUPTED, own.get().iteration(), Optional.empty());
            return;
        }
        if (own.isEmpty()) {
            retireSnapshots(experiment);
        }
        try (NDManager scope = manager.newSubManager()) {
            Segment segment = new Segment(request, run, own, scope, ended, status);
            Reached reached = takenOver(segment).orElseGet(() -> distilled(segment));
            if (isCancelled() && !reached.whole() && reached.checkpoint().isEmpty()) {
                throw new CancellationException("the distiller is closing");
            }
            if (reached.whole()) {
                done(request, run, reached.iteration(), reached.checkpoint());
            } else {
                answer(request, Outcome.INTERRUPTED, reached.iteration(), reached.checkpoint());
            }
            if (experiments.get(id).isEmpty()) {
                reached.checkpoint().ifPresent(checkpoints::discard);
            }
            ToIntFunction<String> iterationsDone = any -> Math.max(
                    stage.map(at -> checkpoints.iteration(any, at.getWindow()))
                            .orElseGet(() -> checkpoints.iteration(any)),
                    any.equals(id) ? reached.iteration() : 0);
            if (Methods.streamed(experiment, dataset.descriptor(), run.begun()).isPresent()) {
                retirement.retire(experiments.all(), dataset.descriptor(), iterationsDone, run.carried());
            }
            if (stage.isPresent() && reached.whole() && reached.iteration() == run.iterations()) {
                retirement.retireTeachers(
                        experiments.all(),
                        dataset.descriptor(),
                        any -> any.getDesiredState() != DesiredState.STOP
                                && !any.getId().equals(id)
                                && iterationsDone.applyAsInt(any.getId()) < Integer.MAX_VALUE);
                // of windows that are gone, whoever had begun with them
                retirement.retireOthers(experiments, datasets, run.carried());
                forget(experiment, stage.get().getWindow());
            }
        }
    }

    /** Whether a window has not been retired. */
    private boolean isThere(DistillationStage stage) {
        datasets.awaitCurrent(SETS_LIMIT);
        return datasets.descriptor(stage.getDataset())
                .filter(descriptor -> descriptor.getFingerprint().equals(stage.getFingerprint()))
                .isPresent();
    }

    /** Snapshots of a stream's windows that are no history any more. */
    private void forget(Experiment experiment, int window) {
        int oldest = window - experiment.getDataset().getWindow().getHistory();
        sets.awaitCurrent(SETS_LIMIT);
        sets.numbers(experiment.getId()).stream()
                .filter(number -> number <= oldest)
                .toList()
                .forEach(number -> sets.retire(sender, experiment.getId(), number));
    }

    /** Snapshots of another distillation that the experiment had before. */
    private void retireSnapshots(Experiment experiment) {
        sets.awaitCurrent(SETS_LIMIT);
        String specification = Identity.distillation(experiment);
        for (int number : sets.numbers(experiment.getId())) {
            boolean other = sets.manifest(experiment.getId(), number)
                    .filter(manifest -> !manifest.getSpecification().equals(specification))
                    .isPresent();
            if (other) {
                sets.retire(sender, experiment.getId(), number);
            }
        }
    }

    /**
     * What is asked for.
     *
     * @param own the checkpoint to go on from, if there is one
     * @param scope of what is computed
     * @param ended whether it is not wanted any more
     */
    private record Segment(
            DistillationRequest request,
            DistillationRun run,
            Optional<Checkpoints.Resumable> own,
            NDManager scope,
            BooleanSupplier ended,
            StatusReporter status) {
        String experiment() {
            return request.getExperiment().getId();
        }

        String activity() {
            return "distilling with " + run.spec().getMethod()
                    + run.window().map(window -> ", window " + window).orElse("")
                    + (run.cause().isEmpty() ? "" : " (" + run.cause() + ")");
        }

        /** Iterations that are kept. */
        int kept() {
            return own.map(Checkpoints.Resumable::iteration).orElse(0);
        }

        /** Whether the snapshot that is due after them is all that is missing. */
        boolean labelsOnly() {
            return own.filter(Checkpoints.Resumable::unlabelled).isPresent();
        }
    }

    /** How far it came: a whole segment, or somebody is to come back for the rest; and from where, if that is new. */
    private record Reached(boolean whole, int iteration, Optional<Checkpoint> checkpoint) {
        static Reached nothing(int kept) {
            return new Reached(false, kept, Optional.empty());
        }
    }

    private Reached distilled(Segment segment) {
        DistillationRun run = segment.run();
        int kept = segment.kept();
        int to = segment.labelsOnly() ? kept : run.segmentEnd(kept);
        Optional<Checkpoints.Resumable> resumable =
                checkpoints.ahead(run.specification(), kept, to).or(segment::own);
        int from = resumable.map(Checkpoints.Resumable::iteration).orElse(0);
        segment.status().begin(segment.activity(), "iterations", from, run.iterations());
        Optional<List<NeuralNetwork>> choosers =
                resumable.isPresent() || run.predecessor().isPresent()
                        ? Optional.of(List.of())
                        : soon(segment, teachers(segment, run.choosers()));
        if (choosers.isEmpty()) {
            return Reached.nothing(kept);
        }
        try (SyntheticSet set = resumable
                .map(found -> found.restore(segment.scope(), run.spec().getMultiFormation()))
                .orElseGet(() -> initial(segment, choosers.get()))) {
            Teachers teachers = teachers(segment, run.teachers());
            int done = from < to ? steps(segment, set, from, to, teachers) : to;
            boolean due = done == to && run.snapshot(to).isPresent();
            Optional<List<NeuralNetwork>> labellers = due ? soon(segment, teachers) : Optional.of(List.of());
            boolean unlabelled = labellers.isEmpty();
            if (due && !unlabelled) {
                publish(segment, set, done, labellers.get());
            }
            boolean complete = due && !unlabelled && done == run.iterations();
            Optional<Checkpoint> checkpoint = complete
                    ? Optional.of(completed(segment))
                    : done > kept || unlabelled != segment.labelsOnly()
                            ? Optional.of(checkpoints.of(segment.experiment(), run, done, set, unlabelled))
                            : Optional.empty();
            return new Reached(done == to && !unlabelled, done, checkpoint);
        }
    }

    /** The images to begin with: on a stream, those of the window before. */
    private SyntheticSet initial(Segment segment, List<NeuralNetwork> choosers) {
        DistillationRun run = segment.run();
        if (run.predecessor().isEmpty()) {
            return run.initial(segment.scope(), choosers);
        }
        sets.awaitCurrent(SETS_LIMIT);
        return taken(
                segment.scope(), run, segment.experiment(), run.predecessor().get());
    }

    /**
     * Publishes the images that another experiment has distilled of the same specification, with labels of this one's own; empty where
     * there are none.
     */
    private Optional<Reached> takenOver(Segment segment) {
        DistillationRun run = segment.run();
        int kept = segment.kept();
        List<String> others = run.iterations() == 0 ? List.of() : checkpoints.complete(run.specification());
        if (others.isEmpty()) {
            return Optional.empty();
        }
        sets.awaitCurrent(SETS_LIMIT);
        SortedMap<Integer, Integer> due = segment.labelsOnly() ? run.snapshotsFrom(kept) : run.snapshotsAfter(kept);
        Optional<String> other = others.stream()
                .filter(candidate -> due.keySet().stream()
                        .allMatch(number -> sets.manifest(candidate, number).isPresent()))
                .findFirst();
        if (other.isEmpty()) {
            return Optional.empty();
        }
        segment.status().begin(segment.activity(), "iterations", kept, run.iterations());
        Optional<List<NeuralNetwork>> labellers = soon(segment, teachers(segment, run.teachers()));
        if (labellers.isEmpty()) {
            return Optional.of(Reached.nothing(kept));
        }
        for (Map.Entry<Integer, Integer> snapshot : due.entrySet()) {
            if (segment.ended().getAsBoolean()) {
                return Optional.of(Reached.nothing(kept));
            }
            try (SyntheticSet set = taken(segment.scope(), run, other.get(), snapshot.getKey())) {
                publish(segment, set, snapshot.getValue(), labellers.get());
            } catch (InvalidRecordException e) {
                log.warn(
                        "The images of {} cannot be taken over for {}: {}",
                        other.get(),
                        segment.experiment(),
                        e.getMessage());
                return Optional.empty();
            }
            moves();
            segment.status().progress(snapshot.getValue(), run.iterations());
        }
        return Optional.of(new Reached(true, run.iterations(), Optional.of(completed(segment))));
    }

    private static Checkpoint completed(Segment segment) {
        DistillationRun run = segment.run();
        return Checkpoints.complete(segment.experiment(), run);
    }

    private SyntheticSet taken(NDManager scope, DistillationRun run, String other, int snapshot) {
        NDList images = new NDList();
        for (SnapshotClass part : sets.classes(other, snapshot, run.classes())) {
            images.add(TensorCodec.decode(scope, "images", part.getImages()));
        }
        return SyntheticSet.of(scope, run.spec().getMultiFormation(), images);
    }

    private Teachers teachers(Segment segment, List<Pools.Teacher> wanted) {
        return new Teachers(
                networks, sender, wanted, requestedTeachers, segment.request().getExperiment(), limits.patience());
    }

    /** These networks, if they are ready soon: whoever waits for them does not hold up others. */
    private Optional<List<NeuralNetwork>> soon(Segment segment, Teachers teachers) {
        return teachers.await(segment.scope(), SOON, segment.ended(), this::moves, segment.status()::waits);
    }

    /** Publishes the snapshot that is due after so many iterations. */
    private void publish(Segment segment, SyntheticSet set, int done, List<NeuralNetwork> labellers) {
        DistillationRun run = segment.run();
        snapshots.write(
                segment.experiment(),
                run.snapshot(done).orElseThrow(),
                run.classes(manager, set, labellers),
                run.manifest(set, done));
        snapshotCount.increment();
    }

    private int steps(Segment segment, SyntheticSet set, int from, int to, Teachers teachers) {
        DistillationRun run = segment.run();
        BooleanSupplier ended = segment.ended();
        StatusReporter status = segment.status();
        int[] done = {from};
        DistillationRun.PriorStreams streams = (matched, draws, priors) -> new StreamedPriors(
                manager,
                networks,
                answers,
                sender,
                new StreamedPriors.Needs(
                        matched.pool(),
                        matched.schedule(),
                        draws,
                        priors,
                        run.iterations(),
                        segment.request().getExperiment()),
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

    private void done(
            DistillationRequest request, DistillationRun run, int iteration, Optional<Checkpoint> checkpoint) {
        answer(
                request,
                WorkAnswer.newBuilder()
                        .setOutcome(Outcome.DONE)
                        .setIteration(iteration)
                        .setDigest(run.specification())
                        .setCarried(run.carried())
                        .setCheckpoint(checkpoint.orElse(null)));
    }

    private void answer(DistillationRequest request, Outcome outcome, int iteration, Optional<Checkpoint> checkpoint) {
        answer(
                request,
                WorkAnswer.newBuilder()
                        .setOutcome(outcome)
                        .setIteration(iteration)
                        .setCheckpoint(checkpoint.orElse(null)));
    }

    private void answer(DistillationRequest request, WorkAnswer.Builder answer) {
        String experiment = request.getExperiment().getId();
        sender.flush();
        sender.send(
                Topic.DISTILLATION_ANSWERS,
                experiment,
                answer.setId(request.getId()).setExperiment(experiment).build());
        sender.flush();
    }

    @Override
    protected void answerFailure(DistillationRequest request, String reason) {
        answer(request, WorkAnswer.newBuilder().setOutcome(Outcome.FAILED).setError(reason));
    }
}
