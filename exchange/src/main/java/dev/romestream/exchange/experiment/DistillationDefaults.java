package dev.romestream.exchange.experiment;

import dev.romestream.schemas.DistillationSpec;
import java.util.Collections;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** What a method sets where a specification leaves it open. */
public final class DistillationDefaults {
    public static final String ROME = "rome";
    public static final String DM = "dm";
    public static final String DC = "dc";
    public static final String DSA = "dsa";
    public static final String MTT = "mtt";
    public static final String MAT = "mat";
    public static final String IDM = "idm";
    public static final String BACON = "bacon";
    public static final String GUARD = "guard";
    public static final String C2R = "c2r";
    public static final String RANDOM = "random";
    public static final String HERDING = "herding";
    public static final String KCENTER = "kcenter";
    /** The whole training split. */
    public static final String FULL = "full";
    /** A set that is brought: nothing is distilled. */
    public static final String GIVEN = "given";

    /** Keys of a specification that every method knows. */
    private static final Set<String> COMMON = Set.of(
            "method",
            "imagesPerClass",
            "network",
            "multiFormation",
            "augmentation",
            "labels",
            "set",
            "startedBy",
            "cooldown");
    /** Keys that methods with iterations know, too. */
    private static final Set<String> ITERATING =
            Set.of("iterations", "snapshotEvery", "learningRate", "momentum", "fresh");

    private static final Map<String, MethodDefaults> METHODS = new TreeMap<>(Map.ofEntries(
            Map.entry(ROME, steps(4.0, true, "realBatch", "pool", "prior", "alignment", "alpha", "ceWeight")),
            Map.entry(IDM, steps(4.0, true, "realBatch", "pool", "prior", "ceWeight")),
            Map.entry(BACON, steps(4.0, true, "realBatch", "pool", "prior", "ceWeight")),
            Map.entry(C2R, steps(1.0, true, "pool", "prior", "contrast")),
            Map.entry(GUARD, steps(1.0, false, "realBatch", "prior", "guard")),
            Map.entry(DM, steps(1.0, false, "realBatch")),
            Map.entry(DC, steps(0.1, false, "realBatch", "gradients")),
            Map.entry(DSA, steps(0.1, false, "realBatch", "gradients")),
            Map.entry(MTT, steps(100.0, false, "prior", "trajectories")),
            Map.entry(MAT, steps(100.0, false, "prior", "trajectories")),
            Map.entry(RANDOM, images()),
            Map.entry(HERDING, images()),
            Map.entry(KCENTER, images()),
            Map.entry(FULL, images()),
            Map.entry(GIVEN, images())));

    private record MethodDefaults(double learningRate, boolean multiFormation, boolean iterates, Set<String> own) {}

    private static MethodDefaults steps(double learningRate, boolean multiFormation, String... own) {
        return new MethodDefaults(learningRate, multiFormation, true, Set.of(own));
    }

    /** Of a method that takes images as they are. */
    private static MethodDefaults images() {
        return new MethodDefaults(0, false, false, Set.of());
    }

    private DistillationDefaults() {}

    /** The names of the methods, in alphabetical order. */
    public static Set<String> methods() {
        return Collections.unmodifiableSet(METHODS.keySet());
    }

    /**
     * The specification with nothing left open but {@code snapshotEvery} and {@code pool.seed}, whose absence means something.
     *
     * @throws IllegalArgumentException for an unknown method, listing the known
     */
    public static DistillationSpec fill(DistillationSpec spec) {
        MethodDefaults defaults = defaults(spec.getMethod());
        DistillationSpec.Builder filled = DistillationSpec.newBuilder(spec);
        if (spec.getLearningRate() == null) {
            filled.setLearningRate(defaults.learningRate());
        }
        if (spec.getMultiFormation() == null) {
            filled.setMultiFormation(defaults.multiFormation());
        }
        return filled.build();
    }

    private static MethodDefaults defaults(String method) {
        MethodDefaults defaults = METHODS.get(method);
        if (defaults == null) {
            throw new IllegalArgumentException("distillation.method is '" + method + "'; known are "
                    + METHODS.keySet().stream()
                            .filter(known -> !known.equals(GIVEN))
                            .collect(Collectors.joining(", "))
                    + ".");
        }
        return defaults;
    }

    /** Whether the set is the whole training split, whose images stand nowhere else. */
    public static boolean isWhole(String method) {
        return method.equals(FULL);
    }

    /** Whether the set is brought, and nobody distils it. */
    public static boolean isBrought(String method) {
        return method.equals(GIVEN);
    }

    /** Iterations of a distillation; a method that takes images as they are has none. */
    public static int iterations(DistillationSpec spec) {
        return defaults(spec.getMethod()).iterates() ? spec.getIterations() : 0;
    }

    /**
     * The keys of a specification that mean something to a method.
     *
     * @throws IllegalArgumentException for an unknown method, listing the known
     */
    public static Set<String> keys(String method) {
        MethodDefaults defaults = defaults(method);
        Set<String> keys = new TreeSet<>(COMMON);
        keys.addAll(defaults.own());
        if (defaults.iterates()) {
            keys.addAll(ITERATING);
        }
        return keys;
    }
}
