package dev.romestream.robustness.attack;

import dev.romestream.robustness.tensor.Precision;
import java.util.Optional;

/**
 * An attack in a suite.
 *
 * @param spec of the untargeted attack
 * @param untargeted whether it is made so
 * @param targeted whether it is made targeted, too
 * @param transfer whether it is crafted on every network that is evaluated together, and measured on each
 * @param rated whether it takes part in the ratios
 * @param precision of gradients, if it follows any; empty: the {@linkplain Precision#fastest fastest} one
 */
public record SuiteAttack(
        AttackSettings spec,
        boolean untargeted,
        boolean targeted,
        boolean transfer,
        boolean rated,
        Optional<Precision> precision) {

    /** In float32. */
    SuiteAttack(AttackSettings spec, boolean untargeted, boolean targeted, boolean transfer, boolean rated) {
        this(spec, untargeted, targeted, transfer, rated, Optional.of(Precision.FLOAT32));
    }

    /** In every mode that the attack has. */
    public static SuiteAttack of(AttackSettings spec) {
        return new SuiteAttack(spec, true, Attacks.isTargetable(spec.name()), false, true);
    }

    SuiteAttack unrated() {
        return new SuiteAttack(spec, untargeted, targeted, transfer, false, precision);
    }

    SuiteAttack transferred() {
        return new SuiteAttack(spec, untargeted, targeted, true, rated, precision);
    }

    SuiteAttack in(Optional<Precision> other) {
        return new SuiteAttack(spec, untargeted, targeted, transfer, rated, other);
    }

    /** With what its attack takes where nothing is said. */
    SuiteAttack completed() {
        return new SuiteAttack(Attacks.completed(spec), untargeted, targeted, transfer, rated, precision);
    }
}
