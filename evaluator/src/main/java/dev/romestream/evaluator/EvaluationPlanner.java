package dev.romestream.evaluator;

import dev.romestream.exchange.codec.AttackCodec;
import dev.romestream.exchange.codec.Digest;
import dev.romestream.exchange.codec.NetworkCodec;
import dev.romestream.exchange.codec.SuiteCodec;
import dev.romestream.exchange.experiment.AlertRules;
import dev.romestream.exchange.experiment.VictimPlan;
import dev.romestream.robustness.attack.Suite;
import dev.romestream.robustness.attack.SuiteAttack;
import dev.romestream.robustness.metric.StratifiedSubset;
import dev.romestream.robustness.tensor.Seed;
import dev.romestream.schemas.DatasetDescriptor;
import dev.romestream.schemas.DesiredState;
import dev.romestream.schemas.Evaluation;
import dev.romestream.schemas.EvaluationSpec;
import dev.romestream.schemas.EvaluationState;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.FigureProgress;
import dev.romestream.schemas.Mode;
import dev.romestream.schemas.Network;
import dev.romestream.schemas.NetworkCheck;
import dev.romestream.schemas.NetworkProgress;
import dev.romestream.schemas.NetworkVersion;
import dev.romestream.schemas.OpenEvaluation;
import dev.romestream.schemas.Outcome;
import dev.romestream.schemas.SnapshotProgress;
import dev.romestream.schemas.SnapshotTaken;
import dev.romestream.schemas.Topic;
import dev.romestream.schemas.VictimRequest;
import dev.romestream.schemas.VictimTraining;
import dev.romestream.schemas.WorkAnswer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.apache.avro.specific.SpecificRecord;

/**
 * Which victims and evaluations of an experiment are still missing: facts change its state, and what is missing follows from the
 * state. The state is taken over and changed.
 */
final class EvaluationPlanner {
    private static final int ANSWER_BYTES = 4 * 1024 * 1024;

    private final EvaluationState state;
    private final List<Work> work = new ArrayList<>();

    /**
     * A record that is to be written.
     *
     * @param record null for a tombstone
     */
    record Work(Topic topic, String key, SpecificRecord record) {}

    EvaluationPlanner(EvaluationState state) {
        this.state = state;
    }

    /** What an unknown experiment begins with. */
    static EvaluationState unknown() {
        return EvaluationState.newBuilder().build();
    }

    EvaluationState state() {
        return state;
    }

    /** What is to be written now. */
    List<Work> work() {
        return work;
    }

    /** The experiment was removed: its evaluations are, too. */
    void removed() {
        List<String> keys = new ArrayList<>(state.getOpen().keySet());
        keys.addAll(state.getClosed());
        keys.forEach(key -> work.add(new Work(Topic.EVALUATIONS, key, null)));
    }

    /** A new record of the experiment. */
    void experiment(Experiment experiment) {
        Experiment before = state.getExperiment();
        boolean another = before != null && !isSameWork(before, experiment);
        boolean again = before == null
                || experiment.getRun() != before.getRun()
                || experiment.getDesiredState() != before.getDesiredState();
        state.setExperiment(experiment);
        if (another) {
            state.getSnapshots().clear();
            state.getNetworks().forEach(network -> network.setReady(false));
            state.getOpen().clear();
            state.getClosed().clear();
            state.setClosedOutcomes(0L);
        }
        if (again || another) {
            state.setTold(null);
        }
        if (another || (before != null && experiment.getRun() != before.getRun())) {
            state.setFailure(null);
            networks().forEach(network -> network.setRefusal(null));
        }
        if (again && before != null) {
            restart();
        }
    }

    private static boolean isSameWork(Experiment before, Experiment now) {
        return Objects.equals(before.getDistillation(), now.getDistillation())
                && before.getEvaluation().equals(now.getEvaluation())
                && before.getSeed() == now.getSeed()
                && before.getDataset().equals(now.getDataset());
    }

    /** Evaluations that are not complete go on or stop, as the experiment does. */
    private void restart() {
        if (state.getDataset() == null) {
            return;
        }
        evaluations().stream()
                .filter(evaluation -> state.getOpen().containsKey(evaluation.getKey()))
                .forEach(this::write);
    }

