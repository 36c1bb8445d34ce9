package dev.romestream.distiller;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.romestream.exchange.codec.AttackCodec;
import dev.romestream.exchange.codec.Dataset;
import dev.romestream.exchange.codec.NetworkCodec;
import dev.romestream.exchange.codec.TensorCodec;
import dev.romestream.exchange.experiment.DistillationDefaults;
import dev.romestream.exchange.identity.Digest;
import dev.romestream.exchange.identity.Identity;
import dev.romestream.robustness.distill.Coreset;
import dev.romestream.robustness.distill.DistillationMethod;
import dev.romestream.robustness.distill.InlinePriors;
import dev.romestream.robustness.distill.PoolSchedule;
import dev.romestream.robustness.distill.PoolTraining;
import dev.romestream.robustness.distill.PriorDraws;
import dev.romestream.robustness.distill.PriorSource;
import dev.romestream.robustness.distill.SoftLabels;
import dev.romestream.robustness.distill.SyntheticSet;
import dev.romestream.robustness.network.NeuralNetwork;
import dev.romestream.robustness.tensor.Seed;
import dev.romestream.schemas.DatasetDescriptor;
import dev.romestream.schemas.DistillationSpec;
import dev.romestream.schemas.DistillationStage;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.LabelKind;
import dev.romestream.schemas.LabelSpec;
import dev.romestream.schemas.Pool;
import dev.romestream.schemas.PriorMode;
import dev.romestream.schemas.SnapshotClass;
import dev.romestream.schemas.SnapshotManifest;
import dev.romestream.schemas.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.function.IntConsumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** One experiment's distillation, in segments: from one checkpoint to the next. */
final class DistillationRun {
    /** Iterations that a kill costs at most. */
    private static final int LONGEST_SEGMENT = 50;

    private final Experiment experiment;
    private final DistillationSpec spec;
    private final Dataset dataset;
    private final Optional<DistillationStage> stage;
    private final String specification;
    private final Seed seed;
    private final Optional<Methods.Networks> networks;

    /** Makes the stream of networks for a run, and of priors where there are to be such. */
    interface PriorStreams {
        PriorSource open(Methods.Networks networks, PriorDraws draws, boolean priors);
    }

    /**
     * A run.
     *
     * @param stage of a stream: which window of it the data set is, and what was before
     * @throws IllegalArgumentException where the specification makes no sense
     */
    DistillationRun(Experiment experiment, Dataset dataset, Optional<DistillationStage> stage) {
        this.experiment = experiment;
        this.spec = DistillationDefaults.fill(experiment.getDistillation());
        this.dataset = dataset;
        this.stage = stage;
        Seed own = new Seed(experiment.getSeed());
        this.seed = stage.map(at -> own.with("window").with(at.getWindow())).orElse(own);
        String alone = specification(experiment, spec, dataset.descriptor());
        this.specification = stage.map(at -> new Digest()
                        .add(alone)
                        .add(at.getWindow())
                        .add(Stream.concat(Stream.of(at.getOrigin()), at.getCarried().stream())
                                .collect(Collectors.joining(" ")))
                        .hex())
                .orElse(alone);
        this.networks = Methods.networks(experiment, dataset.descriptor(), begun());
        NetworkCodec.decode(spec.getNetwork()).requireIndependentImages();
        if (spec.getLabels().getKind() == LabelKind.SOFT) {
            if (DistillationDefaults.isWhole(spec.getMethod())) {
                throw new IllegalArgumentException(
                        "distillation.labels are soft, and the method full has the labels of the data set; use hard.");
            }
            if (teachers().isEmpty()) {
                throw new IllegalArgumentException("distillation.labels are soft, and there are no teachers; give"
                        + " labels.natural or labels.adversarial.");
            }
        }
        var shape = dataset.train().shape();
        if (spec.getMultiFormation() && (shape.height() % 2 != 0 || shape.width() % 2 != 0)) {
            throw new IllegalArgumentException(
                    "distillation.multiFormation needs images of even height and width; those" + " of "
                            + dataset.descriptor().getId() + " are " + shape.height() + " x " + shape.width() + ".");
        }
    }

    /** Digest of all that determines the images of an experiment. */
    static String specification(Experiment experiment, DistillationSpec spec, DatasetDescriptor dataset) {
        Digest digest = new Digest()
                .add(DistillationSpec.newBuilder(spec)
                        .setLabels(LabelSpec.newBuilder().build())
                        .build())
                .add(experiment.getSeed())
                .add(dataset.getFingerprint());
        return Methods.isTaught(spec)
                ? digest.add(Pools.naturalTeachers(experiment, dataset)).hex()
                : digest.hex();
    }

    /** Digest of all that determines the images; what stands beside them is no part of it. */
    String specification() {
        return specification;
    }

    /** Of a stream: the number of the window. */
    Optional<Integer> window() {
        return stage.map(DistillationStage::getWindow);
    }

