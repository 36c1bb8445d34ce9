package dev.romestream.evaluator;

import dev.romestream.exchange.codec.AttackCodec;
import dev.romestream.robustness.attack.AttackSettings;
import dev.romestream.robustness.attack.Attacks;
import dev.romestream.schemas.Mode;
import dev.romestream.schemas.PlannedAttack;
import dev.romestream.schemas.TallyCell;
import java.util.BitSet;

/**
 * An attack of a plan with its outcomes so far.
 *
 * @param seen ids of the images that were attacked
 * @param correct those that are still classified correctly
 */
record EvaluationCell(PlannedAttack planned, AttackSettings attack, BitSet seen, BitSet correct, TallyCell tally) {

    static EvaluationCell of(PlannedAttack planned, TallyCell tally) {
        return new EvaluationCell(
                planned,
                AttackCodec.decode(planned.getAttack()),
                BitSet.valueOf(tally.getSeen().duplicate()),
                BitSet.valueOf(tally.getCorrect().duplicate()),
                tally);
    }

    boolean isControl() {
        return Attacks.isControl(attack.name());
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
        return Attacks.isScoreBased(attack.name()) || planned.getSource() != null;
    }

    boolean isEmpty() {
        return seen.isEmpty();
    }

    double percent() {
        return 100.0 * correct.cardinality() / seen.cardinality();
    }

    /** By how many points this attack leaves less accuracy than another, on the images that both have seen. */
    double pointsBelow(EvaluationCell other) {
        BitSet common = (BitSet) seen.clone();
        common.and(other.seen);
        if (common.isEmpty()) {
            return 0;
        }
        return 100.0 * (robust(other, common) - robust(this, common)) / common.cardinality();
    }

    private static int robust(EvaluationCell cell, BitSet images) {
        BitSet robust = (BitSet) images.clone();
        robust.and(cell.correct);
        return robust.cardinality();
    }
}
