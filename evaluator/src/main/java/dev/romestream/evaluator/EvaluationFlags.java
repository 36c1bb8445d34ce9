package dev.romestream.evaluator;

import dev.romestream.robustness.attack.AttackSettings;
import dev.romestream.robustness.attack.Attacks;
import dev.romestream.robustness.metric.Interval;
import dev.romestream.schemas.Mode;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Objects;
import java.util.function.BiPredicate;

/** Signs that an evaluation says less than its figures seem to, after the practice of AutoAttack and RobustBench. */
final class EvaluationFlags {
    /** Share of images without any input gradient. */
    private static final double ZERO_GRADIENTS = 0.01;
    /** Points that a worse placed attack may win by chance. */
    private static final double SLACK = 0.2;

    private static final double CONVERGENCE_SLACK = 1;

    private final List<EvaluationCell> all;
    private final List<EvaluationCell> own;
    private final EvaluationCell clean;
    private final EvaluationCell clamp;
    private final int classes;

    /** @param all cells of the plan, of both modes */
    EvaluationFlags(List<EvaluationCell> all, Mode mode, EvaluationCell clean, EvaluationCell clamp, int classes) {
        this.all = all;
        this.own = all.stream()
                .filter(cell -> cell.isOf(mode) && !cell.isControl())
                .toList();
        this.clean = clean;
        this.clamp = clamp;
        this.classes = classes;
    }

    List<String> list() {
        List<String> flags = new ArrayList<>();
        add(flags, "black-box-wins", blackBoxWins());
        add(flags, "chance-level", isAtChanceLevel());
        add(flags, "clamp-differs", clampDiffers());
        add(
                flags,
                "epsilon-not-monotone",
                anyPair(own, EvaluationFlags::differInEpsilonAlone, EvaluationFlags::smallerBallWins));
        add(flags, "not-converged", anyPair(own, EvaluationFlags::differInStepsAlone, EvaluationFlags::moreStepsWin));
        add(flags, "randomised", clean.tally().getDiffering() > 0);
        add(
                flags,
                "targeted-beats-untargeted",
                anyPair(all, EvaluationFlags::differInTargetAlone, EvaluationFlags::targetedWins));
        add(flags, "zero-gradient", own.stream().anyMatch(EvaluationFlags::lacksGradients));
        return flags;
    }

    private static void add(List<String> flags, String flag, boolean raised) {
        if (raised) {
            flags.add(flag);
        }
    }

    private static boolean anyPair(
            List<EvaluationCell> cells,
            BiPredicate<EvaluationCell, EvaluationCell> comparable,
            BiPredicate<EvaluationCell, EvaluationCell> wrong) {
        return cells.stream().anyMatch(one -> cells.stream()
                .anyMatch(other -> comparable.test(one, other) && wrong.test(one, other)));
    }

    private boolean isAtChanceLevel() {
        return !clean.isEmpty()
                && Interval.wilson(clean.correct().cardinality(), clean.seen().cardinality())
                        .contains(100.0 / classes);
    }

    private boolean clampDiffers() {
        BitSet both = (BitSet) clean.seen().clone();
        both.and(clamp.seen());
        BitSet different = (BitSet) clean.correct().clone();
        different.xor(clamp.correct());
        return different.intersects(both);
    }

    private static boolean lacksGradients(EvaluationCell cell) {
        return cell.planned().getSource() == null
                && cell.tally().getZeroGradients()
                        > ZERO_GRADIENTS * cell.seen().cardinality();
    }

    /** An attack without gradients beats every attack with them in a ball at least as large. */
    private boolean blackBoxWins() {
        return own.stream().filter(EvaluationCell::isBlackBox).anyMatch(blackBox -> {
            List<EvaluationCell> rivals = own.stream()
                    .filter(cell -> !cell.isBlackBox() && !cell.isEmpty())
                    .filter(cell -> sameNorm(cell, blackBox)
                            && cell.attack().epsilon() >= blackBox.attack().epsilon())
                    .toList();
            return !rivals.isEmpty() && rivals.stream().allMatch(rival -> blackBox.pointsBelow(rival) > SLACK);
        });
    }

    private static boolean sameNorm(EvaluationCell one, EvaluationCell other) {
        return Attacks.norm(one.attack()).isPresent()
                && Attacks.norm(one.attack()).equals(Attacks.norm(other.attack()));
    }

    private static boolean sameAttack(EvaluationCell one, EvaluationCell other) {
        AttackSettings a = one.attack();
        AttackSettings b = other.attack();
        return a.name().equals(b.name())
                && Attacks.norm(a).equals(Attacks.norm(b))
                && a.randomStart() == b.randomStart()
                && a.parameters().equals(b.parameters())
                && Objects.equals(one.planned().getSource(), other.planned().getSource());
    }

    private static boolean differInEpsilonAlone(EvaluationCell small, EvaluationCell large) {
        return sameAttack(small, large)
                && small.attack().targeted() == large.attack().targeted()
                && small.attack().steps() == large.attack().steps()
                && small.attack().epsilon() < large.attack().epsilon();
    }

    private static boolean smallerBallWins(EvaluationCell small, EvaluationCell large) {
        return small.pointsBelow(large) > SLACK;
    }

    private static boolean differInStepsAlone(EvaluationCell few, EvaluationCell many) {
        return sameAttack(few, many)
                && few.attack().targeted() == many.attack().targeted()
                && few.attack().epsilon() == many.attack().epsilon()
                && few.attack().steps() < many.attack().steps();
    }

    private static boolean moreStepsWin(EvaluationCell few, EvaluationCell many) {
        return many.pointsBelow(few) > CONVERGENCE_SLACK;
    }

    private static boolean differInTargetAlone(EvaluationCell untargeted, EvaluationCell targeted) {
        return sameAttack(untargeted, targeted)
                && !untargeted.attack().targeted()
                && targeted.attack().targeted()
                && untargeted.attack().epsilon() == targeted.attack().epsilon()
                && untargeted.attack().steps() == targeted.attack().steps();
    }

    private static boolean targetedWins(EvaluationCell untargeted, EvaluationCell targeted) {
        return targeted.pointsBelow(untargeted) > SLACK;
    }
}
