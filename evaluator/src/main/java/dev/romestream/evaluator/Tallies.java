package dev.romestream.evaluator;

import dev.romestream.schemas.AttackTally;
import dev.romestream.schemas.BatchOutcome;
import dev.romestream.schemas.Evaluation;
import dev.romestream.schemas.Sample;
import dev.romestream.schemas.Tally;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.stream.IntStream;

/** How an outcome changes a tally. Applying one twice changes nothing. */
final class Tallies {
    private Tallies() {}

    static Tally empty(Evaluation evaluation) {
        List<AttackTally> attacks = new ArrayList<>();
        for (int i = 0; i < evaluation.getAttacks().size(); i++) {
            attacks.add(
                    new AttackTally(ByteBuffer.allocate(0), ByteBuffer.allocate(0), 0.0, 0L, 0L, 0L, 0L, null, null));
        }
        return Tally.newBuilder()
                .setEvaluation(evaluation)
                .setAttempt(evaluation.getRun())
                .setAttacks(attacks)
                .build();
    }

    /** Whether a tally is of this evaluation, whichever run of it. */
    static boolean isOf(Tally tally, Evaluation evaluation) {
        Evaluation known = tally.getEvaluation();
        return Evaluation.newBuilder(known)
                .setRun(evaluation.getRun())
                .setActive(evaluation.getActive())
                .build()
                .equals(evaluation);
    }

    /** The tally with an outcome in it. */
    static Tally apply(Tally tally, BatchOutcome outcome) {
        AttackTally earlier = tally.getAttacks().get(outcome.getAttack());
        if (outcome.getError() != null) {
            boolean counts = outcome.getAttempt() >= tally.getEvaluation().getRun();
            return counts
                    ? replaced(
                            tally,
                            outcome.getAttack(),
                            AttackTally.newBuilder(earlier)
                                    .setFailure(outcome.getError())
                                    .build())
                    : tally;
        }
        BitSet seen = BitSet.valueOf(earlier.getSeen().duplicate());
        BitSet hits = BitSet.valueOf(earlier.getCorrect().duplicate());
        boolean isNew = false;
        for (int i = 0; i < outcome.getImageIds().size(); i++) {
            int id = outcome.getImageIds().get(i);
            isNew |= !seen.get(id);
            seen.set(id);
            hits.set(id, outcome.getCorrect().get(i) != 0);
        }
        return isNew
                ? replaced(
                        tally,
                        outcome.getAttack(),
                        new AttackTally(
                                ByteBuffer.wrap(seen.toByteArray()),
                                ByteBuffer.wrap(hits.toByteArray()),
                                earlier.getSeconds() + outcome.getSeconds(),
                                earlier.getGradientEvaluations() + outcome.getGradientEvaluations(),
                                earlier.getForwardEvaluations() + outcome.getForwardEvaluations(),
                                earlier.getZeroGradients() + outcome.getZeroGradients(),
                                earlier.getDiffering() + outcome.getDiffering(),
                                earlier.getFailure(),
                                sample(tally, earlier, outcome)))
                : tally;
    }

    /** Of the first images, so that all attacks show the same ones. */
    private static Sample sample(Tally tally, AttackTally earlier, BatchOutcome outcome) {
        int first = EvaluationPlan.images(tally.getEvaluation())[0];
        return outcome.getImageIds().contains(first) ? outcome.getSample() : earlier.getSample();
    }

    /** The tally with a failure noted for every attack that lacks images. */
    static Tally failed(Tally tally, String reason) {
        Tally failed = tally;
        for (int attack = 0; attack < tally.getAttacks().size(); attack++) {
            if (seen(tally, attack).cardinality() < tally.getEvaluation().getImages()) {
                failed = replaced(
                        failed,
                        attack,
                        AttackTally.newBuilder(tally.getAttacks().get(attack))
                                .setFailure(reason)
                                .build());
            }
        }
        return failed;
    }

    /** The tally for another run: what failed may succeed. */
    static Tally restarted(Tally tally, Evaluation evaluation) {
        List<AttackTally> attacks = tally.getAttacks().stream()
                .map(attack -> AttackTally.newBuilder(attack).setFailure(null).build())
                .toList();
        return Tally.newBuilder(tally)
                .setEvaluation(evaluation)
                .setAttempt(evaluation.getRun())
                .setRetries(0)
                .setAttacks(attacks)
                .build();
    }

    /** Requests whose images were not all seen. */
    static List<EvaluationPlan.Slot> missing(Tally tally) {
        List<BitSet> seen = IntStream.range(0, tally.getAttacks().size())
                .mapToObj(attack -> seen(tally, attack))
                .toList();
        return EvaluationPlan.slots(tally.getEvaluation()).stream()
                .filter(slot -> IntStream.of(EvaluationPlan.images(tally.getEvaluation(), slot))
                        .anyMatch(image -> !seen.get(slot.attack()).get(image)))
                .toList();
    }

    static boolean isComplete(Tally tally) {
        return IntStream.range(0, tally.getAttacks().size())
                .allMatch(attack -> seen(tally, attack).cardinality()
                        == tally.getEvaluation().getImages());
    }

    private static BitSet seen(Tally tally, int attack) {
        return BitSet.valueOf(tally.getAttacks().get(attack).getSeen().duplicate());
    }

    private static Tally replaced(Tally tally, int position, AttackTally attack) {
        List<AttackTally> attacks = new ArrayList<>(tally.getAttacks());
        attacks.set(position, attack);
        return Tally.newBuilder(tally).setAttacks(attacks).build();
    }
}
