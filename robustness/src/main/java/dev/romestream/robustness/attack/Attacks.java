package dev.romestream.robustness.attack;

import java.util.List;

/** Attacks by name. */
public final class Attacks {
    public static final String NONE = "none";
    public static final String CLAMP = "clamp";
    public static final String FGSM = "fgsm";
    public static final String PGD = "pgd";
    public static final String PGD_L2 = "pgd_l2";
    private static final List<String> KNOWN = List.of(NONE, CLAMP, FGSM, PGD, PGD_L2);

    private Attacks() {}

    /** Whether this is a control, which takes no part in ratios and worst case. */
    public static boolean isControl(String name) {
        return name.equals(NONE) || name.equals(CLAMP);
    }

    /** The norm in which an attack is bounded by its epsilon. */
    public static Norm norm(String name) {
        return name.equals(PGD_L2) ? Norm.L2 : Norm.LINF;
    }

    /** @throws IllegalArgumentException for an unknown name, listing the known, or for parameters that make no sense */
    public static Attack create(AttackSettings settings) {
        return switch (settings.name()) {
            case NONE -> Control.NONE;
            case CLAMP -> Control.CLAMP;
            case FGSM -> ProjectedGradientDescent.fgsm(settings.epsilon(), settings.targeted());
            case PGD, PGD_L2 ->
                new ProjectedGradientDescent(
                        norm(settings.name()),
                        settings.epsilon(),
                        settings.stepSize(),
                        settings.steps(),
                        settings.randomStart(),
                        settings.targeted());
            default ->
                throw new IllegalArgumentException(
                        "Unknown attack '" + settings.name() + "'; known are " + String.join(", ", KNOWN) + ".");
        };
    }
}
