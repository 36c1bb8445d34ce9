package dev.romestream.standalone.benchmark;

import dev.romestream.robustness.attack.AttackSpec;
import dev.romestream.robustness.attack.Attacks;
import dev.romestream.robustness.attack.SuiteAttack;

/** About what attacks cost for one image, in gradient evaluations; a forward pass alone counts a third. */
final class AttackCost {
    private static final double FORWARD = 1 / 3.0;
    /** Staged attacks ask only about images that still stand; of ordinarily trained networks about a fifth do. */
    private static final double STANDING = 0.2;
    /** Classes that the targeted stages of AutoAttack aim at. */
    private static final int TARGETS = 9;
    /** A step of FAB takes the gradients of two logits and a way back. */
    private static final int FAB = 2;
    /** DeepFool ends early, and asks for the gradient of every class. */
    private static final double DEEPFOOL_STEPS = 3;

    private AttackCost() {}

    /** In all modes of the attack. */
    static double of(SuiteAttack attack, int classes) {
        int modes = (attack.untargeted() ? 1 : 0) + (attack.targeted() ? 1 : 0);
        return modes * one(attack.spec(), classes);
    }

    private static double one(AttackSpec spec, int classes) {
        double steps = Math.max(1, spec.steps());
        double restarts = spec.parameters().getOrDefault("restarts", 1.0);
        return switch (spec.name()) {
            case Attacks.NONE, Attacks.CLAMP, Attacks.NOISE -> FORWARD;
            case Attacks.DEEPFOOL -> DEEPFOOL_STEPS * classes;
            case Attacks.CW -> steps * spec.parameters().getOrDefault("searchSteps", 1.0);
            case "apgd_ce", "apgd_dlr" -> STANDING * steps * restarts;
            case "apgd_t" -> STANDING * steps * restarts * TARGETS;
            case Attacks.FAB -> STANDING * steps * FAB * classes;
            case Attacks.FAB_T -> STANDING * steps * FAB * TARGETS;
            case Attacks.SQUARE -> STANDING * FORWARD * steps;
            case Attacks.SPSA -> 2 * FORWARD * steps * spec.parameters().getOrDefault("samples", 128.0);
            case Attacks.AUTOATTACK, Attacks.AUTOATTACK_10 ->
                STANDING
                        * (steps * (1 + TARGETS + FAB * TARGETS)
                                + FORWARD * spec.parameters().getOrDefault("queries", 5000.0));
            default -> steps * restarts;
        };
    }
}
