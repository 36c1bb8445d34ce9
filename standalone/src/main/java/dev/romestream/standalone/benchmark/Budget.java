package dev.romestream.standalone.benchmark;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.romestream.distiller.DistillationCost;
import dev.romestream.exchange.codec.NetworkCodec;
import dev.romestream.exchange.codec.SuiteCodec;
import dev.romestream.exchange.experiment.DistillationDefaults;
import dev.romestream.exchange.experiment.Victim;
import dev.romestream.robustness.attack.Attack;
import dev.romestream.robustness.attack.AttackSettings;
import dev.romestream.robustness.attack.Attacks;
import dev.romestream.robustness.network.Architecture;
import dev.romestream.robustness.network.ImageShape;
import dev.romestream.robustness.network.NeuralNetwork;
import dev.romestream.robustness.network.ThreatModel.Space;
import dev.romestream.robustness.tensor.Seed;
import dev.romestream.robustness.tensor.Tensors;
import dev.romestream.schemas.DatasetDescriptor;
import dev.romestream.schemas.DistillationSpec;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.TrainingRegime;
import dev.romestream.schemas.TrainingSpec;
import java.util.Collection;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * About what experiments cost, in gradient evaluations: a forward and a backward pass over one image.
 *
 * @param sets distilling, with pools, priors and teachers, each counted once
 * @param victims training them
 * @param attacks on them
 */
public record Budget(double sets, double victims, double attacks) {
    private static final double THOUSAND = 1e3;
    private static final double MILLION = 1e6;

    private static final int PROBED_IMAGES = 64;
    private static final int PROBED_STEPS = 10;
    private static final double PROBE_SECONDS = 2;
    private static final double NANOS = 1e9;

    /** What experiments on a data set cost together. */
    public static Budget of(Collection<Experiment> experiments, DatasetDescriptor dataset) {
        Map<String, Double> parts = new HashMap<>();
        double victims = 0;
        double attacks = 0;
        for (Experiment experiment : experiments) {
            parts.putAll(DistillationCost.of(experiment, dataset));
            int snapshots = snapshots(experiment);
            for (Victim victim : Victim.of(experiment)) {
                victims += snapshots * trained(experiment, dataset, victim);
                attacks += snapshots * attacked(experiment, dataset);
            }
        }
        return new Budget(parts.values().stream().mapToDouble(part -> part).sum(), victims, attacks);
    }

    /** What the set of one experiment costs by itself. */
    public static double ofSet(Experiment experiment, DatasetDescriptor dataset) {
        return DistillationCost.of(experiment, dataset).values().stream()
                .mapToDouble(part -> part)
                .sum();
    }

    private static int snapshots(Experiment experiment) {
        DistillationSpec spec = experiment.getDistillation();
        int iterations = DistillationDefaults.iterations(spec);
        return spec.getSnapshotEvery() == null || iterations == 0
                ? 1
                : (iterations + spec.getSnapshotEvery() - 1) / spec.getSnapshotEvery();
    }

    private static double trained(Experiment experiment, DatasetDescriptor dataset, Victim victim) {
        DistillationSpec spec = experiment.getDistillation();
        double images = DistillationDefaults.isWhole(spec.getMethod())
                ? dataset.getTrainImages()
                : DistillationCost.images(spec, dataset.getClasses().size());
        TrainingSpec training = victim.spec().getTraining();
        int evaluations = training.getRegime() == TrainingRegime.NATURAL
                ? 1
                : training.getSteps() + (training.getRegime() == TrainingRegime.TRADES ? 2 : 1);
        return images * victim.spec().getEpochs() * evaluations;
    }

    private static double attacked(Experiment experiment, DatasetDescriptor dataset) {
        Integer share = experiment.getEvaluation().getImages();
        int images = share == null ? dataset.getTestImages() : Math.min(share, dataset.getTestImages());
        int classes = dataset.getClasses().size();
        return images
                * SuiteCodec.decode(experiment.getEvaluation()).stream()
                        .flatMap(suite -> suite.attacks().stream())
                        .mapToDouble(attack -> ((attack.untargeted() ? 1 : 0) + (attack.targeted() ? 1 : 0))
                                * Attacks.cost(attack.spec(), classes))
                        .sum();
    }

    public double total() {
        return sets + victims + attacks;
    }

    /**
     * In words.
     *
     * @param rate gradient evaluations a second
     */
    public String describe(double rate) {
        return describe(time(rate) + String.format(Locale.ROOT, " at %.0f a second", rate));
    }

    /**
     * In words.
     *
     * @param rate gradient evaluations a second of one worker; empty where it is not known
     */
    public String describe(OptionalDouble rate) {
        return describe(
                rate.isPresent()
                        ? time(rate.getAsDouble())
                                + String.format(
                                        Locale.ROOT,
                                        " of one worker at the %.0f a second of the attacks so far",
                                        rate.getAsDouble())
                        : "how long that takes is told when figures of such a network are complete");
    }

    /** In the unit that fits. */
    private String time(double rate) {
        double seconds = total() / rate;
        return String.format(
                Locale.ROOT,
                seconds < 90 ? "about %.0f s" : seconds < 5400 ? "about %.0f min" : "%.1f hours",
                seconds < 90 ? seconds : seconds < 5400 ? seconds / 60 : seconds / 3600);
    }

    private String describe(String time) {
        double unit = total() < MILLION ? THOUSAND : MILLION;
        return String.format(
                Locale.ROOT,
                "About %.1f " + (total() < MILLION ? "thousand" : "million")
                        + " gradient evaluations: %.1f for the sets (pools, priors and teachers once), %.1f to train"
                        + " victims, %.1f to attack them; %s.",
                total() / unit,
                sets / unit,
                victims / unit,
                attacks / unit,
                time);
    }

    /** Gradient evaluations a second of an experiment's network on all processors of this machine, measured for two seconds on one of them. */
    public static double measuredRate(Experiment experiment, DatasetDescriptor dataset, String device) {
        ImageShape shape = new ImageShape(
                dataset.getShape().get(0),
                dataset.getShape().get(1),
                dataset.getShape().get(2));
        int classes = dataset.getClasses().size();
        try (NDManager manager = Tensors.manager(device, 1)) {
            Architecture architecture =
                    NetworkCodec.decode(experiment.getDistillation().getNetwork());
            NeuralNetwork network = new NeuralNetwork(
                    architecture,
                    shape,
                    classes,
                    NeuralNetwork.initialParameters(manager, architecture, shape, classes, new Seed(0)));
            NDArray images =
                    manager.create(new Seed(1).uniform(PROBED_IMAGES * shape.size(), 0, 1), shape.batch(PROBED_IMAGES));
            Attack attack = Attacks.create(
                    new AttackSettings(Attacks.PGD, Space.PIXEL, false, 0.01, 0.002, PROBED_STEPS, false));
            attack.perturb(network, images, new int[PROBED_IMAGES], new Seed(2));
            long evaluations = 0;
            long start = System.nanoTime();
            while (System.nanoTime() - start < PROBE_SECONDS * NANOS) {
                try (NDManager scope = manager.newSubManager()) {
                    NDArray copy = images.duplicate();
                    copy.attach(scope);
                    evaluations += attack.perturb(network, copy, new int[PROBED_IMAGES], new Seed(2))
                            .gradientEvaluations();
                }
            }
            double one = evaluations / ((System.nanoTime() - start) / NANOS);
            return manager.getDevice().isGpu()
                    ? one
                    : one * Runtime.getRuntime().availableProcessors();
        }
    }
}
