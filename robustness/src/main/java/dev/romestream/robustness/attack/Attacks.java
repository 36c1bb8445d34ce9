package dev.romestream.robustness.attack;

import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;

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
    public static final String AUTOATTACK = "autoattack";
    public static final String AUTOATTACK_10 = "autoattack_10";
    public static final String SQUARE = "square";
    public static final String SPSA = "spsa";

    private static final String RESTARTS = "restarts";
    private static final String LEARNING_RATE = "learningRate";
    private static final Set<String> CONTROLS = Set.of(NONE, CLAMP, NOISE);
    private static final Map<String, Definition> KNOWN = new TreeMap<>();

    static {
        define(NONE, Optional.of(Norm.LINF), false, Map.of(), settings -> Control.NONE);
        define(CLAMP, Optional.of(Norm.LINF), false, Map.of(), settings -> Control.CLAMP);
        define(NOISE, Optional.of(Norm.LINF), false, Map.of(), settings -> new Noise(settings.epsilon()));
        define(
                FGSM,
                Optional.of(Norm.LINF),
                true,
                Map.of(),
                settings -> ProjectedGradientDescent.fgsm(settings.epsilon(), settings.targeted()));
        define(PGD, Optional.of(Norm.LINF), true, Map.of(RESTARTS, 1.0), Attacks::gradientDescent);
        define(PGD_L2, Optional.of(Norm.L2), true, Map.of(RESTARTS, 1.0), Attacks::gradientDescent);
        define(
                DEEPFOOL,
                Optional.empty(),
                false,
                Map.of("overshoot", 0.02),
                settings -> new DeepFool(settings.steps(), settings.parameter("overshoot")));
        define(
                CW,
                Optional.empty(),
                true,
                Map.of("c", 1.0, "kappa", 0.0, LEARNING_RATE, 0.01),
                settings -> new CarliniWagner(
                        settings.parameter("c"),
                        settings.parameter("kappa"),
                        settings.steps(),
                        settings.parameter(LEARNING_RATE),
                        settings.targeted()));
        for (AutoPgd.Objective objective : AutoPgd.Objective.values()) {
            boolean targetable = objective != AutoPgd.Objective.T;
            define(
                    "apgd_" + objective.name().toLowerCase(Locale.ROOT),
                    Optional.of(Norm.LINF),
                    targetable,
                    Map.of(RESTARTS, 1.0),
                    settings -> new AutoPgd(
                            objective,
                            settings.epsilon(),
                            settings.steps(),
                            (int) settings.parameter(RESTARTS),
                            settings.targeted()));
        }
        define(
                "fab",
                Optional.of(Norm.LINF),
                false,
                Map.of(),
                settings -> new Fab(settings.epsilon(), settings.steps(), false));
        define(
                "fab_t",
                Optional.of(Norm.LINF),
                false,
                Map.of(),
                settings -> new Fab(settings.epsilon(), settings.steps(), true));
        define(
                SQUARE,
                Optional.of(Norm.LINF),
                true,
                Map.of("initialShare", 0.8),
                settings -> new Square(
                        settings.epsilon(), settings.steps(), settings.parameter("initialShare"), settings.targeted()));
        define(
                SPSA,
                Optional.of(Norm.LINF),
                true,
                Map.of("samples", 128.0, "delta", 0.01, LEARNING_RATE, 0.01),
                settings -> new Spsa(
                        settings.epsilon(),
                        settings.steps(),
                        (int) settings.parameter("samples"),
                        settings.parameter("delta"),
                        settings.parameter(LEARNING_RATE),
                        settings.targeted()));
        for (String name : new String[] {AUTOATTACK, AUTOATTACK_10}) {
            define(
                    name,
                    Optional.of(Norm.LINF),
                    false,
                    Map.of("queries", 5000.0),
                    settings ->
                            new AutoAttack(settings.epsilon(), settings.steps(), (int) settings.parameter("queries")));
        }
    }

    private Attacks() {}

    /**
     * What is known of an attack.
     *
     * @param bound the norm whose ball of radius epsilon holds it; empty where nothing does
     * @param targetable whether it has a targeted mode
     * @param defaults of its own parameters, beside those that every attack has
     */
    private record Definition(
            Optional<Norm> bound,
            boolean targetable,
            Map<String, Double> defaults,
            Function<AttackSettings, Attack> factory) {}

    private static void define(
            String name,
            Optional<Norm> bound,
            boolean targetable,
            Map<String, Double> defaults,
            Function<AttackSettings, Attack> factory) {
        KNOWN.put(name, new Definition(bound, targetable, Map.copyOf(defaults), factory));
    }

    private static Attack gradientDescent(AttackSettings settings) {
        return new ProjectedGradientDescent(
                norm(settings.name()).orElseThrow(),
                settings.epsilon(),
                settings.stepSize(),
                settings.steps(),
                settings.randomStart(),
                (int) settings.parameter(RESTARTS),
                settings.targeted());
    }

    private static Definition definition(String name) {
        Definition definition = KNOWN.get(name);
        if (definition == null) {
            throw new IllegalArgumentException(
                    "Unknown attack '" + name + "'; known are " + String.join(", ", KNOWN.keySet()) + ".");
        }
        return definition;
    }

    /** Whether this is a control, which takes no part in ratios and worst case. */
    public static boolean isControl(String name) {
        return CONTROLS.contains(name);
    }

    /** The norm in which an attack is bounded by its epsilon; empty where it is not bounded. */
    public static Optional<Norm> norm(String name) {
        return definition(name).bound();
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
    public static Attack create(AttackSettings settings) {
        Definition definition = definition(settings.name());
        for (String parameter : settings.parameters().keySet()) {
            if (!definition.defaults().containsKey(parameter)) {
                throw new IllegalArgumentException("The attack " + settings.name() + " has no parameter '" + parameter
                        + "'; its own are " + new TreeMap<>(definition.defaults()) + ".");
            }
        }
        if (settings.targeted() && !definition.targetable()) {
            throw new IllegalArgumentException("The attack " + settings.name() + " has no targeted mode.");
        }
        return definition.factory().apply(settings);
    }
}
