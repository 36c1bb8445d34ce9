package dev.romestream.evaluator.plan;

import dev.romestream.exchange.codec.AttackCodec;
import dev.romestream.exchange.codec.SuiteCodec;
import dev.romestream.exchange.experiment.Victim;
import dev.romestream.exchange.identity.Identity;
import dev.romestream.robustness.attack.Attacks;
import dev.romestream.robustness.attack.Suite;
import dev.romestream.robustness.attack.SuiteAttack;
import dev.romestream.robustness.metric.StratifiedSubset;
import dev.romestream.robustness.tensor.Precision;
import dev.romestream.robustness.tensor.Seed;
import dev.romestream.schemas.DatasetDescriptor;
import dev.romestream.schemas.Evaluation;
import dev.romestream.schemas.EvaluationSpec;
import dev.romestream.schemas.EvaluationState;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.NetworkProgress;
import dev.romestream.schemas.NetworkVersion;
import dev.romestream.schemas.SnapshotManifest;
import dev.romestream.schemas.SnapshotProgress;
import dev.romestream.schemas.Window;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/** The evaluations that an experiment is to have, of the networks that were looked at: each with its plan. */
final class PlannedEvaluations {
    private static final int ANSWER_BYTES = 4 * 1024 * 1024;

    private final EvaluationState state;
    private final Experiment experiment;
    private final DatasetDescriptor dataset;
    private final Window window;
    private final boolean active;
    private final String specification;
    private final List<Suite> suites;
    private final int images;
    private final List<Integer> ids;
    private final List<Integer> classCounts;
    private final Map<String, Evaluation> evaluations = new LinkedHashMap<>();

    private PlannedEvaluations(EvaluationState state, DatasetDescriptor dataset, boolean active) {
        this.state = state;
        this.experiment = state.getExperiment();
        this.dataset = dataset;
        this.window = Optional.ofNullable(dataset.getWindow())
                .map(range -> new Window(
                        range.getStream(),
                        range.getNumber(),
                        range.getFirstTime(),
                        range.getLastTime(),
                        range.getMarks()))
                .orElse(null);
        this.active = active;
        this.specification = Identity.specification(experiment);
        EvaluationSpec spec = experiment.getEvaluation();
        this.suites = SuiteCodec.decode(spec);
        this.images = spec.getImages() == null
                ? dataset.getTestImages()
                : Math.min(dataset.getTestImages(), spec.getImages());
        this.ids = imageIds(dataset, images);
        this.classCounts = classCounts(dataset, ids);
    }

    /** @throws IllegalArgumentException where an attack is asked for that is not defined for the data set */
    static void check(EvaluationState state) {
        int classes = state.getDataset().getClasses().size();
        if (classes == 0) {
            // each network has its own
            return;
        }
        SuiteCodec.decode(state.getExperiment().getEvaluation())
                .forEach(suite -> suite.attacks().forEach(attack -> Attacks.requireClasses(attack.spec(), classes)));
    }

    /**
     * By their keys, in order.
     *
     * @param state of an experiment whose data set is there
     * @param active whether attacks are to be asked for
     */
    static Map<String, Evaluation> of(EvaluationState state, boolean active) {
        return of(state, active, key -> false);
    }

    /**
     * As {@link #of(EvaluationState, boolean)}. On a window of a stream, the newest version of each network is scored; victims of a
     * window's set are scored on its test images and, as of images that the set has not seen, on the next window's.
     *
     * @param isPlanned whether the evaluation of a key has begun, which is then brought to its end
     */
    static Map<String, Evaluation> of(EvaluationState state, boolean active, Predicate<String> isPlanned) {
        if (state.getExperiment().getDistillation() != null && isStream(state)) {
            return ofWindows(state, active);
        }
        PlannedEvaluations planned = new PlannedEvaluations(state, state.getDataset(), active);
        if (planned.experiment.getDistillation() == null) {
            state.getNetworks().forEach(planned::brought);
            if (planned.window != null) {
                planned.evaluations
                        .values()
                        .removeIf(evaluation -> !isNewest(state, evaluation) && !isPlanned.test(evaluation.getKey()));
            }
        } else {
            EvaluationProgress.snapshots(state).forEach(planned::victims);
        }
        return planned.evaluations;
    }

    static boolean isStream(EvaluationState state) {
        return state.getExperiment().getDataset().getWindow() != null;
    }

    private static Map<String, Evaluation> ofWindows(EvaluationState state, boolean active) {
        Map<String, Evaluation> evaluations = new LinkedHashMap<>();
        for (DatasetDescriptor window : state.getWindows()) {
            int number = window.getWindow().getNumber();
            PlannedEvaluations planned = new PlannedEvaluations(state, window, active);
            EvaluationProgress.snapshots(state)
                    .filter(snapshot -> snapshot.getNumber() == number || snapshot.getNumber() == number - 1)
                    .forEach(planned::victims);
            evaluations.putAll(planned.evaluations);
        }
        return evaluations;
    }

    private static boolean isNewest(EvaluationState state, Evaluation evaluation) {
        return state.getNetworks().stream()
                .map(NetworkProgress::getNetwork)
                .filter(network -> network.getNetwork().equals(evaluation.getVictim()))
                .allMatch(network -> network.getVersion() <= evaluation.getVersion());
    }

