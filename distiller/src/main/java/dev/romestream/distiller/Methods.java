package dev.romestream.distiller;

import ai.djl.ndarray.NDManager;
import dev.romestream.exchange.codec.AttackCodec;
import dev.romestream.exchange.codec.Dataset;
import dev.romestream.exchange.codec.NetworkCodec;
import dev.romestream.exchange.experiment.DistillationDefaults;
import dev.romestream.robustness.augment.Augmentation;
import dev.romestream.robustness.distill.Alignment;
import dev.romestream.robustness.distill.Bacon;
import dev.romestream.robustness.distill.ContrastiveCurriculum;
import dev.romestream.robustness.distill.Coreset;
import dev.romestream.robustness.distill.DistillationMethod;
import dev.romestream.robustness.distill.DistributionMatching;
import dev.romestream.robustness.distill.GradientMatching;
import dev.romestream.robustness.distill.Guard;
import dev.romestream.robustness.distill.Idm;
import dev.romestream.robustness.distill.NetworkSchedule;
import dev.romestream.robustness.distill.PoolMatching;
import dev.romestream.robustness.distill.PoolSchedule;
import dev.romestream.robustness.distill.PriorDraws;
import dev.romestream.robustness.distill.PriorSource;
import dev.romestream.robustness.distill.RandomSelection;
import dev.romestream.robustness.distill.RealEmbeddings;
import dev.romestream.robustness.distill.Rome;
import dev.romestream.robustness.distill.TrajectoryMatching;
import dev.romestream.robustness.distill.TrajectorySchedule;
import dev.romestream.robustness.tensor.Seed;
import dev.romestream.robustness.train.StochasticGradientDescent;
import dev.romestream.schemas.ContrastSpec;
import dev.romestream.schemas.DatasetDescriptor;
import dev.romestream.schemas.DistillationSpec;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.GradientSpec;
import dev.romestream.schemas.Pool;
import dev.romestream.schemas.PoolSpec;
import dev.romestream.schemas.PriorMode;
import dev.romestream.schemas.TrajectorySpec;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;

/** The methods: how each is made, and which trained networks it is shown. */
final class Methods {
    private static final Map<String, Method> METHODS = Map.ofEntries(
            Map.entry(DistillationDefaults.RANDOM, Method.OF_REAL_IMAGES),
            Map.entry(DistillationDefaults.HERDING, Method.choosing(Coreset.HERDING)),
            Map.entry(DistillationDefaults.KCENTER, Method.choosing(Coreset.K_CENTER)),
            Map.entry(DistillationDefaults.FULL, Method.OF_REAL_IMAGES),
            Map.entry(DistillationDefaults.DM, Method.without(DistillationCost::ofEmbeddings, Methods::dm)),
            Map.entry(
                    DistillationDefaults.DC,
                    Method.without(DistillationCost::ofGradients, setting -> gradients(setting, Augmentation.NONE))),
            Map.entry(
                    DistillationDefaults.DSA,
                    Method.without(
                            DistillationCost::ofGradients,
                            setting -> gradients(setting, setting.spec().getAugmentation()))),
            Map.entry(
                    DistillationDefaults.ROME,
                    new Method(Methods::underAttack, true, DistillationCost::ofSynthetic, Methods::rome)),
            Map.entry(
                    DistillationDefaults.C2R,
                    new Method(Methods::underAttack, false, DistillationCost::ofContrast, Methods::c2r)),
            Map.entry(
                    DistillationDefaults.IDM,
                    new Method(
                            Methods::natural,
                            false,
                            DistillationCost::ofEmbeddings,
                            setting -> matching(setting, new Idm(setting.spec().getCeWeight())))),
            Map.entry(
                    DistillationDefaults.BACON,
                    new Method(
                            Methods::natural,
                            false,
                            DistillationCost::ofEmbeddings,
                            setting ->
                                    matching(setting, new Bacon(setting.spec().getCeWeight())))),
            Map.entry(
                    DistillationDefaults.GUARD,
                    new Method(
                            Methods::guardian,
                            false,
                            DistillationCost::ofEmbeddings,
                            setting -> matching(
                                    setting, new Guard(setting.spec().getGuard().getStatistics())))),
            Map.entry(DistillationDefaults.MTT, Method.following(false)),
            Map.entry(DistillationDefaults.MAT, Method.following(true)));

    private Methods() {}

