package dev.romestream.evaluator.publish;

import dev.romestream.exchange.codec.AttackCodec;
import dev.romestream.robustness.attack.AttackSettings;
import dev.romestream.robustness.attack.Attacks;
import dev.romestream.schemas.AttackTally;
import dev.romestream.schemas.Mode;
import dev.romestream.schemas.PlannedAttack;
import java.util.BitSet;

/**
 * An attack of a plan with its outcomes so far.
 *
 * @param seen ids of the images that were attacked
 * @param correct those that are still classified correctly
 */
record AttackOutcomes(PlannedAttack planned, AttackSettings spec, BitSet seen, BitSet correct, AttackTally tally) {

    static AttackOutcomes of(PlannedAttack planned, AttackTally tally) {
        return new AttackOutcomes(
                planned,
                AttackCodec.decode(planned.getAttack()),
                BitSet.valueOf(tally.getSeen().duplicate()),
                BitSet.valueOf(tally.getCorrect().duplicate()),
                tally);
    }

    /**
     * The same of fewer images.
     *
     * @param right those of them that are right without an attack
     */
    AttackOutcomes of(BitSet images, BitSet right) {
        BitSet seenOfThem = (BitSet) seen.clone();
        seenOfThem.and(images);
        BitSet correctOfThem = (BitSet) correct.clone();
        correctOfThem.and(right);
        return new AttackOutcomes(planned, spec, seenOfThem, correctOfThem, tally);
    }

    /** Of images that are right clean, those on which the attack was not made: its iterate never left them. */
    BitSet unmoved(AttackOutcomes clean) {
        BitSet unmoved = BitSet.valueOf(tally.getUnmoved().duplicate());
        unmoved.and(clean.correct);
        return unmoved;
    }

    boolean isControl() {
        return Attacks.isControl(spec.name());
    }

    /** Whether it takes part in the ratios. */
    boolean isRated() {
        return planned.getRated() && !isControl();
    }

    boolean isOf(Mode mode) {
        return planned.getModes().contains(mode);
    }

    /** Whether it sees nothing of the victim but its answers, if those. */
    boolean isBlackBox() {
        return Attacks.isScoreBased(spec.name()) || planned.getSource() != null;
    }

    boolean isEmpty() {
        return seen.isEmpty();
    }

    /** Right of these images, which it has seen, in per cent. */
    double percent(BitSet images) {
        return 100.0 * robust(this, images) / images.cardinality();
    }

    /** By how many points this attack leaves less accuracy than another, on the images that both have seen. */
    double pointsBelow(AttackOutcomes other) {
        BitSet common = (BitSet) seen.clone();
        common.and(other.seen);
        if (common.isEmpty()) {
            return 0;
        }
        return 100.0 * (robust(other, common) - robust(this, common)) / common.cardinality();
    }

    private static int robust(AttackOutcomes attack, BitSet images) {
        BitSet robust = (BitSet) images.clone();
        robust.and(attack.correct);
        return robust.cardinality();
    }
}
