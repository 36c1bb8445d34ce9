package dev.romestream.evaluator;

import dev.romestream.exchange.codec.SuiteCodec;
import dev.romestream.exchange.experiment.AlertRules;
import dev.romestream.exchange.experiment.VictimPlan;
import dev.romestream.exchange.identity.Identity;
import dev.romestream.messaging.streams.Write;
import dev.romestream.schemas.DatasetDescriptor;
import dev.romestream.schemas.DesiredState;
import dev.romestream.schemas.Evaluation;
import dev.romestream.schemas.EvaluationState;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.FigureProgress;
import dev.romestream.schemas.Mode;
import dev.romestream.schemas.NetworkCheck;
import dev.romestream.schemas.NetworkProgress;
import dev.romestream.schemas.NetworkRole;
import dev.romestream.schemas.NetworkSeen;
import dev.romestream.schemas.NetworkVersion;
import dev.romestream.schemas.Outcome;
import dev.romestream.schemas.PlannedEvaluation;
import dev.romestream.schemas.SnapshotProgress;
import dev.romestream.schemas.SnapshotTaken;
import dev.romestream.schemas.Topic;
import dev.romestream.schemas.VictimRequest;
import dev.romestream.schemas.VictimTraining;
import dev.romestream.schemas.WorkAnswer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.avro.specific.SpecificRecord;

/**
 * Which victims and evaluations of an experiment are still missing, and which it has no more: facts change its state, and what is to be
 * written follows from the state. The state is taken over and changed.
 */
final class EvaluationPlanner {
    private final EvaluationState state;
    private final Plans plans;
    private final List<Write> work = new ArrayList<>();

    EvaluationPlanner(EvaluationState state, Plans plans) {
        this.state = state;
        this.plans = plans;
    }

    /** What an unknown experiment begins with. */
    static EvaluationState unknown() {
        return EvaluationState.newBuilder().build();
    }

    EvaluationState state() {
        return state;
    }

    /** What is to be written now. */
    List<Write> work() {
        return work;
    }

    /** The experiment was removed: its evaluations are, too; its figures stay. */
    void removed() {
        plans.all().keySet().forEach(key -> {
            plans.remove(key);
            work.add(new Write(Topic.EVALUATIONS, key, null));
        });
    }

    /** A new record of the experiment. */
    void experiment(Experiment experiment) {
        Experiment before = state.getExperiment();
        boolean another = before != null && !Identity.isSameSpecification(before, experiment);
        boolean run = before == null || experiment.getRun() != before.getRun();
        state.setExperiment(experiment);
        if (another || run) {
            state.setFailure(null);
            networks().forEach(network -> network.setRefusal(null));
        }
        if (another || run || experiment.getDesiredState() != before.getDesiredState()) {
            state.setTold(null);
        }
        if (another && !before.getDataset().equals(experiment.getDataset())) {
            state.setDataset(null);
            // they are to fit another data set
            state.getNetworks().forEach(EvaluationPlanner::lookAgain);
        }
    }

    /** A snapshot of the distillation that the experiment has gives way to no other one's. */
    void snapshot(SnapshotTaken taken) {
        Experiment experiment = state.getExperiment();
        for (SnapshotProgress known : state.getSnapshots()) {
            if (known.getNumber() == taken.getSnapshot()) {
                boolean late = experiment != null
                        && Identity.isOf(known.getManifest(), experiment)
                        && !Identity.isOf(taken.getManifest(), experiment);
                if (!late) {
                    known.setManifest(taken.getManifest());
                }
                return;
            }
        }
        state.getSnapshots().add(new SnapshotProgress(taken.getSnapshot(), taken.getManifest(), new ArrayList<>()));
    }

    /** The images of the experiment's data set are there. */
    void dataset(DatasetDescriptor descriptor) {
        state.setDataset(descriptor);
    }

