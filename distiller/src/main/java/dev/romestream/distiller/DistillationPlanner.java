package dev.romestream.distiller;

import dev.romestream.exchange.experiment.DistillationDefaults;
import dev.romestream.exchange.identity.Digest;
import dev.romestream.exchange.identity.Identity;
import dev.romestream.experiments.DatasetIds;
import dev.romestream.experiments.WindowSettings;
import dev.romestream.schemas.AlertAction;
import dev.romestream.schemas.Checkpoint;
import dev.romestream.schemas.DesiredState;
import dev.romestream.schemas.DistillationRequest;
import dev.romestream.schemas.DistillationStage;
import dev.romestream.schemas.DistillationState;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.Phase;
import dev.romestream.schemas.WorkAnswer;
import java.util.List;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Optional;

/** Which distillation is still missing: a pure function of an experiment's newest record and what was answered so far. */
final class DistillationPlanner {
    private DistillationPlanner() {}

    /**
     * A status to be reported of an experiment.
     *
     * @param activity in words
     * @param error why it failed, if it did
     */
    record Notice(Phase phase, String activity, Optional<String> error) {}

    /** A state, and what is to be requested and reported now. */
    record Step(DistillationState state, Optional<DistillationRequest> request, Optional<Notice> notice) {}

    /** A new record of an experiment. */
    static DistillationState changed(Optional<DistillationState> before, Experiment experiment) {
        if (before.isEmpty() || !Identity.isSameDistillation(before.get().getExperiment(), experiment)) {
            return DistillationState.newBuilder()
                    .setExperiment(experiment)
                    .setRequests(before.map(DistillationState::getRequests).orElse(0))
                    .build();
        }
        DistillationState.Builder state =
                DistillationState.newBuilder(before.get()).setExperiment(experiment);
        boolean another = experiment.getRun() != before.get().getExperiment().getRun()
                || experiment.getDesiredState() != before.get().getExperiment().getDesiredState();
        if (experiment.getRun() != before.get().getExperiment().getRun()) {
            state.setFailure(null);
        }
        return another ? state.setTold(null).build() : state.build();
    }

    /** The checkpoint that an answer brings; of one to an earlier request, none: a distillation never goes back. */
    static Optional<Checkpoint> checkpoint(DistillationState before, WorkAnswer answer) {
        return answer.getId().equals(before.getOutstanding())
                ? Optional.ofNullable(answer.getCheckpoint())
                : Optional.empty();
    }

    /** An answer to a request; one to an earlier request changes nothing. */
    static DistillationState answered(DistillationState before, WorkAnswer answer) {
        if (!answer.getId().equals(before.getOutstanding())) {
            return before;
        }
        DistillationState.Builder state =
                DistillationState.newBuilder(before).setOutstanding(null).setTold(null);
        switch (answer.getOutcome()) {
            case DONE -> {
                int iterations =
                        DistillationDefaults.iterations(before.getExperiment().getDistillation());
                boolean completed = answer.getIteration() >= iterations;
                state.setIteration(answer.getIteration()).setCompleted(completed);
                if (completed && before.getStage() != null) {
                    state.setPredecessor(before.getStage().getWindow())
                            .setOrigin(answer.getDigest())
                            .setCarried(answer.getCarried());
                }
            }
            case INTERRUPTED -> state.setIteration(answer.getIteration());
            case FAILED -> state.setFailure(Objects.requireNonNullElse(answer.getError(), "it is not said why"));
        }
        return state.build();
    }

    /**
     * The state on a stream: at the next window, where this one's set is distilled, or the window is gone.
     *
     * @param windows that are there, each as the stage that it would be
     */
    static DistillationState staged(DistillationState state, NavigableMap<Integer, DistillationStage> windows) {
        DistillationStage stage = state.getStage();
        boolean gone = stage != null && !state.getCompleted() && !windows.containsKey(stage.getWindow());
        if (stage != null && !state.getCompleted() && !gone) {
            return state;
        }
        DistillationState.Builder after = DistillationState.newBuilder(state);
        if (gone) {
            after.setCompleted(true)
                    .setFailure(null)
                    .setOutstanding(null)
                    .setTold(null)
                    .setSkipped(state.getSkipped() + 1);
        }
        NavigableMap<Integer, DistillationStage> later = windows.tailMap(stage == null ? -1 : stage.getWindow(), false);
        boolean byAlert = awaitsAlert(state);
        AlertAction asked = state.getAsked();
        var next = byAlert
                ? asked == null ? null : later.ceilingEntry(asked.getWindow())
                : WindowSettings.waits(state.getExperiment()) ? later.firstEntry() : later.lastEntry();
        if (next != null) {
            boolean fresh = state.getExperiment().getDistillation().getFresh()
                    || DistillationDefaults.iterations(state.getExperiment().getDistillation()) == 0;
            after.setStage(DistillationStage.newBuilder(next.getValue())
                            .setPredecessor(fresh ? null : state.getPredecessor())
                            .setOrigin(fresh ? "" : state.getOrigin())
                            .setCarried(fresh ? List.of() : state.getCarried())
                            .setCause(byAlert ? cause(asked) : "")
                            .build())
                    .setAsked(null)
                    .setIteration(0)
                    .setCompleted(false)
                    .setTold(null);
        }
        return after.build();
    }

