package dev.romestream.robustness.attack;

import dev.romestream.robustness.network.ThreatModel.Space;

/**
 * An attack by name, with all of its parameters. Distances are in units of the space.
 *
 * @param targeted towards class (label + 1) mod classes
 * @param epsilon radius of the ball
 */
public record AttackSettings(
        String name, Space space, boolean targeted, double epsilon, double stepSize, int steps, boolean randomStart) {

    /** A control: it has no parameters. */
    public static AttackSettings control(String name, Space space) {
        return new AttackSettings(name, space, false, 0, 0, 0, false);
    }

    public static AttackSettings fgsm(Space space, double epsilon) {
        return new AttackSettings(Attacks.FGSM, space, false, epsilon, epsilon, 1, false);
    }

    public AttackSettings targetedAt(boolean target) {
        return new AttackSettings(name, space, target, epsilon, stepSize, steps, randomStart);
    }
}