    /** A network's record: one that a user brings, or a victim's, which may have come from elsewhere. */
    void network(NetworkSeen seen) {
        Optional<NetworkProgress> known = networks().stream()
                .filter(network -> isSame(network.getNetwork(), seen.getNetwork()))
                .findFirst();
        if (known.isEmpty() && seen.getRole() == NetworkRole.MONITORED) {
            state.getNetworks()
                    .add(NetworkProgress.newBuilder()
                            .setNetwork(seen.getNetwork())
                            .setArchitecture(seen.getArchitecture())
                            .setSources(new ArrayList<>(seen.getSources()))
                            .setRevision(seen.getRevision())
                            .build());
        } else if (known.isPresent() && !known.get().getRevision().equals(seen.getRevision())) {
            NetworkProgress network = known.get();
            if (seen.getRole() == NetworkRole.MONITORED) {
                network.setArchitecture(seen.getArchitecture());
                network.setSources(new ArrayList<>(seen.getSources()));
                network.setRevision(seen.getRevision());
                network.setRefusal(null);
                // what is said of the record before says nothing of this one
                network.setOutstanding(null);
            }
            network.setReady(false);
        }
    }

    static boolean isSame(NetworkVersion one, NetworkVersion other) {
        return one.getNetwork().equals(other.getNetwork()) && one.getVersion() == other.getVersion();
    }

    /** Until the network has been checked again, it has no evaluations. */
    private static void lookAgain(NetworkProgress network) {
        network.setReady(false);
        network.setOutstanding(null);
        network.getNetwork().setDigest("");
    }

    void answer(WorkAnswer answer) {
        for (NetworkProgress network : networks()) {
            if (answer.getId().equals(network.getOutstanding())) {
                network.setOutstanding(null);
                if (answer.getOutcome() == Outcome.DONE) {
                    looked(network, answer);
                } else if (answer.getOutcome() == Outcome.FAILED) {
                    refuse(network, Objects.requireNonNullElse(answer.getError(), "it is not said why"));
                }
            }
        }
    }

    /** Of a record that was replaced meanwhile, what was seen of it is of no use. */
    private void looked(NetworkProgress network, WorkAnswer answer) {
        boolean brought = state.getNetworks().contains(network);
        if (!brought || network.getRevision().equals(answer.getRevision())) {
            network.setRevision(answer.getRevision());
            network.getNetwork().setDigest(answer.getDigest());
            network.setFlags(new ArrayList<>(answer.getFlags()));
            network.setReady(true);
        }
    }

    private void refuse(NetworkProgress network, String reason) {
        boolean brought = state.getNetworks().contains(network);
        network.setRefusal(reason);
        network.getNetwork().setDigest("");
        if (!brought) {
            state.setFailure(reason);
        }
    }

    /** What comes of another plan than the evaluation has counts nothing. */
    boolean figure(FigureProgress figure) {
        Optional<PlannedEvaluation> known =
                plans.find(figure.getEvaluation()).filter(own -> own.getPlan().equals(figure.getPlan()));
        known.ifPresent(before -> {
            PlannedEvaluation after = PlannedEvaluation.newBuilder(before)
                    .setOutcomes(new ArrayList<>(before.getOutcomes()))
                    .setComplete(new ArrayList<>(before.getComplete()))
                    .build();
            int mode = figure.getMode() == Mode.UNTARGETED ? 0 : 1;
            after.getOutcomes().set(mode, figure.getOutcomes());
            after.getComplete().set(mode, figure.getComplete());
            after.setFailures(new TreeMap<>(before.getFailures()));
            if (figure.getFailure() == null) {
                after.getFailures().remove(figure.getMode().name());
            } else {
                after.getFailures().put(figure.getMode().name(), figure.getFailure());
            }
            plans.put(figure.getEvaluation(), after);
        });
        return known.isPresent();
    }

    private static boolean isEnded(PlannedEvaluation evaluation) {
        return evaluation.getComplete().stream().allMatch(complete -> complete);
    }

    private boolean hasDistillation() {
        return state.getExperiment() != null && state.getExperiment().getDistillation() != null;
    }

