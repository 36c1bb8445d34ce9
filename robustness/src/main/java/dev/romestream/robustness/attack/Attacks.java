package dev.romestream.robustness.attack;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.ToDoubleBiFunction;

/** Attacks by name: what bounds them, what they can aim at, and the parameters that they take. */
public final class Attacks {
    public static final String NONE = "none";
    public static final String CLAMP = "clamp";
    public static final String NOISE = "noise";
    public static final String FGSM = "fgsm";
    public static final String PGD = "pgd";
    public static final String PGD_L2 = "pgd_l2";
    public static final String DEEPFOOL = "deepfool";
    public static final String CW = "cw";
    public static final String FAB = "fab";
    public static final String FAB_T = "fab_t";
    public static final String SQUARE = "square";
    public static final String SPSA = "spsa";
    public static final String AUTOATTACK = "autoattack";
    public static final String AUTOATTACK_10 = "autoattack_10";

    private static final int MOST_STEPS = 100_000;
    /** Parameters that each multiply what an attack costs, and the most allowed. */
    private static final Map<String, Integer> MOST =
            new TreeMap<>(Map.of("restarts", 1000, "searchSteps", 100, "samples", 100_000, "queries", 100_000));

    private static final long MOST_QUERIES = 10_000_000;
    private static final String RESTARTS = "restarts";
    private static final String LEARNING_RATE = "learningRate";
    private static final Set<String> CONTROLS = Set.of(NONE, CLAMP, NOISE);
    /** Those on the difference of logits ratio alone, and those that have a stage on it. */
    private static final Set<String> RATIO_OF_LOGITS = Set.of("apgd_dlr", "apgd_t");

    private static final Set<String> COMPOSITE = Set.of(AUTOATTACK, AUTOATTACK_10);
    /** For a difference of logits ratio. */
    static final int LEAST_CLASSES = 3;
    /** Those that see the network's answers alone. */
    private static final Set<String> SCORE_BASED = Set.of(SQUARE, SPSA);

    /** Of a gradient evaluation, a forward pass alone. */
    private static final double FORWARD = 1 / 3.0;
    /** Staged attacks ask only about images that still stand; of ordinarily trained networks about a fifth do. */
    private static final double STANDING = 0.2;
    /** Classes that the targeted stages of AutoAttack aim at. */
    private static final int TARGETS = 9;
    /** A step of FAB takes the gradients of two logits and a way back. */
    private static final int FAB_STEP = 2;

    private static final List<Norm> LINF = List.of(Norm.LINF);
    private static final List<Norm> LINF_OR_L2 = List.of(Norm.LINF, Norm.L2);
    private static final List<Norm> UNBOUNDED = List.of();
    private static final Map<String, Definition> KNOWN = new TreeMap<>();

    static {
        define(NONE, LINF, false, 0, Map.of(), Attacks::look, spec -> Control.NONE);
        define(CLAMP, LINF, false, 0, Map.of(), Attacks::look, spec -> Control.CLAMP);
        define(NOISE, LINF, false, 0, Map.of(), Attacks::look, spec -> new Noise(spec.epsilon()));
        define(
                FGSM,
                LINF,
                true,
                1,
                Map.of(),
                Attacks::descent,
                spec -> ProjectedGradientDescent.fgsm(spec.epsilon(), spec.targeted()));
        define(PGD, LINF_OR_L2, true, 10, Map.of(RESTARTS, 1.0), Attacks::descent, Attacks::gradientDescent);
        define(PGD_L2, List.of(Norm.L2), true, 10, Map.of(RESTARTS, 1.0), Attacks::descent, Attacks::gradientDescent);
        define(
                DEEPFOOL,
                UNBOUNDED,
                false,
                50,
                Map.of("overshoot", 0.02),
                // it ends early, and asks for the gradient of every class
                (spec, classes) -> 3.0 * classes,
                spec -> new DeepFool(spec.steps(), spec.parameter("overshoot")));
        define(
                CW,
                UNBOUNDED,
                true,
                100,
                Map.of(
                        "c",
                        1.0,
                        "kappa",
                        0.0,
                        LEARNING_RATE,
                        0.01,
                        "searchSteps",
                        1.0,
                        "clip",
                        0.999999,
                        "floored",
                        1.0),
                (spec, classes) -> steps(spec) * spec.parameter("searchSteps"),
                spec -> new CarliniWagner(
                        spec.parameter("c"),
                        spec.parameter("kappa"),
                        spec.steps(),
                        spec.parameter(LEARNING_RATE),
                        (int) spec.parameter("searchSteps"),
                        spec.parameter("clip"),
                        spec.parameter("floored") != 0,
                        spec.targeted()));
        for (AutoPgd.Objective objective : AutoPgd.Objective.values()) {
            boolean targetable = objective != AutoPgd.Objective.T;
            int aims = targetable ? 1 : TARGETS;
            define(
                    "apgd_" + objective.name().toLowerCase(Locale.ROOT),
                    LINF_OR_L2,
                    targetable,
                    100,
                    Map.of(RESTARTS, 1.0),
                    (spec, classes) -> STANDING * steps(spec) * spec.parameter(RESTARTS) * aims,
                    spec -> new AutoPgd(
                            objective, ball(spec), spec.steps(), (int) spec.parameter(RESTARTS), spec.targeted()));
        }
        define(
                FAB,
                LINF_OR_L2,
                true,
                100,
                Map.of(),
                (spec, classes) -> STANDING * steps(spec) * FAB_STEP * classes,
                spec -> new Fab(ball(spec), spec.steps(), spec.targeted() ? Fab.Aim.NEXT : Fab.Aim.NEAREST));
        define(
                FAB_T,
                LINF_OR_L2,
                false,
                100,
                Map.of(),
                (spec, classes) -> STANDING * steps(spec) * FAB_STEP * TARGETS,
                spec -> new Fab(ball(spec), spec.steps(), Fab.Aim.LIKELIEST));
        define(
                SQUARE,
                LINF_OR_L2,
                true,
                5000,
                Map.of("initialShare", 0.8),
                (spec, classes) -> STANDING * FORWARD * steps(spec),
                spec -> new Square(ball(spec), spec.steps(), spec.parameter("initialShare"), spec.targeted()));
        define(
                SPSA,
                LINF,
                true,
                1,
                Map.of("samples", 128.0, "delta", 0.01, LEARNING_RATE, 0.01),
                (spec, classes) -> 2 * FORWARD * steps(spec) * spec.parameter("samples"),
                spec -> new Spsa(
                        spec.epsilon(),
                        spec.steps(),
                        (int) spec.parameter("samples"),
                        spec.parameter("delta"),
                        spec.parameter(LEARNING_RATE),
                        spec.targeted()));
        for (String name : List.of(AUTOATTACK, AUTOATTACK_10)) {
            define(
                    name,
                    LINF_OR_L2,
                    false,
                    name.equals(AUTOATTACK) ? 100 : 10,
                    Map.of("queries", 5000.0),
                    (spec, classes) -> STANDING
                            * (steps(spec) * (1 + TARGETS + FAB_STEP * TARGETS) + FORWARD * spec.parameter("queries")),
                    spec -> new AutoAttack(ball(spec), spec.steps(), (int) spec.parameter("queries")));
        }
    }

