package dev.romestream.robustness.attack;

import dev.romestream.robustness.network.ThreatModel.Space;
import dev.romestream.robustness.tensor.Precision;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * A named list of attacks in one space. Controls count in both modes; every other attack is made in its own.
 *
 * @param attacks the controls {@code none} and {@code clamp} first
 */
public record Suite(String name, Space space, List<SuiteAttack> attacks) {
    private static final int AUTOATTACK_STEPS = 100;
    private static final int PGD_STEPS = 10;
    private static final int CHECK_QUERIES = 1000;
    private static final double PIXEL = 1 / 255.0;
    /** The benchmark's step, a typing error for 2/255 that made the published tables. */
    private static final double PUBLISHED_STEP = 2 / 225.0;

    private static final Map<String, Suite> BUILT_IN = new TreeMap<>(Map.of(
            "as-published", asPublished(),
            "as-published-quick", gradients("as-published-quick", Space.NORMALISED, 8 * PIXEL, PUBLISHED_STEP),
            "pixel-8", gradients("pixel-8", Space.PIXEL, 8 * PIXEL, 2 * PIXEL),
            "pixel-4", gradients("pixel-4", Space.PIXEL, 4 * PIXEL, PIXEL),
            "pixel-2", gradients("pixel-2", Space.PIXEL, 2 * PIXEL, PIXEL / 2),
            "quick", quick(),
            "autoattack", autoAttack(),
            "checks", checks(),
            "transfer", transfer()));

    private static final Set<String> PUBLISHED = Set.of("as-published", "as-published-quick", "autoattack");

    public Suite {
        attacks = List.copyOf(attacks);
    }

    /**
     * A suite with the controls {@code none} and {@code clamp} before its other attacks.
     *
     * @throws IllegalArgumentException where the name is a built-in one's, or an attack makes no sense
     */
    public static Suite withControls(String name, Space space, List<SuiteAttack> others) {
        if (BUILT_IN.containsKey(name)) {
            throw new IllegalArgumentException("The suite '" + name + "' is a built-in one; choose another name.");
        }
        return controlled(name, space, others);
    }

    private static Suite controlled(String name, Space space, List<SuiteAttack> others) {
        List<SuiteAttack> attacks = new ArrayList<>();
        attacks.add(SuiteAttack.of(AttackSettings.control(Attacks.NONE, space)));
        attacks.add(SuiteAttack.of(AttackSettings.control(Attacks.CLAMP, space)));
        for (SuiteAttack other : others) {
            SuiteAttack attack = other.completed();
            Attacks.create(attack.spec().targetedAt(attack.targeted()));
            if (!List.of(Attacks.NONE, Attacks.CLAMP).contains(attack.spec().name())) {
                attacks.add(attack);
            }
        }
        return new Suite(name, space, attacks);
    }