    private List<NetworkProgress> networks() {
        List<NetworkProgress> all = new ArrayList<>(state.getNetworks());
        state.getSnapshots().forEach(snapshot -> all.addAll(snapshot.getVictims()));
        return all;
    }

    /** Whether the experiment is to run and can. */
    boolean isActive() {
        return state.getExperiment() != null
                && state.getExperiment().getDesiredState() == DesiredState.RUN
                && state.getFailure() == null;
    }

    /** Requests what is missing, and withdraws what the experiment has no more. */
    void plan() {
        if (state.getExperiment() == null) {
            return;
        }
        try {
            AlertRules.of(
                    state.getExperiment(),
                    SuiteCodec.decode(state.getExperiment().getEvaluation()));
            if (state.getDataset() != null) {
                if (hasDistillation()) {
                    snapshots().forEach(this::plan);
                } else {
                    state.getNetworks().forEach(network -> request(network, request(check(network))));
                }
            }
            reconcile(state.getDataset() == null ? Map.of() : PlannedEvaluations.of(state, isActive()));
        } catch (IllegalArgumentException e) {
            state.setFailure(e.getMessage());
        }
    }

    /** Those of the distillation that the experiment has. */
    private Stream<SnapshotProgress> snapshots() {
        return state.getSnapshots().stream()
                .filter(snapshot -> Identity.isOf(snapshot.getManifest(), state.getExperiment()));
    }

    /** Writes what is new or changed, and tombstones for what is not to be any more. */
    private void reconcile(Map<String, Evaluation> wanted) {
        plans.all().keySet().stream().filter(key -> !wanted.containsKey(key)).forEach(key -> {
            plans.remove(key);
            work.add(new Write(Topic.EVALUATIONS, key, null, true));
        });
        wanted.values().forEach(evaluation -> {
            Optional<PlannedEvaluation> known = plans.find(evaluation.getKey());
            if (known.filter(own -> own.getPlan().equals(evaluation.getPlan())).isEmpty()) {
                if (known.isPresent() || evaluation.getActive()) {
                    write(evaluation, planned(evaluation).build());
                }
            } else if (isToldAgain(known.get(), evaluation)) {
                boolean again = known.get().getRun() != evaluation.getRun();
                write(
                        evaluation,
                        again && !known.get().getFailures().isEmpty()
                                ? planned(evaluation)
                                        .setOutcomes(known.get().getOutcomes())
                                        .build()
                                : PlannedEvaluation.newBuilder(known.get())
                                        .setRun(evaluation.getRun())
                                        .setActive(evaluation.getActive())
                                        .build());
            }
        });
    }

    private static boolean isToldAgain(PlannedEvaluation known, Evaluation evaluation) {
        boolean again = known.getRun() != evaluation.getRun();
        return isEnded(known)
                ? again && !known.getFailures().isEmpty()
                : again || known.getActive() != evaluation.getActive();
    }

    private static PlannedEvaluation.Builder planned(Evaluation evaluation) {
        return PlannedEvaluation.newBuilder()
                .setPlan(evaluation.getPlan())
                .setRun(evaluation.getRun())
                .setActive(evaluation.getActive())
                .setOutcomes(new ArrayList<>(List.of(0L, 0L)))
                .setComplete(new ArrayList<>(List.of(false, false)))
                .setTotal(EvaluationPlan.outcomes(evaluation));
    }

    private void write(Evaluation evaluation, PlannedEvaluation planned) {
        plans.put(evaluation.getKey(), planned);
        work.add(new Write(Topic.EVALUATIONS, evaluation.getKey(), evaluation));
    }

