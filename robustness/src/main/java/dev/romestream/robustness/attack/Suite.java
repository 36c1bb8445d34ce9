package dev.romestream.robustness.attack;

import dev.romestream.robustness.network.ThreatModel.Space;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A named list of attacks in one space. Controls count in both modes; every other attack is made untargeted and targeted.
 *
 * @param attacks untargeted, the controls {@code none} and {@code clamp} first
 */
public record Suite(String name, Space space, List<AttackSettings> attacks) {
    private static final int PGD_STEPS = 10;
    private static final double PIXEL = 1 / 255.0;
    /** The benchmark's step, a typing error for 2/255 that made the published tables. */
    private static final double PUBLISHED_STEP = 2 / 225.0;

    private static final Map<String, Suite> BUILT_IN = new TreeMap<>(Map.of(
            "as-published", gradients("as-published", Space.NORMALISED, 8 * PIXEL, PUBLISHED_STEP),
            "pixel-8", gradients("pixel-8", Space.PIXEL, 8 * PIXEL, 2 * PIXEL),
            "pixel-4", gradients("pixel-4", Space.PIXEL, 4 * PIXEL, PIXEL),
            "pixel-2", gradients("pixel-2", Space.PIXEL, 2 * PIXEL, PIXEL / 2)));

    public Suite {
        attacks = List.copyOf(attacks);
    }

    /** @throws IllegalArgumentException for an unknown name, listing the known */
    public static Suite named(String name) {
        Suite suite = BUILT_IN.get(name);
        if (suite == null) {
            throw new IllegalArgumentException(
                    "Unknown suite '" + name + "'; known are " + String.join(", ", BUILT_IN.keySet()) + ".");
        }
        return suite;
    }

    /** FGSM, PGD-10 and PGD-L2 without random start; the L2 radius is 16 times the other one, as 128/255 is to 8/255. */
    private static Suite gradients(String name, Space space, double epsilon, double step) {
        double radius = 16 * epsilon;
        return new Suite(
                name,
                space,
                List.of(
                        AttackSettings.control(Attacks.NONE, space),
                        AttackSettings.control(Attacks.CLAMP, space),
                        AttackSettings.fgsm(space, epsilon),
                        new AttackSettings(Attacks.PGD, space, false, epsilon, step, PGD_STEPS, false),
                        new AttackSettings(Attacks.PGD_L2, space, false, radius, radius * 15 / 128, PGD_STEPS, false)));
    }
}
