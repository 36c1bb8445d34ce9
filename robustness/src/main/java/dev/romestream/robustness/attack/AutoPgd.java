package dev.romestream.robustness.attack;

import dev.romestream.robustness.tensor.Seed;
import java.util.Locale;

/**
 * APGD (Croce and Hein 2020) on a loss, from random starts. Images that stand in the end stay clean.
 *
 * @param targeted towards class (label + 1) mod classes
 */
record AutoPgd(Objective objective, Ball ball, int steps, int restarts, boolean targeted) implements StagedAttack {
    /** What is raised. */
    enum Objective {
        /** Cross-entropy. */
        CE,
        /** Difference of logits ratio. */
        DLR,
        /** Targeted difference of logits ratio, at the most likely wrong classes in turn. */
        T
    }

    AutoPgd {
        if (steps < 1 || restarts < 1) {
            throw new IllegalArgumentException("apgd_" + objective.name().toLowerCase(Locale.ROOT)
                    + " needs at least one step and one restart; given are " + steps + " and " + restarts + ".");
        }
    }

    @Override
    public void run(Field field, Seed seed) {
        int classes = field.oracle().classes();
        for (int restart = 0; restart < restarts; restart++) {
            if (objective == Objective.T) {
                for (int n = 1; n <= field.targets(); n++) {
                    run(
                            field,
                            Loss.TARGET_DLR,
                            field.likelyTargets(n),
                            seed.with(restart).with(n));
                }
            } else {
                run(field, loss(), Rows.nextClasses(field.labels(), classes), seed.with(restart));
            }
        }
    }

    private Loss loss() {
        if (objective == Objective.CE) {
            return targeted ? Loss.TARGET_CROSS_ENTROPY : Loss.CROSS_ENTROPY;
        }
        return targeted ? Loss.TARGET_DLR : Loss.DLR;
    }

    private void run(Field field, Loss loss, int[] targets, Seed seed) {
        if (!field.robust().isEmpty()) {
            Apgd apgd = new Apgd(field.oracle(), ball, steps, loss);
            field.enter(apgd.run(field.clean(), field.labels(), targets, field.robust(), seed));
        }
    }
}