    private void victims(SnapshotProgress snapshot) {
        List<NetworkVersion> sources =
                snapshot.getVictims().stream().map(NetworkProgress::getNetwork).toList();
        boolean all = snapshot.getVictims().stream().allMatch(PlannedEvaluations::isKnown);
        SnapshotManifest manifest = snapshot.getManifest();
        int number = 0;
        for (NetworkProgress victim : snapshot.getVictims()) {
            Seed seed = Victim.seed(experiment, snapshot.getNumber(), number++);
            for (Suite suite : suites) {
                if (isKnown(victim) && (all || !transfers(suite))) {
                    add(evaluation(victim, suite, sources, seed)
                            .setMethod(manifest.getMethod())
                            .setSnapshot(snapshot.getNumber())
                            .setIteration(manifest.getIteration())
                            .setImageBytes(manifest.getImageBytes())
                            .setLabelBytes(manifest.getLabelBytes())
                            .setFinal$(manifest.getFinal$()));
                }
            }
        }
    }

    private void brought(NetworkProgress network) {
        int version = network.getNetwork().getVersion();
        Seed seed = new Seed(experiment.getSeed())
                .with(network.getNetwork().getNetwork())
                .with(version);
        List<NetworkVersion> sources =
                network.getSources().stream().map(this::known).toList();
        boolean all = sources.stream().noneMatch(this::isAwaited);
        for (Suite suite : suites) {
            if (isKnown(network) && (all || !transfers(suite))) {
                add(evaluation(network, suite, sources, seed)
                        .setMethod(Victim.BROUGHT)
                        .setSnapshot(version)
                        .setIteration(0)
                        .setFinal$(true));
            }
        }
    }

    private void add(Evaluation.Builder builder) {
        Evaluation evaluation = builder.setKey(Identity.evaluationKey(
                        experiment.getId(), builder.getSnapshot(), window, builder.getVictim(), builder.getSuite()))
                .build();
        evaluation.setPlan(Identity.plan(evaluation));
        evaluations.put(evaluation.getKey(), evaluation);
    }

    /** Whether somebody has looked at its parameters. */
    private static boolean isKnown(NetworkProgress network) {
        return !network.getNetwork().getDigest().isEmpty();
    }

    private Optional<NetworkProgress> brought(NetworkVersion network) {
        return state.getNetworks().stream()
                .filter(known -> PlannedNetworks.isSame(known.getNetwork(), network))
                .findFirst();
    }

    /** With its digest, where it was brought to the same experiment. */
    private NetworkVersion known(NetworkVersion source) {
        return brought(source).map(NetworkProgress::getNetwork).orElse(source);
    }

    private boolean isAwaited(NetworkVersion source) {
        return brought(source)
                .filter(network -> !isKnown(network) && network.getRefusal() == null)
                .isPresent();
    }

    private static boolean transfers(Suite suite) {
        return suite.attacks().stream().anyMatch(SuiteAttack::transfer);
    }

    private Evaluation.Builder evaluation(
            NetworkProgress network, Suite suite, List<NetworkVersion> sources, Seed seed) {
        return Evaluation.newBuilder()
                .setKey("")
                .setExperiment(experiment.getId())
                .setRun(experiment.getRun())
                .setActive(active && network.getReady())
                .setVictim(network.getNetwork().getNetwork())
                .setVersion(network.getNetwork().getVersion())
                .setDigest(network.getNetwork().getDigest())
                .setSpecification(specification)
                .setArchitecture(network.getArchitecture())
                .setOrigin(network.getOrigin())
                .setFlags(network.getFlags())
                .setSuite(suite.name())
                .setDataset(dataset.getId())
                .setFingerprint(dataset.getFingerprint())
                .setWindow(window)
                .setClasses(
                        dataset.getClasses().isEmpty()
                                ? network.getClasses()
                                : dataset.getClasses().size())
                .setLabels(experiment.getDataset().getLabels())
                .setImages(images)
                .setImageIds(ids)
                .setClassCounts(classCounts)
                .setRequestSize(Math.min(experiment.getEvaluation().getRequestSize(), mostImages(dataset)))
                .setSeed(seed.value())
                .setAttacks(EvaluationPlan.attacks(suite, network.getNetwork(), sources, fastest()));
    }

    /** Unknown of an experiment that an earlier version planned. */
    private Precision fastest() {
        return state.getPrecision() == null ? Precision.FLOAT32 : AttackCodec.decode(state.getPrecision());
    }

    /** The same ones in every experiment on the data set; none where the test split is taken whole, in its order. */
    private static List<Integer> imageIds(DatasetDescriptor dataset, int images) {
        int[] labels = AttackCodec.ints(dataset.getTestLabels());
        Seed seed = new Seed(0).with("test images").with(dataset.getFingerprint());
        if (dataset.getClasses().isEmpty() && images < dataset.getTestImages()) {
            return AttackCodec.boxed(seed.sample(dataset.getTestImages(), images));
        }
        if (images == dataset.getTestImages() || labels.length == 0) {
            return List.of();
        }
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
}
