package dev.romestream.exchange.experiment;

import dev.romestream.schemas.DistillationSpec;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** What a method sets where a specification leaves it open. */
public final class DistillationDefaults {
    public static final String ROME = "rome";
    public static final String DM = "dm";
    public static final String RANDOM = "random";
    /** The whole training split. */
    public static final String FULL = "full";
    /** A set that is brought: nothing is distilled. */
    public static final String GIVEN = "given";

    private static final Map<String, MethodDefaults> METHODS = new TreeMap<>(Map.of(
            ROME, new MethodDefaults(4.0, true),
            DM, new MethodDefaults(1.0, false),
            RANDOM, new MethodDefaults(0.0, false),
            FULL, new MethodDefaults(0.0, false),
            GIVEN, new MethodDefaults(0.0, false)));

    private static final Set<String> WITHOUT_ITERATIONS = Set.of(RANDOM, FULL, GIVEN);

    private record MethodDefaults(double learningRate, boolean multiFormation) {}

    private DistillationDefaults() {}

    /**
     * The specification with nothing left open but {@code snapshotEvery} and {@code pool.seed}, whose absence means something.
     *
     * @throws IllegalArgumentException for an unknown method, listing the known
     */
    public static DistillationSpec fill(DistillationSpec spec) {
        MethodDefaults defaults = METHODS.get(spec.getMethod());
        if (defaults == null) {
            throw new IllegalArgumentException("distillation.method is '" + spec.getMethod() + "'; known are "
                    + METHODS.keySet().stream()
                            .filter(method -> !method.equals(GIVEN))
                            .collect(Collectors.joining(", "))
                    + ".");
        }
        DistillationSpec.Builder filled = DistillationSpec.newBuilder(spec);
        if (spec.getLearningRate() == null) {
            filled.setLearningRate(defaults.learningRate());
        }
        if (spec.getMultiFormation() == null) {
            filled.setMultiFormation(defaults.multiFormation());
        }
        return filled.build();
    }

    /** Iterations of a distillation; a method that takes images as they are has none. */
    public static int iterations(DistillationSpec spec) {
        return WITHOUT_ITERATIONS.contains(spec.getMethod()) ? 0 : spec.getIterations();
    }
}
