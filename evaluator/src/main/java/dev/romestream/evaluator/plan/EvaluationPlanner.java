package dev.romestream.evaluator.plan;

import dev.romestream.exchange.codec.AttackCodec;
import dev.romestream.exchange.codec.SuiteCodec;
import dev.romestream.exchange.experiment.AlertRules;
import dev.romestream.exchange.identity.Identity;
import dev.romestream.experiments.WindowSettings;
import dev.romestream.messaging.streams.Write;
import dev.romestream.robustness.tensor.Precision;
import dev.romestream.schemas.DatasetDescriptor;
import dev.romestream.schemas.DesiredState;
import dev.romestream.schemas.Evaluation;
import dev.romestream.schemas.EvaluationState;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.FigureProgress;
import dev.romestream.schemas.Mode;
import dev.romestream.schemas.NetworkSeen;
import dev.romestream.schemas.PlannedEvaluation;
import dev.romestream.schemas.SnapshotProgress;
import dev.romestream.schemas.SnapshotTaken;
import dev.romestream.schemas.Topic;
import dev.romestream.schemas.WorkAnswer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Which victims and evaluations of an experiment are still missing, and which it has no more: facts change its state, and what is to be
 * written follows from the state. The state is taken over and changed.
 */
final class EvaluationPlanner {
    private final EvaluationState state;
    private final Plans plans;
    private final Precision fastest;
    private final List<Write> work = new ArrayList<>();
    /** Whether what was planned before counts no more. */
    private boolean anew;

    /** @param fastest the precision of attacks that leave it open, in plans that are made from now on */
    EvaluationPlanner(EvaluationState state, Plans plans, Precision fastest) {
        this.fastest = fastest;
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

    /** Whether nothing is known that an experiment of this id could be evaluated by. */
    boolean isEmpty() {
        return state.getExperiment() == null
                && state.getSnapshots().isEmpty()
                && state.getNetworks().isEmpty();
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
        anew |= another;
        if (another) {
            state.setPrecision(null);
        }
        if (another || run) {
            state.setFailure(null);
            networks().retry();
        }
        if (another || run || experiment.getDesiredState() != before.getDesiredState()) {
            state.setTold(null);
        }
        if (another && !before.getDataset().equals(experiment.getDataset())) {
            state.setDataset(null);
            state.setNext(null);
            state.setWindows(new ArrayList<>());
            // they are to fit another data set
            networks().lookAgain();
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
        if (experiment != null && PlannedEvaluations.isStream(state)) {
            int oldest = taken.getSnapshot() - history();
            state.setSnapshots(new ArrayList<>(state.getSnapshots().stream()
                    .filter(known -> known.getNumber() > oldest)
                    .toList()));
        }
    }

    private int history() {
        return state.getExperiment().getDataset().getWindow().getHistory();
    }

    /** The images of the experiment's data set are there; of a stream, those of a window. */
    void dataset(DatasetDescriptor descriptor) {
        windows().add(descriptor);
    }

    /** A data set is no longer there: what is not scored on it will not be. */
    void retired(String dataset) {
        windows().retired(dataset);
    }

    private StreamWindows windows() {
        return new StreamWindows(state, () -> progress().isPending());
    }

    /** A network's record: one that a user brings, or a victim's. */
    void network(NetworkSeen seen) {
        networks().seen(seen);
    }

    void answer(WorkAnswer answer) {
        networks().answered(answer);
    }

    private PlannedNetworks networks() {
        return new PlannedNetworks(state);
    }

    /** Of a stream, that of the present window. */
    EvaluationProgress progress() {
        Map<String, PlannedEvaluation> present = new TreeMap<>(plans.all());
        present.values().removeIf(plan -> plan.getWindow() != null && windows().isPast(plan.getWindow()));
        return new EvaluationProgress(state, present);
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

    /** Goes on to the next window of a stream, where one waits and this one is scored; whether there is something to plan now. */
    boolean isTurned() {
        return windows().isTurned();
    }

    /** Whether the experiment is to run and can. */
    boolean isActive() {
        return state.getExperiment() != null
                && state.getExperiment().getDesiredState() == DesiredState.RUN
                && state.getFailure() == null;
    }

    /** Whether it runs, and figures are to come. */
    boolean isWaiting() {
        return isActive() && progress().isPending();
    }

    /** Requests what is missing, and withdraws what the experiment has no more. */
    void plan() {
        if (state.getExperiment() == null) {
            return;
        }
        try {
            if (state.getPrecision() == null) {
                state.setPrecision(AttackCodec.encode(fastest));
            }
            WindowSettings.check(state.getExperiment());
            AlertRules.of(
                    state.getExperiment(),
                    SuiteCodec.decode(state.getExperiment().getEvaluation()));
            if (state.getDataset() != null) {
                PlannedEvaluations.check(state);
                work.addAll(networks().missing(isActive()));
            }
            reconcile(
                    state.getDataset() == null
                            ? Map.of()
                            : PlannedEvaluations.of(
                                    state, isActive(), key -> plans.find(key).isPresent()));
        } catch (IllegalArgumentException e) {
            state.setFailure(e.getMessage());
        }
    }

    /** Writes what is new or changed, and tombstones for what is not to be any more. */
    private void reconcile(Map<String, Evaluation> wanted) {
        Map<String, PlannedEvaluation> all = plans.all();
        int newest = all.values().stream()
                .mapToInt(plan -> plan.getWindow() == null ? -1 : plan.getWindow())
                .reduce(StreamWindows.number(state.getDataset()), Math::max);
        all.forEach((key, plan) -> {
            if (!wanted.containsKey(key) && !isHistory(plan, newest)) {
                plans.remove(key);
                work.add(new Write(Topic.EVALUATIONS, key, null, true));
            }
        });
        wanted.values().forEach(evaluation -> {
            Optional<PlannedEvaluation> known = plans.find(evaluation.getKey());
            if (known.filter(own -> own.getPlan().equals(evaluation.getPlan())).isEmpty()) {
                if (known.isPresent() || evaluation.getActive()) {
                    write(evaluation, Plans.begun(evaluation).build());
                }
            } else if (isToldAgain(known.get(), evaluation)) {
                boolean again = known.get().getRun() != evaluation.getRun();
                write(
                        evaluation,
                        again && !known.get().getFailures().isEmpty()
                                ? Plans.begun(evaluation)
                                        .setOutcomes(known.get().getOutcomes())
                                        .build()
                                : PlannedEvaluation.newBuilder(known.get())
                                        .setRun(evaluation.getRun())
                                        .setActive(evaluation.getActive())
                                        .build());
            }
        });
    }

    /** Of a window before the present one that was scored, the metrics stay for a while. */
    private boolean isHistory(PlannedEvaluation plan, int newest) {
        return !anew
                && plan.getWindow() != null
                && windows().isPast(plan.getWindow())
                && EvaluationProgress.isEnded(plan)
                && plan.getWindow() > newest - history();
    }

    private static boolean isToldAgain(PlannedEvaluation known, Evaluation evaluation) {
        boolean again = known.getRun() != evaluation.getRun();
        return EvaluationProgress.isEnded(known)
                ? again && !known.getFailures().isEmpty()
                : again || known.getActive() != evaluation.getActive();
    }

    private void write(Evaluation evaluation, PlannedEvaluation planned) {
        plans.put(evaluation.getKey(), planned);
        work.add(new Write(Topic.EVALUATIONS, evaluation.getKey(), evaluation));
    }
}
