package dev.romestream.evaluator.plan;

import dev.romestream.exchange.identity.Identity;
import dev.romestream.schemas.EvaluationState;
import dev.romestream.schemas.NetworkProgress;
import dev.romestream.schemas.PlannedEvaluation;
import dev.romestream.schemas.SnapshotProgress;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** How far the evaluation of an experiment is, by a planner's state. */
record EvaluationProgress(EvaluationState state, Map<String, PlannedEvaluation> plans) {
    static boolean isEnded(PlannedEvaluation evaluation) {
        return evaluation.getComplete().stream().allMatch(complete -> complete);
    }

    /** Those of the distillation that the experiment has. */
    static Stream<SnapshotProgress> snapshots(EvaluationState state) {
        return state.getSnapshots().stream()
                .filter(snapshot -> Identity.isOf(snapshot.getManifest(), state.getExperiment()));
    }

    /** Whether every figure that is to be is complete. */
    boolean isComplete() {
        return state.getFailure() == null
                && state.getExperiment() != null
                && state.getExperiment().getDistillation() != null
                && !PlannedEvaluations.isStream(state)
                && state.getDataset() != null
                && snapshots(state).anyMatch(snapshot -> snapshot.getManifest().getFinal$())
                && snapshots(state).allMatch(EvaluationProgress::isComplete)
                && areEnded()
                && plans.keySet()
                        .containsAll(PlannedEvaluations.of(state, false).keySet());
    }

    private static boolean isComplete(SnapshotProgress snapshot) {
        return !snapshot.getVictims().isEmpty()
                && snapshot.getVictims().stream().allMatch(NetworkProgress::getReady);
    }

    private boolean areEnded() {
        return plans.values().stream().allMatch(EvaluationProgress::isEnded);
    }

    /** The evaluation that failed, and why; empty where none has. */
    Optional<String> failure() {
        return plans.entrySet().stream()
                .flatMap(plan -> plan.getValue().getFailures().values().stream()
                        .map(reason -> "An attack failed: " + reason + " (" + plan.getKey() + ")"))
                .findFirst();
    }

    /** Outcomes so far, over all figures. */
    long outcomes() {
        return plans.values().stream()
                .mapToLong(plan -> isEnded(plan)
                        ? plan.getTotal()
                        : plan.getOutcomes().stream().mapToLong(Long::longValue).sum())
                .sum();
    }

    /** Outcomes in all, as far as is known yet. */
    long totalOutcomes() {
        return plans.values().stream().mapToLong(PlannedEvaluation::getTotal).sum();
    }

    /** Why a network that a user brought is not scored, if one is not. */
    Optional<String> refusal() {
        return state.getNetworks().stream()
                .filter(network -> network.getRefusal() != null)
                .map(network -> network.getNetwork().getNetwork() + " version "
                        + network.getNetwork().getVersion() + ": " + network.getRefusal())
                .reduce((first, second) -> second);
    }

    /** Whether figures are to come. */
    boolean isPending() {
        return !areEnded();
    }

    /** Whether some network is neither scored nor refused. */
    boolean isBusy() {
        List<NetworkProgress> networks = PlannedNetworks.all(state);
        return isPending()
                || networks.stream().anyMatch(network -> !network.getReady() && network.getRefusal() == null);
    }
}
