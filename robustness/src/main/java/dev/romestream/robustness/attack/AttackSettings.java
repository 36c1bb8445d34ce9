package dev.romestream.robustness.attack;

import dev.romestream.robustness.network.ThreatModel.Space;
import java.util.Map;
import java.util.Optional;

/**
 * An attack by name, with all of its parameters. Distances are in units of the space.
 *
 * @param targeted towards class (label + 1) mod classes
 * @param epsilon radius of the ball
 * @param steps iterations, or for Square draws
 * @param norm of the ball, for attacks that know both; empty for the attack's own
 * @param parameters of this attack alone, where they differ from {@link Attacks#defaults}
 */
public record AttackSettings(
        String name,
        Space space,
        boolean targeted,
        double epsilon,
        double stepSize,
        int steps,
        boolean randomStart,
        Optional<Norm> norm,
        Map<String, Double> parameters) {

    public AttackSettings {
        parameters = Map.copyOf(parameters);
    }

    /** With the defaults of its own parameters. */
    public AttackSettings(
            String name,
            Space space,
            boolean targeted,
            double epsilon,
            double stepSize,
            int steps,
            boolean randomStart) {
        this(name, space, targeted, epsilon, stepSize, steps, randomStart, Optional.empty(), Map.of());
    }

    /** A control: it has no parameters. */
    public static AttackSettings control(String name, Space space) {
        return new AttackSettings(name, space, false, 0, 0, 0, false);
    }

    public static AttackSettings fgsm(Space space, double epsilon) {
        return new AttackSettings(Attacks.FGSM, space, false, epsilon, epsilon, 1, false);
    }

    public AttackSettings targetedAt(boolean target) {
        return new AttackSettings(name, space, target, epsilon, stepSize, steps, randomStart, norm, parameters);
    }

    /** The value of one of the attack's own parameters, given or by default. */
    double parameter(String parameter) {
        return parameters.getOrDefault(parameter, Attacks.defaults(name).get(parameter));
    }
}
