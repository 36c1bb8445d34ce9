package dev.romestream.evaluator.plan;

import dev.romestream.experiments.DatasetIds;
import dev.romestream.experiments.StatusReporter;
import dev.romestream.schemas.DesiredState;
import dev.romestream.schemas.EvaluationState;
import dev.romestream.schemas.ExperimentStatus;
import dev.romestream.schemas.Phase;
import java.time.Duration;
import java.util.Optional;
import java.util.function.LongFunction;

/** What is told of an experiment's evaluation. */
record PlanStatus(EvaluationState state, EvaluationProgress progress) {
    static final String SERVICE = "evaluator";
    /** After so long without anything new it is told that one waits. */
    static final Duration STILL = Duration.ofMinutes(1);

    /** When attacks began without a break, and what had been done then. */
    record Pace(long sinceMs, long done) {
        private static final double LEAST_SECONDS = 1;

        /** Outcomes a second; 0 where that is not known yet. */
        double rate(long outcomes, long nowMs) {
            double seconds = (nowMs - sinceMs) / 1000.0;
            return seconds > LEAST_SECONDS ? (outcomes - done) / seconds : 0;
        }
    }

    static PlanStatus of(EvaluationPlanner planner) {
        return new PlanStatus(planner.state(), planner.progress());
    }

    /** That the experiment ended, or waits: told once. */
    Optional<ExperimentStatus> end() {
        if (state.getExperiment() == null) {
            return Optional.empty();
        }
        DesiredState desired = state.getExperiment().getDesiredState();
        if (state.getFailure() != null) {
            return once(Phase.FAILED, "failed", Optional.of(state.getFailure()));
        } else if (progress.isComplete()) {
            Optional<String> failure = progress.failure();
            return failure.isPresent()
                    ? once(Phase.FAILED, "evaluated, but for what failed", failure)
                    : once(Phase.COMPLETED, "evaluated", failure);
        } else if (desired == DesiredState.STOP) {
            return once(Phase.STOPPED, "stopped", Optional.empty());
        } else if (desired == DesiredState.PAUSE) {
            return once(Phase.PAUSED, "paused", Optional.empty());
        } else if (state.getTold() == Phase.COMPLETED || state.getTold() == Phase.FAILED) {
            state.setTold(null);
        }
        return Optional.empty();
    }

    private Optional<ExperimentStatus> once(Phase phase, String activity, Optional<String> error) {
        if (state.getTold() == phase) {
            return Optional.empty();
        }
        state.setTold(phase);
        return Optional.of(StatusReporter.status(state.getExperiment(), SERVICE, phase, activity, error));
    }

    /**
     * How far it is; empty where its end was told.
     *
     * @param pace of these outcomes; asked only where attacks have begun
     * @param movedMs when something new came of it
     */
    Optional<ExperimentStatus> running(LongFunction<Pace> pace, long movedMs, long nowMs) {
        if (state.getExperiment() == null || state.getTold() != null) {
            return Optional.empty();
        }
        ExperimentStatus status;
        if (state.getDataset() == null) {
            status = status(
                    Phase.WAITING,
                    "waiting for the images of "
                            + DatasetIds.of(state.getExperiment().getDataset()));
        } else if (PlannedEvaluations.isStream(state) && !progress.isBusy() && progress.totalOutcomes() > 0) {
            status = status(Phase.WAITING, window() + " is scored; waiting for the next one");
        } else if (PlannedEvaluations.isStream(state)
                && !progress.isBusy()
                && !state.getSnapshots().isEmpty()) {
            status = status(Phase.WAITING, "every set is scored; waiting for the next one");
        } else if (state.getExperiment().getDistillation() == null && !progress.isBusy()) {
            status = status(Phase.WAITING, "every network is scored; waiting for others");
        } else if (progress.totalOutcomes() == 0) {
            status = status(Phase.WAITING, "waiting for a snapshot and its victims");
        } else {
            long still = nowMs - movedMs;
            status = status(
                    Phase.RUNNING,
                    still > STILL.toMillis()
                            ? "waiting for attackers: nothing has come for " + still / 1000 + " s; are any running?"
                            : state.getDataset().getWindow() == null ? "attacking" : "attacking, " + window());
            status.setDone(progress.outcomes());
            status.setTotal(progress.totalOutcomes());
            status.setUnit("images");
            status.setRate(pace.apply(progress.outcomes()).rate(progress.outcomes(), nowMs));
        }
        progress.refusal().or(progress::failure).ifPresent(status::setError);
        return Optional.of(status);
    }

    private String window() {
        return "window " + state.getDataset().getWindow().getNumber()
                + (state.getSkipped() > 0 ? " (" + state.getSkipped() + " skipped)" : "");
    }

    private ExperimentStatus status(Phase phase, String activity) {
        return StatusReporter.status(state.getExperiment(), SERVICE, phase, activity, Optional.empty());
    }
}