    void snapshot(SnapshotTaken taken) {
        for (SnapshotProgress known : state.getSnapshots()) {
            if (known.getNumber() == taken.getSnapshot()) {
                if (!known.getManifest().equals(taken.getManifest())) {
                    known.setManifest(taken.getManifest());
                    known.getVictims().clear();
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

    /** A network that a user brings. */
    void network(Network network) {
        NetworkVersion version = new NetworkVersion(network.getId(), network.getVersion());
        state.getNetworks()
                .removeIf(known ->
                        known.getNetwork().equals(version) && !known.getOrigin().equals(network.getFingerprint()));
        if (state.getNetworks().stream().noneMatch(known -> known.getNetwork().equals(version))) {
            state.getNetworks()
                    .add(NetworkProgress.newBuilder()
                            .setNetwork(version)
                            .setArchitecture(NetworkCodec.architecture(network))
                            .setSources(new ArrayList<>(network.getSources()))
                            .setOrigin(network.getFingerprint())
                            .build());
        }
    }

    void answer(WorkAnswer answer) {
        for (NetworkProgress network : networks()) {
            if (answer.getId().equals(network.getOutstanding())) {
                network.setOutstanding(null);
                if (answer.getOutcome() == Outcome.DONE) {
                    network.setReady(true);
                    network.setFlags(new ArrayList<>(answer.getFlags()));
                } else if (answer.getOutcome() == Outcome.FAILED) {
                    refuse(network, Objects.requireNonNullElse(answer.getError(), "it is not said why"));
                }
            }
        }
    }

    private void refuse(NetworkProgress network, String reason) {
        boolean brought = state.getNetworks().contains(network);
        network.setRefusal(reason);
        if (!brought) {
            state.setFailure(reason);
        }
    }

    void figure(FigureProgress figure) {
        OpenEvaluation open = state.getOpen().get(figure.getEvaluation());
        if (open == null) {
            return;
        }
        int mode = figure.getMode() == Mode.UNTARGETED ? 0 : 1;
        open.getOutcomes().set(mode, figure.getOutcomes());
        open.getComplete().set(mode, figure.getComplete());
        if (figure.getFailure() != null && !figure.getComplete() && state.getFailure() == null && hasDistillation()) {
            state.setFailure("An attack failed: " + figure.getFailure());
        }
        if (open.getComplete().stream().allMatch(complete -> complete)) {
            state.getOpen().remove(figure.getEvaluation());
            state.getClosed().add(figure.getEvaluation());
            state.setClosedOutcomes(state.getClosedOutcomes() + open.getTotal());
        }
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
                && state.getExperiment().getDesiredState() != DesiredState.STOP
                && state.getFailure() == null;
    }

    /** Requests what is missing. */
    void plan() {
        if (!isActive() || state.getDataset() == null) {
            return;
        }
        try {
            AlertRules.of(
                    state.getExperiment(),
                    SuiteCodec.decode(state.getExperiment().getEvaluation()));
            if (hasDistillation()) {
                state.getSnapshots().forEach(this::plan);
            } else {
                state.getNetworks().forEach(this::check);
            }
            evaluations().stream()
                    .filter(evaluation -> !state.getOpen().containsKey(evaluation.getKey())
                            && !state.getClosed().contains(evaluation.getKey()))
                    .forEach(evaluation -> {
                        state.getOpen().put(evaluation.getKey(), open(evaluation));
                        write(evaluation);
                    });
        } catch (IllegalArgumentException e) {
            state.setFailure(e.getMessage());
        }
    }

    private static OpenEvaluation open(Evaluation evaluation) {
        return new OpenEvaluation(
                new ArrayList<>(List.of(0L, 0L)),
                new ArrayList<>(List.of(false, false)),
                EvaluationPlan.outcomes(evaluation));
    }

    private void write(Evaluation evaluation) {
        work.add(new Work(Topic.EVALUATIONS, evaluation.getKey(), evaluation));
    }

    /** Requests the victims of a snapshot. */
    private void plan(SnapshotProgress snapshot) {
        List<VictimPlan> plans = VictimPlan.of(state.getExperiment());
        for (VictimPlan plan : plans) {
            if (snapshot.getVictims().size() <= plan.number()) {
                snapshot.getVictims()
                        .add(NetworkProgress.newBuilder()
                                .setNetwork(new NetworkVersion(id(snapshot, plan.number()), 0))
                                .setArchitecture(plan.description())
                                .build());
            }
            NetworkProgress victim = snapshot.getVictims().get(plan.number());
            request(victim, new VictimTraining(snapshot.getNumber(), snapshot.getManifest(), plan.number()));
        }
    }

    private String id(SnapshotProgress snapshot, int victim) {
        return VictimPlan.id(state.getExperiment(), snapshot.getNumber(), victim);
    }

    private void check(NetworkProgress network) {
        request(network, new NetworkCheck(network.getNetwork()));
    }

    private void request(NetworkProgress network, SpecificRecord task) {
        if (network.getReady() || network.getOutstanding() != null || network.getRefusal() != null) {
            return;
        }
        VictimRequest request = VictimRequest.newBuilder()
                .setId("")
                .setExperiment(VictimPlan.work(state.getExperiment()))
                .setTask(task)
                .setSequence(0)
                .build();
        String origin = new Digest()
                .add(request)
                .add(state.getDataset().getFingerprint())
                .hex();
        request.setId(origin);
        request.setExperiment(state.getExperiment());
        request.setSequence(state.getRequests());
        state.setRequests(state.getRequests() + 1);
        if (task instanceof VictimTraining) {
            network.setOrigin(origin);
        }
        network.setOutstanding(VictimPlan.answerId(request));
        work.add(new Work(Topic.VICTIM_REQUESTS, request.getId(), request));
    }

    /** The evaluations whose networks are ready, in order. */
    private List<Evaluation> evaluations() {
        List<Evaluation> evaluations = new ArrayList<>();
        EvaluationSpec spec = state.getExperiment().getEvaluation();
        List<Suite> suites = SuiteCodec.decode(spec);
        for (SnapshotProgress snapshot : state.getSnapshots()) {
            List<NetworkVersion> sources = snapshot.getVictims().stream()
                    .map(NetworkProgress::getNetwork)
                    .toList();
            boolean all = snapshot.getVictims().stream().allMatch(NetworkProgress::getReady);
            int number = 0;
            for (NetworkProgress victim : snapshot.getVictims()) {
                Seed seed = VictimPlan.seed(state.getExperiment(), snapshot.getNumber(), number++);
                for (Suite suite : suites) {
                    if (victim.getReady() && (all || !transfers(suite))) {
                        evaluations.add(evaluation(victim, suite, sources, seed)
                                .setMethod(snapshot.getManifest().getMethod())
                                .setSnapshot(snapshot.getNumber())
                                .setIteration(snapshot.getManifest().getIteration())
                                .setImageBytes(snapshot.getManifest().getImageBytes())
                                .setLabelBytes(snapshot.getManifest().getLabelBytes())
                                .setFinal$(snapshot.getManifest().getFinal$())
                                .setKey(key(snapshot.getNumber(), victim, suite))
                                .build());
                    }
                }
            }
        }
        for (NetworkProgress network : state.getNetworks()) {
            int version = network.getNetwork().getVersion();
            Seed seed = new Seed(state.getExperiment().getSeed())
                    .with(network.getNetwork().getNetwork())
                    .with(version);
            for (Suite suite : suites) {
                if (network.getReady()) {
                    evaluations.add(evaluation(network, suite, network.getSources(), seed)
                            .setMethod(VictimPlan.BROUGHT)
                            .setSnapshot(version)
                            .setIteration(0)
                            .setFinal$(true)
                            .setKey(key(version, network, suite))
                            .build());
                }
            }
        }
        return evaluations;
    }

    private static boolean transfers(Suite suite) {
        return suite.attacks().stream().anyMatch(SuiteAttack::transfer);
    }

    private String key(int snapshot, NetworkProgress network, Suite suite) {
        return state.getExperiment().getId() + "/" + snapshot + "/"
                + network.getNetwork().getNetwork() + "/" + suite.name();
    }

    private Evaluation.Builder evaluation(
            NetworkProgress network, Suite suite, List<NetworkVersion> sources, Seed seed) {
        Experiment experiment = state.getExperiment();
        DatasetDescriptor dataset = state.getDataset();
        EvaluationSpec spec = experiment.getEvaluation();
        int images = spec.getImages() == null
                ? dataset.getTestImages()
                : Math.min(dataset.getTestImages(), spec.getImages());
        List<Integer> ids = imageIds(dataset, images);
        return Evaluation.newBuilder()
                .setExperiment(experiment.getId())
                .setRun(experiment.getRun())
                .setActive(isActive())
                .setVictim(network.getNetwork().getNetwork())
                .setVersion(network.getNetwork().getVersion())
                .setArchitecture(network.getArchitecture())
                .setOrigin(network.getOrigin())
                .setFlags(network.getFlags())
                .setSuite(suite.name())
                .setDataset(dataset.getId())
                .setFingerprint(dataset.getFingerprint())
                .setClasses(dataset.getClasses().size())
                .setImages(images)
                .setImageIds(ids)
                .setClassCounts(classCounts(dataset, ids))
                .setRequestSize(Math.min(spec.getRequestSize(), mostImages(dataset)))
                .setSeed(seed.value())
                .setAttacks(EvaluationPlan.attacks(suite, network.getNetwork(), sources));
    }

    /** The same ones in every experiment on the data set; none where the test split is taken whole, in its order. */
    private static List<Integer> imageIds(DatasetDescriptor dataset, int images) {
        int[] labels = AttackCodec.ints(dataset.getTestLabels());
        if (images == dataset.getTestImages() || labels.length == 0) {
            return List.of();
        }
        Seed seed = new Seed(0).with("test images").with(dataset.getFingerprint());
        return AttackCodec.boxed(
                StratifiedSubset.draw(labels, dataset.getClasses().size(), images, seed));
    }

    private static List<Integer> classCounts(DatasetDescriptor dataset, List<Integer> ids) {
        List<Integer> labels = dataset.getTestLabels();
        if (labels.isEmpty()) {
            return List.of();
        }
        int[] counts = new int[dataset.getClasses().size()];
        (ids.isEmpty() ? labels.stream() : ids.stream().map(labels::get)).forEach(label -> counts[label]++);
        return AttackCodec.boxed(counts);
    }

    /** Images whose perturbed ones fit into a record. */
    private static int mostImages(DatasetDescriptor dataset) {
        long bytes = Float.BYTES;
        for (int length : dataset.getShape()) {
            bytes *= length;
        }
        return (int) Math.max(1, ANSWER_BYTES / bytes);
    }

    /** Whether every figure that is to be is complete. */
    boolean isComplete() {
        return hasDistillation()
                && state.getSnapshots().stream()
                        .anyMatch(snapshot -> snapshot.getManifest().getFinal$())
                && state.getSnapshots().stream().allMatch(this::isComplete)
                && state.getOpen().isEmpty();
    }

    private boolean isComplete(SnapshotProgress snapshot) {
        return !snapshot.getVictims().isEmpty()
                && snapshot.getVictims().stream().allMatch(NetworkProgress::getReady);
    }

    /** Outcomes so far, over all figures. */
    long outcomes() {
        return state.getClosedOutcomes()
                + state.getOpen().values().stream()
                        .flatMap(open -> open.getOutcomes().stream())
                        .mapToLong(Long::longValue)
                        .sum();
    }

    /** Outcomes in all, as far as is known yet. */
    long totalOutcomes() {
        return state.getClosedOutcomes()
                + state.getOpen().values().stream()
                        .mapToLong(OpenEvaluation::getTotal)
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

    /** Networks that users brought and that are neither scored nor refused. */
    boolean isBusy() {
        return !state.getOpen().isEmpty()
                || networks().stream().anyMatch(network -> !network.getReady() && network.getRefusal() == null);
    }
}