    /** Until there is a first set, the windows ask for it. */
    private static boolean awaitsAlert(DistillationState state) {
        return state.getPredecessor() != null && WindowSettings.isStartedByAlerts(state.getExperiment());
    }

    private static String cause(AlertAction asked) {
        return "alert " + asked.getRule() + " on " + asked.getNetwork() + ", window " + asked.getWindow();
    }

    /**
     * Whether an alert's action is for this distillation, and to be followed: it runs and does nothing else, and the last one is long
     * enough ago in record time.
     */
    static boolean isAsked(DistillationState state, AlertAction action) {
        Experiment experiment = state.getExperiment();
        boolean isMeant = action.getDistil().equals(experiment.getId())
                || action.getDistil().equals(experiment.getName());
        if (!isMeant
                || !WindowSettings.isStartedByAlerts(experiment)
                || experiment.getDesiredState() != DesiredState.RUN
                || state.getAsked() != null
                || !state.getCompleted()) {
            return false;
        }
        Long before = state.getAskedAt();
        long cooldown = WindowSettings.cooldown(experiment.getDistillation()).toMillis();
        return before == null || (action.getTime() > before && action.getTime() - before >= cooldown);
    }

    /** The state after an action that is to be followed. */
    static DistillationState asked(DistillationState state, AlertAction action) {
        return DistillationState.newBuilder(state)
                .setAsked(action)
                .setAskedAt(action.getTime())
                .setTold(null)
                .build();
    }

    /**
     * What is to be done now.
     *
     * @param hasImages whether the images of the experiment's data set are there
     */
    static Step plan(DistillationState state, boolean hasImages) {
        Notice notice = notice(state, hasImages);
        boolean runs = notice == null || notice.phase() == Phase.RUNNING;
        Optional<DistillationRequest> request =
                runs && state.getOutstanding() == null ? Optional.of(request(state)) : Optional.empty();
        DistillationState.Builder after = DistillationState.newBuilder(state);
        request.ifPresent(made -> after.setOutstanding(made.getId()).setRequests(made.getSequence() + 1));
        Optional<Notice> fresh = Optional.ofNullable(notice).filter(next -> next.phase() != state.getTold());
        fresh.ifPresent(next -> after.setTold(next.phase()));
        return new Step(after.build(), request, fresh);
    }

    /** What there is to tell while nobody distils it; null where somebody does, and tells it. */
    private static Notice notice(DistillationState state, boolean hasImages) {
        Experiment experiment = state.getExperiment();
        if (state.getFailure() != null) {
            return new Notice(Phase.FAILED, "failed", Optional.of(state.getFailure()));
        }
        boolean stream = experiment.getDataset().getWindow() != null;
        if (state.getCompleted() && !stream) {
            return new Notice(Phase.COMPLETED, "distilled", Optional.empty());
        }
        if (DistillationDefaults.isBrought(experiment.getDistillation().getMethod())) {
            return new Notice(Phase.COMPLETED, "the set is given", Optional.empty());
        }
        return switch (experiment.getDesiredState()) {
            case STOP -> new Notice(Phase.STOPPED, "stopped", Optional.empty());
            case PAUSE -> new Notice(Phase.PAUSED, "paused", Optional.empty());
            case RUN ->
                stream && state.getCompleted()
                        ? new Notice(Phase.WAITING, waiting(state), Optional.empty())
                        : hasImages
                                ? null
                                : new Notice(
                                        Phase.WAITING,
                                        "waiting for the images of " + DatasetIds.of(experiment.getDataset()),
                                        Optional.empty());
        };
    }

    private static String waiting(DistillationState state) {
        int window = state.getStage().getWindow();
        return "window " + window
                + (Integer.valueOf(window).equals(state.getPredecessor()) ? " is distilled" : " is gone")
                + (state.getSkipped() > 0 ? " (" + state.getSkipped() + " skipped)" : "")
                + (awaitsAlert(state) ? "; waiting for an alert" : "; waiting for the next one");
    }

    private static DistillationRequest request(DistillationState state) {
        DistillationRequest request = DistillationRequest.newBuilder()
                .setId("")
                .setExperiment(state.getExperiment())
                .setFrom(state.getIteration())
                .setSequence(state.getRequests())
                .setStage(state.getStage())
                .build();
        request.setId(new Digest().add(request).hex());
        return request;
    }
}