    /** Of a stream: the alert that asked for it, in words; empty where none did. */
    String cause() {
        return stage.map(DistillationStage::getCause).orElse("");
    }

    /** Of a stream: the snapshot whose images this begins with; empty where it begins with real ones. */
    Optional<Integer> predecessor() {
        return stage.map(DistillationStage::getPredecessor);
    }

    /** Of a stream: the networks that its pool begins with. */
    List<String> begun() {
        return stage.map(DistillationStage::getCarried).orElse(List.of());
    }

    /** Of a stream: the networks that the next window's pool begins with, as they were last shown to this one. */
    List<String> carried() {
        if (stage.isEmpty() || spec.getFresh() || spec.getPrior().getMode() != PriorMode.STREAMED) {
            return List.of();
        }
        List<String> carried = new ArrayList<>();
        networks.ifPresent(shown -> {
            if (shown.schedule() instanceof PoolSchedule schedule) {
                schedule.members(iterations()).forEach((network, last) -> last.map(
                                version -> NetworkCodec.key(Pools.networkId(shown.pool(), network), version.version()))
                        // as it came from the window before
                        .or(() -> network < begun().size() ? Optional.of(begun().get(network)) : Optional.empty())
                        .ifPresent(carried::add));
            }
        });
        return carried;
    }

    DistillationSpec spec() {
        return spec;
    }

    /** Classes of the images. */
    int classes() {
        return dataset.descriptor().getClasses().size();
    }

    /** Iterations in all; a method that selects real images has none. */
    int iterations() {
        return DistillationDefaults.iterations(spec);
    }

    private int snapshotEvery() {
        return spec.getSnapshotEvery() == null ? Math.max(1, iterations()) : spec.getSnapshotEvery();
    }

    /** Where the segment that begins at an iteration ends: at a snapshot, or before. */
    int segmentEnd(int from) {
        int snapshot = (from / snapshotEvery() + 1) * snapshotEvery();
        int segment = (from / LONGEST_SEGMENT + 1) * LONGEST_SEGMENT;
        return Math.min(iterations(), Math.min(snapshot, segment));
    }

    /** The number of the snapshot that is due after so many iterations; empty where none is. */
    Optional<Integer> snapshot(int done) {
        if (stage.isPresent()) {
            return done == iterations() ? window() : Optional.empty();
        }
        int every = snapshotEvery();
        return done % every == 0 || done == iterations()
                ? Optional.of(Math.max(0, (done + every - 1) / every - 1))
                : Optional.empty();
    }

    /** The numbers of the snapshots that are due after these iterations, with the iterations that each has behind it, in order. */
    SortedMap<Integer, Integer> snapshotsAfter(int kept) {
        SortedMap<Integer, Integer> snapshots = new TreeMap<>();
        for (int done = kept; done < iterations(); ) {
            int end = segmentEnd(done);
            snapshot(end).ifPresent(number -> snapshots.put(number, end));
            done = end;
        }
        return snapshots;
    }

    /** As {@link #snapshotsAfter}, with the one that is due after exactly so many. */
    SortedMap<Integer, Integer> snapshotsFrom(int kept) {
        SortedMap<Integer, Integer> snapshots = snapshotsAfter(kept);
        snapshot(kept).ifPresent(number -> snapshots.put(number, kept));
        return snapshots;
    }

    /**
     * The pools whose networks an experiment takes from their topic.
     *
     * @param carried of a stream: the networks that the first ones of a pool begin with
     */
    static List<Pool> pools(Experiment experiment, DatasetDescriptor dataset, List<String> carried) {
        if (experiment.getDistillation() == null || !Methods.isKnown(experiment.getDistillation())) {
            return List.of();
        }
        List<Pool> pools = new ArrayList<>();
        Methods.streamed(experiment, dataset, carried).ifPresent(matched -> pools.add(matched.pool()));
        choosers(experiment, dataset).forEach(teacher -> pools.add(teacher.pool()));
        teachers(experiment, dataset).forEach(teacher -> pools.add(teacher.pool()));
        return pools;
    }

    static List<Pools.Teacher> choosers(Experiment experiment, DatasetDescriptor dataset) {
        return Methods.coreset(experiment.getDistillation()).isPresent()
                ? List.of(new Pools.Teacher(Pools.naturalTeachers(experiment, dataset), 0))
                : List.of();
    }

    /** Who chooses the images to begin with, by what it makes of them; nobody where they are drawn. */
    List<Pools.Teacher> choosers() {
        return choosers(experiment, dataset.descriptor());
    }

