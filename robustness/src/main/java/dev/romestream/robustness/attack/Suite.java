package dev.romestream.robustness.attack;

import dev.romestream.robustness.network.ThreatModel.Space;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A named list of attacks in one space. Controls count in both modes; every other attack is made in its own.
 *
 * @param entries the controls {@code none} and {@code clamp} first
 */
public record Suite(String name, Space space, List<Entry> entries) {
    private static final int AUTOATTACK_STEPS = 100;
    private static final int PGD_STEPS = 10;
    private static final double PIXEL = 1 / 255.0;
    /** The benchmark's step, a typing error for 2/255 that made the published tables. */
    private static final double PUBLISHED_STEP = 2 / 225.0;

    private static final Map<String, Suite> BUILT_IN = new TreeMap<>(Map.of(
            "as-published", gradients("as-published", Space.NORMALISED, 8 * PIXEL, PUBLISHED_STEP),
            "pixel-8", gradients("pixel-8", Space.PIXEL, 8 * PIXEL, 2 * PIXEL),
            "pixel-4", gradients("pixel-4", Space.PIXEL, 4 * PIXEL, PIXEL),
            "pixel-2", gradients("pixel-2", Space.PIXEL, 2 * PIXEL, PIXEL / 2),
            "quick", quick(),
            "autoattack", autoAttack()));

    public Suite {
        entries = List.copyOf(entries);
    }

    /**
     * An attack in a suite.
     *
     * @param attack untargeted
     * @param untargeted whether it is made so
     * @param targeted whether it is made targeted, too
     */
    public record Entry(AttackSettings attack, boolean untargeted, boolean targeted) {

        /** In every mode that the attack has. */
        public static Entry of(AttackSettings attack) {
            return new Entry(attack, true, Attacks.isTargetable(attack.name()));
        }
    }

    /**
     * A suite with the controls {@code none} and {@code clamp} before its other attacks.
     *
     * @throws IllegalArgumentException where the name is a built-in one's, or an attack makes no sense
     */
    public static Suite withControls(String name, Space space, List<Entry> others) {
        if (BUILT_IN.containsKey(name)) {
            throw new IllegalArgumentException("The suite '" + name + "' is a built-in one; choose another name.");
        }
        return controlled(name, space, others);
    }

    private static Suite controlled(String name, Space space, List<Entry> others) {
        List<Entry> entries = new ArrayList<>();
        entries.add(Entry.of(AttackSettings.control(Attacks.NONE, space)));
        entries.add(Entry.of(AttackSettings.control(Attacks.CLAMP, space)));
        for (Entry entry : others) {
            Attacks.create(entry.attack().targetedAt(entry.targeted()));
            if (!List.of(Attacks.NONE, Attacks.CLAMP).contains(entry.attack().name())) {
                entries.add(entry);
            }
        }
        return new Suite(name, space, entries);
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

    private static Suite quick() {
        return controlled("quick", Space.PIXEL, List.of(Entry.of(AttackSettings.fgsm(Space.PIXEL, 8 * PIXEL))));
    }

    /** The standard attack at 8/255 in pixel space, as RobustBench has it. */
    private static Suite autoAttack() {
        var attack = new AttackSettings(Attacks.AUTOATTACK, Space.PIXEL, false, 8 * PIXEL, 0, AUTOATTACK_STEPS, true);
        return controlled("autoattack", Space.PIXEL, List.of(Entry.of(attack)));
    }

    /** FGSM, PGD-10 and PGD-L2 without random start; the L2 radius is 16 times the other one, as 128/255 is to 8/255. */
    private static Suite gradients(String name, Space space, double epsilon, double step) {
        double radius = 16 * epsilon;
        return controlled(
                name,
                space,
                List.of(
                        Entry.of(AttackSettings.fgsm(space, epsilon)),
                        Entry.of(new AttackSettings(Attacks.PGD, space, false, epsilon, step, PGD_STEPS, false)),
                        Entry.of(new AttackSettings(
                                Attacks.PGD_L2, space, false, radius, radius * 15 / 128, PGD_STEPS, false))));
    }
}
