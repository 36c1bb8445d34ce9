package dev.romestream.evaluator.publish;

import dev.romestream.robustness.attack.AttackSettings;
import dev.romestream.robustness.attack.Attacks;
import dev.romestream.robustness.metric.Interval;
import dev.romestream.robustness.network.NetworkProbe;
import dev.romestream.schemas.Mode;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Objects;
import java.util.function.BiPredicate;

/** Signs that an evaluation says less than its figures seem to, after the practice of AutoAttack and RobustBench. */
public final class EvaluationFlags {
    /** Share of images without any input gradient. */
    private static final double ZERO_GRADIENTS = 0.01;
    /** Points that a worse placed attack may win by chance. */
    private static final double SLACK = 0.2;

    /** Share of the images that are right on which an attack was not made. */
    private static final double UNMOVED = 0.01;

    private static final double CONVERGENCE_SLACK = 1;
    /** Such a network has no accuracy of its own, and so no ratios. */
    static final String BATCH_DEPENDENT = "batch-dependent";

    private final List<AttackOutcomes> all;
    private final List<AttackOutcomes> own;
    private final AttackOutcomes clean;
    private final AttackOutcomes clamp;
    private final int classes;

    /**
     * What a look at a network showed.
     *
     * @param optimises whether it differentiates on its own
     */
    public static List<String> of(NetworkProbe probe, boolean optimises) {
        List<String> flags = new ArrayList<>();
        add(flags, BATCH_DEPENDENT, probe.batchDependent());
        add(flags, "gradient-mismatch", probe.gradientMismatch());
        add(flags, "optimises-in-forward", optimises);
        add(flags, "softmax-output", probe.softmaxOutput());
        return flags;
    }

    /** @param all attacks of the plan, of both modes */
    EvaluationFlags(List<AttackOutcomes> all, Mode mode, AttackOutcomes clean, AttackOutcomes clamp, int classes) {
        this.all = all;
        this.own = all.stream()
                .filter(attack -> attack.isOf(mode) && !attack.isControl())
                .toList();
        this.clean = clean;
        this.clamp = clamp;
        this.classes = classes;
    }

    List<String> list() {
        List<String> flags = new ArrayList<>();
        add(flags, "attack-did-not-move", own.stream().anyMatch(this::doesNotMove));
        add(flags, "black-box-wins", blackBoxWins());
        add(flags, "chance-level", isAtChanceLevel());
        add(flags, "clamp-differs", clampDiffers());
        add(flags, "dlr-left-out", own.stream().anyMatch(attack -> Attacks.leavesOut(attack.spec(), classes)));
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
            List<AttackOutcomes> attacks,
            BiPredicate<AttackOutcomes, AttackOutcomes> comparable,
            BiPredicate<AttackOutcomes, AttackOutcomes> wrong) {
        return attacks.stream().anyMatch(one -> attacks.stream()
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

    /** One that is crafted on another network leaves what that errs on. */
    private boolean doesNotMove(AttackOutcomes attack) {
        if (attack.planned().getSource() != null) {
            return false;
        }
        BitSet right = (BitSet) clean.correct().clone();
        right.and(attack.seen());
        return attack.unmoved(clean).cardinality() > UNMOVED * right.cardinality();
    }

    private static boolean lacksGradients(AttackOutcomes attack) {
        return attack.planned().getSource() == null
                && attack.tally().getZeroGradients()
                        > ZERO_GRADIENTS * attack.seen().cardinality();
    }

    /** An attack without gradients beats every attack with them in a ball at least as large. */
    private boolean blackBoxWins() {
        return own.stream().filter(AttackOutcomes::isBlackBox).anyMatch(blackBox -> {
            List<AttackOutcomes> rivals = own.stream()
                    .filter(attack -> !attack.isBlackBox() && !attack.isEmpty())
                    .filter(attack -> sameNorm(attack, blackBox)
                            && attack.spec().epsilon() >= blackBox.spec().epsilon())
                    .toList();
            return !rivals.isEmpty() && rivals.stream().allMatch(rival -> blackBox.pointsBelow(rival) > SLACK);
        });
    }

    private static boolean sameNorm(AttackOutcomes one, AttackOutcomes other) {
        return Attacks.norm(one.spec()).isPresent() && Attacks.norm(one.spec()).equals(Attacks.norm(other.spec()));
    }

    private static boolean sameAttack(AttackOutcomes one, AttackOutcomes other) {
        AttackSettings a = one.spec();
        AttackSettings b = other.spec();
        return a.name().equals(b.name())
                && Attacks.norm(a).equals(Attacks.norm(b))
                && a.randomStart() == b.randomStart()
                && a.parameters().equals(b.parameters())
                && Objects.equals(one.planned().getSource(), other.planned().getSource());
    }

    private static boolean differInEpsilonAlone(AttackOutcomes small, AttackOutcomes large) {
        return sameAttack(small, large)
                && small.spec().targeted() == large.spec().targeted()
                && small.spec().steps() == large.spec().steps()
                && small.spec().epsilon() < large.spec().epsilon();
    }

    private static boolean smallerBallWins(AttackOutcomes small, AttackOutcomes large) {
        return small.pointsBelow(large) > SLACK;
    }

    private static boolean differInStepsAlone(AttackOutcomes few, AttackOutcomes many) {
        return sameAttack(few, many)
                && few.spec().targeted() == many.spec().targeted()
                && few.spec().epsilon() == many.spec().epsilon()
                && few.spec().steps() < many.spec().steps();
    }

    private static boolean moreStepsWin(AttackOutcomes few, AttackOutcomes many) {
        return many.pointsBelow(few) > CONVERGENCE_SLACK;
    }

    private static boolean differInTargetAlone(AttackOutcomes untargeted, AttackOutcomes targeted) {
        return sameAttack(untargeted, targeted)
                && !untargeted.spec().targeted()
                && targeted.spec().targeted()
                && untargeted.spec().epsilon() == targeted.spec().epsilon()
                && untargeted.spec().steps() == targeted.spec().steps();
    }

    private static boolean targetedWins(AttackOutcomes untargeted, AttackOutcomes targeted) {
        return targeted.pointsBelow(untargeted) > SLACK;
    }
}