    private Attacks() {}

    /**
     * What is known of an attack.
     *
     * @param norms whose ball of radius epsilon can hold it, its own first; empty where nothing does
     * @param targetable whether it has a targeted mode
     * @param usualSteps iterations, or for Square draws, where nothing is said
     * @param defaults of its own parameters, beside those that every attack has
     * @param cost about what it costs for one image, in gradient evaluations, by the number of classes
     */
    private record Definition(
            List<Norm> norms,
            boolean targetable,
            int usualSteps,
            Map<String, Double> defaults,
            ToDoubleBiFunction<AttackSettings, Integer> cost,
            Function<AttackSettings, Attack> factory) {}

    private static void define(
            String name,
            List<Norm> norms,
            boolean targetable,
            int usualSteps,
            Map<String, Double> defaults,
            ToDoubleBiFunction<AttackSettings, Integer> cost,
            Function<AttackSettings, Attack> factory) {
        KNOWN.put(name, new Definition(norms, targetable, usualSteps, Map.copyOf(defaults), cost, factory));
    }

    private static double look(AttackSettings spec, int classes) {
        return FORWARD;
    }

    private static double descent(AttackSettings spec, int classes) {
        return steps(spec) * spec.parameters().getOrDefault(RESTARTS, 1.0);
    }

    private static double steps(AttackSettings spec) {
        return Math.max(1, spec.steps());
    }

    private static Ball ball(AttackSettings spec) {
        return new Ball(norm(spec).orElseThrow(), spec.epsilon());
    }

    private static Attack gradientDescent(AttackSettings spec) {
        return new ProjectedGradientDescent(
                norm(spec).orElseThrow(),
                spec.epsilon(),
                spec.stepSize(),
                spec.steps(),
                spec.randomStart(),
                (int) spec.parameter(RESTARTS),
                spec.targeted());
    }

    private static Definition definition(String name) {
        Definition definition = KNOWN.get(name);
        if (definition == null) {
            throw new IllegalArgumentException(
                    "Unknown attack '" + name + "'; known are " + String.join(", ", KNOWN.keySet()) + ".");
        }
        return definition;
    }

    /** All attacks and controls. */
    public static Set<String> names() {
        return KNOWN.keySet();
    }

    /** Whether this is a control, which takes no part in ratios and worst case. */
    public static boolean isControl(String name) {
        return CONTROLS.contains(name);
    }

    /** Whether an attack follows the network's gradients. */
    public static boolean followsGradients(String name) {
        return !isControl(name) && !isScoreBased(name);
    }

    /** Whether an attack sees the network's answers alone, and not its gradients. */
    public static boolean isScoreBased(String name) {
        return SCORE_BASED.contains(name);
    }

    /** The norm in which an attack is bounded by its epsilon; empty where it is not bounded. */
    public static Optional<Norm> norm(AttackSettings spec) {
        return spec.norm().or(() -> definition(spec.name()).norms().stream().findFirst());
    }