    /**
     * A method.
     *
     * @param networks that it is shown; answers null where it is shown none
     * @param priors whether it needs them, beside the networks
     * @param cost of an iteration in gradient evaluations, those of networks and priors left out
     * @param coreset which chooses the images by what a natural teacher makes of them; null where they are drawn
     */
    private record Method(
            Shown networks,
            boolean priors,
            ToDoubleFunction<DistillationCost.Workload> cost,
            Function<Setting, DistillationMethod> create,
            Coreset coreset) {
        static final Method OF_REAL_IMAGES = choosing(null);

        Method(
                Shown networks,
                boolean priors,
                ToDoubleFunction<DistillationCost.Workload> cost,
                Function<Setting, DistillationMethod> create) {
            this(networks, priors, cost, create, null);
        }

        static Method choosing(Coreset coreset) {
            return new Method(Shown.NONE, false, workload -> 0, setting -> new RandomSelection(), coreset);
        }

        static Method following(boolean robust) {
            return new Method(
                    (experiment, dataset, carried) -> experts(experiment, dataset, robust),
                    false,
                    DistillationCost::ofTrajectories,
                    Methods::trajectories);
        }

        static Method without(
                ToDoubleFunction<DistillationCost.Workload> cost, Function<Setting, DistillationMethod> create) {
            return new Method(Shown.NONE, false, cost, create);
        }
    }

    /** Trained networks, and which of them an iteration is shown. */
    record Networks(Pool pool, NetworkSchedule schedule) {}

    /** Which networks a method is shown on a data set, where the first of them begin with those that are carried on to it. */
    private interface Shown {
        Shown NONE = (experiment, dataset, carried) -> null;

        Networks of(Experiment experiment, DatasetDescriptor dataset, List<String> carried);
    }

    /**
     * What a method is made for.
     *
     * @param source of the networks and priors, where the method has such
     */
    record Setting(
            NDManager manager,
            DistillationSpec spec,
            Dataset dataset,
            Seed seed,
            PriorDraws draws,
            PriorSource source) {
        StochasticGradientDescent optimiser() {
            return new StochasticGradientDescent(spec.getLearningRate(), spec.getMomentum(), 0);
        }
    }

    private static Method method(DistillationSpec spec) {
        return Optional.ofNullable(METHODS.get(spec.getMethod()))
                .orElseThrow(
                        () -> new IllegalStateException("A method without an implementation: " + spec.getMethod()));
    }

    static boolean isKnown(DistillationSpec spec) {
        return METHODS.containsKey(spec.getMethod());
    }

    static DistillationMethod create(Setting setting) {
        return method(setting.spec()).create().apply(setting);
    }

    /** What an iteration costs in gradient evaluations, those of networks and priors left out. */
    static double cost(DistillationCost.Workload workload) {
        return method(workload.spec()).cost().applyAsDouble(workload);
    }

    /** Whether a method needs priors, beside its networks. */
    static boolean needsPriors(DistillationSpec spec) {
        return method(spec).priors();
    }

    /** What chooses the images, by what a natural teacher makes of them; empty where they are drawn. */
    static Optional<Coreset> coreset(DistillationSpec spec) {
        return Optional.ofNullable(method(spec).coreset());
    }

    /** How far the curvature of natural teachers is regularised: not, but for GUARD's. */
    static double curvature(DistillationSpec spec) {
        return spec.getMethod().equals(DistillationDefaults.GUARD)
                ? spec.getGuard().getCurvature()
                : 0;
    }

    /** Whether the images depend on a network that is trained as those are that label naturally. */
    static boolean isTaught(DistillationSpec spec) {
        return coreset(spec).isPresent() || spec.getMethod().equals(DistillationDefaults.GUARD);
    }

    /**
     * The networks that an experiment's iterations are shown, if its method has such.
     *
     * @param carried of a stream: the networks that the first ones of a pool begin with
     */
    static Optional<Networks> networks(Experiment experiment, DatasetDescriptor dataset, List<String> carried) {
        return Optional.ofNullable(
                method(experiment.getDistillation()).networks().of(experiment, dataset, carried));
    }

    /** As {@link #networks}, of any experiment, as far as they come from their topic. */
    static Optional<Networks> streamed(Experiment experiment, DatasetDescriptor dataset, List<String> carried) {
        DistillationSpec spec = experiment.getDistillation();
        return spec != null && isKnown(spec) && spec.getPrior().getMode() == PriorMode.STREAMED
                ? networks(experiment, dataset, carried)
                : Optional.empty();
    }

    private static Networks underAttack(Experiment experiment, DatasetDescriptor dataset, List<String> carried) {
        return pool(Pools.underAttack(experiment, dataset, carried), experiment, dataset);
    }

