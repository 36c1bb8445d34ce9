package dev.romestream.robustness.attack;

import dev.romestream.robustness.tensor.Seed;

/**
 * AutoAttack, standard (Croce and Hein 2020): APGD on the cross-entropy, targeted APGD, targeted FAB and
 * Square, each on the images that still stand. Untargeted. Of two classes, there is no targeted APGD, whose loss needs three.
 *
 * @param steps of APGD and FAB: 100 in the standard
 * @param queries of Square: 5,000 in the standard
 */
record AutoAttack(Ball ball, int steps, int queries) implements StagedAttack {
    private static final double INITIAL_SHARE = 0.8;

    @Override
    public void run(Field field, Seed seed) {
        new AutoPgd(AutoPgd.Objective.CE, ball, steps, 1, false).run(field, seed.with("apgd_ce"));
        if (field.oracle().classes() >= Attacks.LEAST_CLASSES) {
            new AutoPgd(AutoPgd.Objective.T, ball, steps, 1, false).run(field, seed.with("apgd_t"));
        }
        new Fab(ball, steps, Fab.Aim.LIKELIEST).run(field, seed.with("fab_t"));
        new Square(ball, queries, INITIAL_SHARE, false).run(field, seed.with("square"));
    }
}