    /**
     * The attack with its usual number of steps where that is 0, and a step of a quarter of epsilon (of 15/128 in L2) where a
     * gradient descent has none.
     *
     * @throws IllegalArgumentException for an unknown name, listing the known
     */
    public static AttackSettings completed(AttackSettings settings) {
        int usual = definition(settings.name()).usualSteps();
        boolean descends = Set.of(PGD, PGD_L2).contains(settings.name()) && settings.stepSize() == 0;
        double share = norm(settings).equals(Optional.of(Norm.L2)) ? 15 / 128.0 : 0.25;
        return new AttackSettings(
                settings.name(),
                settings.space(),
                settings.targeted(),
                settings.epsilon(),
                descends ? share * settings.epsilon() : settings.stepSize(),
                settings.steps() == 0 ? usual : settings.steps(),
                settings.randomStart(),
                settings.norm(),
                settings.parameters());
    }

    /** About what an attack costs for one image, in gradient evaluations, where there are so many classes. */
    public static double cost(AttackSettings spec, int classes) {
        return definition(spec.name()).cost().applyAsDouble(spec, classes);
    }

    /**
     * Refuses an attack whose loss is not defined for so few classes.
     *
     * @throws IllegalArgumentException naming another one
     */
    public static void requireClasses(AttackSettings spec, int classes) {
        if (classes < LEAST_CLASSES && RATIO_OF_LOGITS.contains(spec.name())) {
            throw new IllegalArgumentException("The attack " + spec.name() + " needs " + LEAST_CLASSES
                    + " classes or more, and there are " + classes
                    + ": its loss divides by the distance to the third largest logit. Use apgd_ce.");
        }
    }

    /** Whether a composite attack leaves out a stage for want of classes. */
    public static boolean leavesOut(AttackSettings spec, int classes) {
        return classes < LEAST_CLASSES && COMPOSITE.contains(spec.name());
    }

    /** Whether an attack has a targeted mode. */
    public static boolean isTargetable(String name) {
        return definition(name).targetable();
    }

    /**
     * An attack's own parameters with their defaults.
     *
     * @throws IllegalArgumentException for an unknown name, listing the known
     */
    public static Map<String, Double> defaults(String name) {
        return definition(name).defaults();
    }

    /**
     * The attack with all of its parameters.
     *
     * @throws IllegalArgumentException for an unknown name or parameter, listing the known, or for values that make no sense
     */
    public static Attack create(AttackSettings spec) {
        Definition definition = definition(spec.name());
        for (String parameter : spec.parameters().keySet()) {
            if (!definition.defaults().containsKey(parameter)) {
                throw new IllegalArgumentException("The attack " + spec.name() + " has no parameter '" + parameter
                        + "'; its own are " + new TreeMap<>(definition.defaults()) + ".");
            }
        }
        if (spec.targeted() && !definition.targetable()) {
            throw new IllegalArgumentException("The attack " + spec.name() + " has no targeted mode.");
        }
        if (spec.norm().isPresent() && !definition.norms().contains(spec.norm().get())) {
            throw new IllegalArgumentException("The attack " + spec.name() + " is not bounded in the norm "
                    + spec.norm().get() + "; its own are " + definition.norms() + ".");
        }
        requireAffordable(spec, definition);
        return definition.factory().apply(spec);
    }

    /** An attack comes from a record or a file of somebody else's: what it costs has a limit. */
    private static void requireAffordable(AttackSettings spec, Definition definition) {
        Map<String, Double> values = new TreeMap<>(definition.defaults());
        values.putAll(spec.parameters());
        values.put("epsilon", spec.epsilon());
        values.put("stepSize", spec.stepSize());
        values.forEach((name, value) -> {
            if (!Double.isFinite(value) || value < 0) {
                throw new IllegalArgumentException(
                        "The attack " + spec.name() + " has " + name + " " + value + "; it must be 0 or more.");
            }
        });
        if (spec.steps() < 0 || spec.steps() > MOST_STEPS) {
            throw new IllegalArgumentException("The attack " + spec.name() + " has " + spec.steps()
                    + " steps; allowed are 0 to " + MOST_STEPS + ".");
        }
        double queries = Math.max(1, spec.steps());
        for (Map.Entry<String, Integer> limit : MOST.entrySet()) {
            Double value = values.get(limit.getKey());
            if (value != null && (value < 1 || value > limit.getValue() || value != Math.rint(value))) {
                throw new IllegalArgumentException("The attack " + spec.name() + " has " + limit.getKey() + " " + value
                        + "; allowed are whole numbers from 1 to " + limit.getValue() + ".");
            }
            queries *= value == null ? 1 : value;
        }
        if (queries > MOST_QUERIES) {
            throw new IllegalArgumentException("The attack " + spec.name() + " would ask the network about each image "
                    + Math.round(queries) + " times; the most allowed is " + MOST_QUERIES
                    + ". Use fewer steps, or less of " + MOST.keySet() + ".");
        }
    }
}