    private static Networks natural(Experiment experiment, DatasetDescriptor dataset, List<String> carried) {
        return pool(Pools.natural(experiment, dataset, carried), experiment, dataset);
    }

    private static Networks pool(Pool pool, Experiment experiment, DatasetDescriptor dataset) {
        PoolSpec rule = experiment.getDistillation().getPool();
        int carried = pool.getCarried().size();
        // a pool that goes on gains its fresh networks as if the windows before had had their iterations
        long before = carried == 0
                ? 0
                : (long) dataset.getWindow().getNumber()
                        * DistillationDefaults.iterations(experiment.getDistillation());
        return new Networks(
                pool,
                new PoolSchedule(
                        new PoolSchedule.Rule(
                                Math.max(rule.getSize(), carried),
                                Math.max(rule.getInitial(), carried),
                                rule.getGenerateInterval(),
                                rule.getTrainedPerIteration()),
                        new Seed(pool.getSeed()).with("schedule"),
                        before));
    }

    private static Networks guardian(Experiment experiment, DatasetDescriptor dataset, List<String> carried) {
        Pool pool = Pools.naturalTeachers(experiment, dataset);
        return new Networks(pool, iteration -> List.of(new NetworkSchedule.Version(0, pool.getVersions())));
    }

    private static Networks experts(Experiment experiment, DatasetDescriptor dataset, boolean robust) {
        Pool pool = Pools.experts(experiment, dataset, robust);
        TrajectorySpec spec = experiment.getDistillation().getTrajectories();
        return new Networks(
                pool,
                new TrajectorySchedule(
                        spec.getExperts(),
                        spec.getStarts(),
                        spec.getLength(),
                        new Seed(pool.getSeed()).with("schedule")));
    }

    private static DistillationMethod dm(Setting setting) {
        return new DistributionMatching(
                setting.manager(),
                NetworkCodec.decode(setting.spec().getNetwork()),
                setting.draws(),
                setting.dataset().normalization(),
                setting.optimiser(),
                setting.seed().with("dm"));
    }

    private static DistillationMethod gradients(Setting setting, String augmentation) {
        GradientSpec spec = setting.spec().getGradients();
        PriorDraws draws = setting.draws();
        return new GradientMatching(
                setting.manager(),
                NetworkCodec.decode(setting.spec().getNetwork()),
                new PriorDraws(draws.images(), draws.attack(), draws.batch(), augmentation, draws.seed()),
                setting.dataset().normalization(),
                new GradientMatching.Loops(
                        spec.getOuter(),
                        spec.getInner(),
                        spec.getBatch(),
                        new StochasticGradientDescent(spec.getLearningRate(), 0, 0)),
                setting.optimiser(),
                setting.seed().with("gradients"));
    }

    private static DistillationMethod rome(Setting setting) {
        DistillationSpec spec = setting.spec();
        var objective = new Rome(
                spec.getAlpha(),
                spec.getCeWeight(),
                Alignment.valueOf(spec.getAlignment().name()));
        return new PoolMatching(
                setting.manager(),
                setting.source(),
                setting.draws(),
                Rome.targets(setting.source()),
                objective,
                setting.optimiser());
    }

    private static DistillationMethod matching(Setting setting, PoolMatching.Objective objective) {
        return new PoolMatching(
                setting.manager(),
                setting.source(),
                setting.draws(),
                new RealEmbeddings(setting.draws(), setting.dataset().normalization()),
                objective,
                setting.optimiser());
    }

    private static DistillationMethod c2r(Setting setting) {
        ContrastSpec spec = setting.spec().getContrast();
        return new ContrastiveCurriculum(
                setting.manager(),
                setting.source(),
                AttackCodec.decode(spec.getAttack()),
                setting.dataset().normalization(),
                new ContrastiveCurriculum.Terms(spec.getEta(), spec.getTemperature(), spec.getBatch()),
                setting.spec().getAugmentation(),
                setting.optimiser(),
                setting.seed().with("contrast"));
    }

    private static DistillationMethod trajectories(Setting setting) {
        TrajectorySpec spec = setting.spec().getTrajectories();
        return new TrajectoryMatching(
                setting.manager(),
                setting.source(),
                new TrajectoryMatching.Student(
                        spec.getSteps(),
                        spec.getStudentBatch(),
                        spec.getStudentRate(),
                        setting.spec().getAugmentation()),
                setting.optimiser(),
                new StochasticGradientDescent(
                        spec.getRateLearningRate(), setting.spec().getMomentum(), 0),
                setting.seed().with("trajectories"));
    }
}