    /** The names of the built-in suites. */
    public static Set<String> names() {
        return Collections.unmodifiableSet(BUILT_IN.keySet());
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

    /** Whether a built-in suite reproduces a publication. */
    public static boolean isPublication(String name) {
        return PUBLISHED.contains(name);
    }

    /**
     * This suite with attacks of another precision.
     *
     * @param precision empty for the fastest one
     * @throws IllegalArgumentException where the suite reproduces a publication, and it is not float32
     */
    public Suite in(Optional<Precision> precision) {
        if (!precision.equals(Optional.of(Precision.FLOAT32)) && isPublication(name)) {
            throw new IllegalArgumentException("The suite '" + name
                    + "' reproduces a publication, and its precision is float32; leave precision out.");
        }
        return new Suite(
                name,
                space,
                attacks.stream().map(attack -> attack.in(precision)).toList());
    }

    /**
     * The benchmark's attacks with its parameters. Its ratios are over the white-box attacks; Square and SPSA, which it calls
     * query-based, stand beside them; a targeted Square would cost as much as all the rest.
     */
    private static Suite asPublished() {
        Space space = Space.NORMALISED;
        double epsilon = 8 * PIXEL;
        List<SuiteAttack> attacks = new ArrayList<>(published(space, epsilon, PUBLISHED_STEP));
        attacks.add(SuiteAttack.of(new AttackSettings(Attacks.DEEPFOOL, space, false, 0, 0, 50, false)));
        // torchattacks leaves the ends of the range infinitely far
        attacks.add(SuiteAttack.of(
                new AttackSettings(Attacks.CW, space, false, 0, 0, 100, false, Optional.empty(), Map.of("clip", 1.0))));
        attacks.add(SuiteAttack.of(new AttackSettings(Attacks.AUTOATTACK_10, space, false, epsilon, 0, 10, true)));
        var square = new AttackSettings(Attacks.SQUARE, space, false, epsilon, 0, 5000, true);
        attacks.add(new SuiteAttack(square, true, false, false, false));
        attacks.add(SuiteAttack.of(new AttackSettings(Attacks.SPSA, space, false, epsilon, 0, 1, false))
                .unrated());
        return controlled("as-published", space, attacks);
    }

    /** What the flags of an evaluation need: more steps, a larger ball, and an attack without gradients. */
    private static Suite checks() {
        Space space = Space.PIXEL;
        double epsilon = 8 * PIXEL;
        double step = 2 * PIXEL;
        var pgd = new AttackSettings(Attacks.PGD, space, false, epsilon, step, PGD_STEPS, false);
        return controlled(
                "checks",
                space,
                List.of(
                        SuiteAttack.of(new AttackSettings(Attacks.NOISE, space, false, epsilon, 0, 0, true)),
                        SuiteAttack.of(AttackSettings.fgsm(space, epsilon)),
                        SuiteAttack.of(pgd),
                        new SuiteAttack(
                                new AttackSettings(Attacks.PGD, space, false, epsilon, step, 10 * PGD_STEPS, false),
                                true,
                                false,
                                false,
                                true),
                        new SuiteAttack(
                                new AttackSettings(Attacks.PGD, space, false, 2 * epsilon, 2 * step, PGD_STEPS, false),
                                true,
                                false,
                                false,
                                true),
                        new SuiteAttack(
                                new AttackSettings(Attacks.SQUARE, space, false, epsilon, 0, CHECK_QUERIES, true),
                                true,
                                false,
                                false,
                                true)));
    }

    /** FGSM and PGD from every network that is evaluated together on every one of them. */
    private static Suite transfer() {
        Space space = Space.PIXEL;
        double epsilon = 8 * PIXEL;
        return controlled(
                "transfer",
                space,
                List.of(
                        SuiteAttack.of(AttackSettings.fgsm(space, epsilon)).transferred(),
                        SuiteAttack.of(new AttackSettings(
                                        Attacks.PGD, space, false, epsilon, 2 * PIXEL, PGD_STEPS, false))
                                .transferred()));
    }

    private static Suite quick() {
        return controlled("quick", Space.PIXEL, List.of(SuiteAttack.of(AttackSettings.fgsm(Space.PIXEL, 8 * PIXEL))));
    }

    /** The standard attack at 8/255 in pixel space, as RobustBench has it. */
    private static Suite autoAttack() {
        var attack = new AttackSettings(Attacks.AUTOATTACK, Space.PIXEL, false, 8 * PIXEL, 0, AUTOATTACK_STEPS, true);
        return controlled("autoattack", Space.PIXEL, List.of(SuiteAttack.of(attack)));
    }

    /** FGSM, PGD-10 and PGD-L2 without random start; the L2 radius is 16 times the other one, as 128/255 is to 8/255. */
    private static List<SuiteAttack> published(Space space, double epsilon, double step) {
        double radius = 16 * epsilon;
        return List.of(
                SuiteAttack.of(AttackSettings.fgsm(space, epsilon)),
                SuiteAttack.of(new AttackSettings(Attacks.PGD, space, false, epsilon, step, PGD_STEPS, false)),
                SuiteAttack.of(
                        new AttackSettings(Attacks.PGD_L2, space, false, radius, radius * 15 / 128, PGD_STEPS, false)));
    }

    private static Suite gradients(String name, Space space, double epsilon, double step) {
        return controlled(name, space, published(space, epsilon, step));
    }
}
