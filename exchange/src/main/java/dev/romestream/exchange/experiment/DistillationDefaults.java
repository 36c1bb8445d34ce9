package dev.romestream.exchange.experiment;

import dev.romestream.schemas.DistillationSpec;
import java.util.Map;
import java.util.TreeMap;

/** What a method sets where a specification leaves it open. */
public final class DistillationDefaults {
    public static final String ROME = "rome";
    public static final String DM = "dm";
    public static final String RANDOM = "random";

    private static final Map<String, MethodDefaults> METHODS = new TreeMap<>(Map.of(
            ROME, new MethodDefaults(4.0, true),
            DM, new MethodDefaults(1.0, false),
            RANDOM, new MethodDefaults(0.0, false)));

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
                    + String.join(", ", METHODS.keySet()) + ".");
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

    /** Iterations of a distillation; a method that selects real images has none. */
    public static int iterations(DistillationSpec spec) {
        return spec.getMethod().equals(RANDOM) ? 0 : spec.getIterations();
    }
}
