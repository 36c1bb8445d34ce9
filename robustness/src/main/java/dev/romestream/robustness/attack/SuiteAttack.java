package dev.romestream.robustness.attack;

/**
 * An attack in a suite.
 *
 * @param spec of the untargeted attack
 * @param untargeted whether it is made so
 * @param targeted whether it is made targeted, too
 * @param transfer whether it is crafted on every network that is evaluated together, and measured on each
 * @param rated whether it takes part in the ratios
 */
public record SuiteAttack(AttackSettings spec, boolean untargeted, boolean targeted, boolean transfer, boolean rated) {

    /** In every mode that the attack has. */
    public static SuiteAttack of(AttackSettings spec) {
        return new SuiteAttack(spec, true, Attacks.isTargetable(spec.name()), false, true);
    }

    SuiteAttack unrated() {
        return new SuiteAttack(spec, untargeted, targeted, transfer, false);
    }

    SuiteAttack transferred() {
        return new SuiteAttack(spec, untargeted, targeted, true, rated);
    }

    /** With what its attack takes where nothing is said. */
    SuiteAttack completed() {
        return new SuiteAttack(Attacks.completed(spec), untargeted, targeted, transfer, rated);
    }
}