    /**
     * The synthetic set before the first iteration; empty where it is the whole training split.
     *
     * @param choosers of {@link #choosers}
     */
    SyntheticSet initial(NDManager manager, List<NeuralNetwork> choosers) {
        if (DistillationDefaults.isWhole(spec.getMethod())) {
            return SyntheticSet.of(manager, false, new NDList());
        }
        return SyntheticSet.ofRealImages(
                manager,
                dataset.train(),
                dataset.normalization(),
                spec.getImagesPerClass(),
                spec.getMultiFormation(),
                choosers.isEmpty()
                        ? SyntheticSet.Choice.drawn(dataset.train(), seed)
                        : chosen(manager, choosers.get(0)));
    }

    private SyntheticSet.Choice chosen(NDManager manager, NeuralNetwork chooser) {
        Coreset coreset = Methods.coreset(spec).orElseThrow();
        return (label, count) -> coreset.choose(
                Coreset.features(manager, chooser, dataset.train(), label, dataset.normalization()), count);
    }

    static List<Pools.Teacher> teachers(Experiment experiment, DatasetDescriptor dataset) {
        return experiment.getDistillation().getLabels().getKind() == LabelKind.HARD
                ? List.of()
                : Pools.teachers(experiment, dataset);
    }

    /** Those who say what the images are, beside their classes; none where the classes are enough. */
    List<Pools.Teacher> teachers() {
        return teachers(experiment, dataset.descriptor());
    }

    /** What a snapshot consists of. */
    List<SnapshotClass> classes(NDManager manager, SyntheticSet set, List<NeuralNetwork> teachers) {
        List<SnapshotClass> classes = new ArrayList<>();
        for (int label = 0; label < set.classes(); label++) {
            classes.add(SnapshotClass.newBuilder()
                    .setLabel(label)
                    .setImages(TensorCodec.encode("The images of class " + label, set.images(label)))
                    .setSoftLabels(teachers.isEmpty() ? null : softLabels(manager, set, label, teachers))
                    .build());
        }
        return classes;
    }

    private Tensor softLabels(NDManager manager, SyntheticSet set, int label, List<NeuralNetwork> teachers) {
        float[] rows = SoftLabels.of(
                manager,
                teachers,
                set.images(label),
                set.multiFormation(),
                spec.getLabels().getTemperature());
        Tensor flat = TensorCodec.encode("The soft labels of class " + label, rows);
        return new Tensor(List.of(rows.length / set.classes(), set.classes()), flat.getDtype(), flat.getData());
    }

    /** What a snapshot is, after so many iterations. */
    SnapshotManifest manifest(SyntheticSet set, int done) {
        DatasetDescriptor descriptor = dataset.descriptor();
        boolean whole = DistillationDefaults.isWhole(spec.getMethod());
        long real = dataset.train().size();
        int perClass = whole ? (int) ((real + classes() - 1) / classes()) : spec.getImagesPerClass();
        return SnapshotManifest.newBuilder()
                .setMethod(spec.getMethod())
                .setIteration(done)
                .setFinal$(done == iterations())
                .setDataset(descriptor.getId())
                .setFingerprint(descriptor.getFingerprint())
                .setClasses(classes())
                .setImagesPerClass(perClass)
                .setImageBytes(whole ? real * dataset.train().shape().size() : 0)
                .setLabelBytes(whole ? real * Long.BYTES : 0)
                .setMultiFormation(set.multiFormation())
                .setMean(descriptor.getMean())
                .setStd(descriptor.getStd())
                .setSpecification(Identity.distillation(experiment))
                .setClassNames(descriptor.getClasses())
                .build();
    }

    /**
     * Takes the steps from one iteration to another.
     *
     * @param gate evaluated before each step; false ends the segment
     * @param progress receives the number of iterations done
     * @return iterations done
     */
    int run(
            NDManager manager,
            SyntheticSet set,
            int from,
            int to,
            PriorStreams streams,
            BooleanSupplier gate,
            IntConsumer progress) {
        try (NDManager scope = manager.newSubManager();
                DistillationMethod method = method(scope, streams)) {
            for (int iteration = from; iteration < to; iteration++) {
                if (!gate.getAsBoolean()) {
                    return iteration;
                }
                method.step(set, iteration);
                progress.accept(iteration + 1);
            }
            return to;
        }
    }

    private DistillationMethod method(NDManager manager, PriorStreams streams) {
        PriorDraws draws = new PriorDraws(
                dataset.train(),
                AttackCodec.decode(spec.getPrior().getAttack()),
                spec.getRealBatch(),
                spec.getAugmentation(),
                seed);
        PriorSource source =
                networks.map(shown -> source(manager, streams, shown, draws)).orElse(null);
        return Methods.create(new Methods.Setting(manager, spec, dataset, seed, draws, source));
    }

    private PriorSource source(NDManager manager, PriorStreams streams, Methods.Networks shown, PriorDraws draws) {
        if (spec.getPrior().getMode() == PriorMode.STREAMED) {
            return streams.open(shown, draws, Methods.needsPriors(spec));
        }
        PoolTraining training = Pools.training(shown.pool(), dataset.normalization());
        return new InlinePriors(manager, shown.schedule(), training, draws);
    }
}