    /** Requests the victims of a snapshot: another one in place of each that something else determines now. */
    private void plan(SnapshotProgress snapshot) {
        List<VictimPlan> wanted = VictimPlan.of(state.getExperiment());
        List<NetworkProgress> victims = new ArrayList<>();
        for (VictimPlan plan : wanted) {
            VictimRequest request =
                    request(new VictimTraining(snapshot.getNumber(), snapshot.getManifest(), plan.number()));
            NetworkProgress victim = snapshot.getVictims().stream()
                    .filter(known -> known.getOrigin().equals(request.getId()))
                    .findFirst()
                    .orElseGet(() -> NetworkProgress.newBuilder()
                            .setNetwork(new NetworkVersion(id(snapshot, plan.number()), 0, ""))
                            .setArchitecture(plan.description())
                            .setOrigin(request.getId())
                            .build());
            victims.add(victim);
            request(victim, request);
        }
        snapshot.setVictims(victims);
    }

    private String id(SnapshotProgress snapshot, int victim) {
        return VictimPlan.id(state.getExperiment(), snapshot.getNumber(), victim);
    }

    private static NetworkCheck check(NetworkProgress network) {
        return new NetworkCheck(
                NetworkVersion.newBuilder(network.getNetwork()).setDigest("").build());
    }

    private VictimRequest request(SpecificRecord task) {
        VictimRequest request = VictimRequest.newBuilder()
                .setId("")
                .setExperiment(state.getExperiment())
                .setTask(task)
                .setSequence(state.getRequests())
                .build();
        request.setId(Identity.victim(request, state.getDataset().getFingerprint()));
        return request;
    }

    private void request(NetworkProgress network, VictimRequest request) {
        if (!isActive() || network.getReady() || network.getOutstanding() != null || network.getRefusal() != null) {
            return;
        }
        request.setSequence(state.getRequests());
        state.setRequests(state.getRequests() + 1);
        network.setOutstanding(VictimPlan.answerId(request));
        work.add(new Write(Topic.VICTIM_REQUESTS, request.getId(), request));
    }

    /** Whether every figure that is to be is complete. */
    boolean isComplete() {
        Map<String, PlannedEvaluation> planned = plans.all();
        return hasDistillation()
                && state.getDataset() != null
                && snapshots().anyMatch(snapshot -> snapshot.getManifest().getFinal$())
                && snapshots().allMatch(EvaluationPlanner::isComplete)
                && planned.values().stream().allMatch(EvaluationPlanner::isEnded)
                && planned.keySet()
                        .containsAll(PlannedEvaluations.of(state, false).keySet());
    }

    private static boolean isComplete(SnapshotProgress snapshot) {
        return !snapshot.getVictims().isEmpty()
                && snapshot.getVictims().stream().allMatch(NetworkProgress::getReady);
    }

    /** The evaluation that failed, and why; empty where none has. */
    Optional<String> failure() {
        return plans.all().entrySet().stream()
                .flatMap(plan -> plan.getValue().getFailures().values().stream()
                        .map(reason -> "An attack failed: " + reason + " (" + plan.getKey() + ")"))
                .findFirst();
    }

    /** Outcomes so far, over all figures. */
    long outcomes() {
        return plans.all().values().stream()
                .mapToLong(plan -> isEnded(plan)
                        ? plan.getTotal()
                        : plan.getOutcomes().stream().mapToLong(Long::longValue).sum())
                .sum();
    }

    /** Outcomes in all, as far as is known yet. */
    long totalOutcomes() {
        return plans.all().values().stream()
                .mapToLong(PlannedEvaluation::getTotal)
                .sum();
    }

    /** Why a network that a user brought is not scored, if one is not. */
    Optional<String> refusal() {
        return state.getNetworks().stream()
                .filter(network -> network.getRefusal() != null)
                .map(network -> network.getNetwork().getNetwork() + " version "
                        + network.getNetwork().getVersion() + ": " + network.getRefusal())
                .reduce((first, second) -> second);
    }

    /** Whether it runs, and figures are to come. */
    boolean isWaiting() {
        return isActive() && plans.all().values().stream().anyMatch(plan -> !isEnded(plan));
    }

    /** Whether some network is neither scored nor refused. */
    boolean isBusy() {
        return plans.all().values().stream().anyMatch(plan -> !isEnded(plan))
                || networks().stream().anyMatch(network -> !network.getReady() && network.getRefusal() == null);
    }
}
