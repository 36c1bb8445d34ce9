package dev.romestream.evaluator.tally;

import dev.romestream.evaluator.plan.EvaluationPlan;
import dev.romestream.schemas.AskedRequest;
import dev.romestream.schemas.AttackProgress;
import dev.romestream.schemas.AttackTally;
import dev.romestream.schemas.BatchOutcome;
import dev.romestream.schemas.Evaluation;
import dev.romestream.schemas.Sample;
import dev.romestream.schemas.Tally;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** How a tally changes with what becomes of its requests. Taking the same in twice changes nothing. */
final class Tallies {
    private Tallies() {}

    static Tally empty(Evaluation evaluation) {
        List<AttackTally> attacks = Stream.generate(
                        () -> AttackTally.newBuilder().build())
                .limit(evaluation.getAttacks().size())
                .toList();
        return Tally.newBuilder()
                .setPlan(evaluation.getPlan())
                .setAttacks(attacks)
                .build();
    }

    /** The request of this id that is out, or that has failed. */
    static Optional<AskedRequest> asked(Tally tally, String id) {
        Optional<AskedRequest> out = tally.getAsked().stream()
                .filter(asked -> asked.getId().equals(id))
                .findFirst();
        return out.or(() -> IntStream.range(0, tally.getAttacks().size())
                .mapToObj(attack -> tally.getAttacks().get(attack).getFailed())
                .filter(failed -> failed != null && failed.getId().equals(id))
                .findFirst());
    }

    /** The tally with a request out, in place of an earlier attempt at the same. */
    static Tally asking(Tally tally, AskedRequest request) {
        List<AskedRequest> asked =
                new ArrayList<>(without(tally.getAsked(), out -> out.getId().equals(request.getId())));
        asked.add(request);
        return Tally.newBuilder(tally).setAsked(asked).build();
    }

    /** The tally with a failure in it: of that attack, nothing more is asked. */
    private static Tally failed(Tally tally, AskedRequest request, String reason) {
        Tally failed = replaced(
                tally,
                request.getAttack(),
                AttackTally.newBuilder(tally.getAttacks().get(request.getAttack()))
                        .setFailure(reason)
                        .setFailed(request)
                        .build());
        failed.setAsked(without(failed.getAsked(), asked -> asked.getAttack() == request.getAttack()));
        return failed;
    }

    /** The tally with what an attacker tells of a request. */
    static Tally progressed(Evaluation evaluation, Tally tally, AskedRequest request, AttackProgress progress) {
        BatchOutcome outcome = progress.getOutcome();
        if (outcome == null) {
            return tally;
        }
        if (EvaluationPlan.isPredicted(evaluation)
                && outcome.getPredicted().size() != outcome.getImageIds().size()) {
            // of another plan's scorer
            return tally;
        }
        if (outcome.getFailure() == null) {
            return counted(evaluation, tally, request, outcome);
        }
        if (progress.getAttempt() != request.getAttempt()) {
            return tally;
        }
        return EvaluationPlan.isPredicted(evaluation) && EvaluationPlan.isClean(evaluation, request.getAttack())
                // without its predictions, nothing can be attacked
                ? failed(evaluation, tally, request, outcome.getFailure())
                : failed(tally, request, outcome.getFailure());
    }

    /** The tally with an outcome in it. */
    private static Tally counted(Evaluation evaluation, Tally tally, AskedRequest request, BatchOutcome outcome) {
        AttackTally earlier = tally.getAttacks().get(request.getAttack());
        BitSet seen = BitSet.valueOf(earlier.getSeen().duplicate());
        BitSet hits = BitSet.valueOf(earlier.getCorrect().duplicate());
        BitSet unmoved = BitSet.valueOf(earlier.getUnmoved().duplicate());
        outcome.getUnmoved().stream().filter(outcome.getImageIds()::contains).forEach(unmoved::set);
        boolean isNew = false;
        List<Integer> predicted = Predictions.with(evaluation, tally, request, outcome);
        for (int i = 0; i < outcome.getImageIds().size(); i++) {
            int id = outcome.getImageIds().get(i);
            isNew |= !seen.get(id);
            seen.set(id);
            hits.set(
                    id,
                    EvaluationPlan.isPredicted(evaluation)
                            ? Predictions.of(predicted, id)
                                    == outcome.getPredicted().get(i)
                            : outcome.getCorrect().get(outcome.getCorrect().position() + i) != 0);
        }
        if (!isNew) {
            return tally;
        }
        boolean mended =
                earlier.getFailed() != null && earlier.getFailed().getId().equals(request.getId());
        AttackTally now = AttackTally.newBuilder()
                .setSeen(ByteBuffer.wrap(seen.toByteArray()))
                .setCorrect(ByteBuffer.wrap(hits.toByteArray()))
                .setSeconds(earlier.getSeconds() + outcome.getSeconds())
                .setGradientEvaluations(earlier.getGradientEvaluations() + outcome.getGradientEvaluations())
                .setForwardEvaluations(earlier.getForwardEvaluations() + outcome.getForwardEvaluations())
                .setUnmoved(ByteBuffer.wrap(unmoved.toByteArray()))
                .setZeroGradients(earlier.getZeroGradients() + outcome.getZeroGradients())
                .setDiffering(earlier.getDiffering() + outcome.getDiffering())
                .setFailure(mended ? null : earlier.getFailure())
                .setFailed(mended ? null : earlier.getFailed())
                .setSample(sample(evaluation, earlier, outcome))
                .build();
        Tally counted = replaced(tally, request.getAttack(), now);
        counted.setPredicted(predicted);
        if (mended && EvaluationPlan.isPredicted(evaluation)) {
            // the others failed because it had
            counted.setAttacks(counted.getAttacks().stream()
                    .map(attack -> attack.getFailed() == null
                            ? AttackTally.newBuilder(attack).setFailure(null).build()
                            : attack)
                    .toList());
        }
        counted.setAsked(without(
                counted.getAsked(),
                asked -> asked.getId().equals(request.getId()) && hasSeen(evaluation, seen, slot(asked))));
        return counted;
    }

    /** Of the first images, so that all attacks show the same ones. */
    private static Sample sample(Evaluation evaluation, AttackTally earlier, BatchOutcome outcome) {
        int first = EvaluationPlan.images(evaluation)[0];
        return outcome.getImageIds().contains(first) ? outcome.getSample() : earlier.getSample();
    }

    /** The tally with every attack failed that lacks images. */
    static Tally failed(Evaluation evaluation, Tally tally, AskedRequest request, String reason) {
        Tally failed = failed(tally, request, reason);
        for (int attack = 0; attack < tally.getAttacks().size(); attack++) {
            AttackTally own = failed.getAttacks().get(attack);
            if (!isWhole(evaluation, own) && own.getFailure() == null) {
                failed = replaced(
                        failed,
                        attack,
                        AttackTally.newBuilder(own).setFailure(reason).build());
            }
        }
        failed.setAsked(List.of());
        return failed;
    }

    /**
     * Of a complete tally, what is kept: that it is complete.
     *
     * @param whole keeps the outcomes, too
     */
    static Tally ended(Tally tally, boolean whole) {
        return Tally.newBuilder(tally)
                .setComplete(true)
                .setAttacks(whole ? tally.getAttacks() : List.of())
                .setPredicted(whole ? tally.getPredicted() : List.of())
                .setAsked(List.of())
                .build();
    }

    /** The tally for another run: what failed may succeed, and all that is missing is asked for. */
    static Tally restarted(Tally tally) {
        List<AttackTally> attacks = tally.getAttacks().stream()
                .map(attack -> AttackTally.newBuilder(attack)
                        .setFailure(null)
                        .setFailed(null)
                        .build())
                .toList();
        return Tally.newBuilder(tally).setAttacks(attacks).setAsked(List.of()).build();
    }

    static EvaluationPlan.Slot slot(AskedRequest request) {
        return new EvaluationPlan.Slot(request.getAttack(), request.getFrom());
    }

    /** Requests that are neither answered nor out, in the plan's order; none of an attack that has failed. */
    static List<EvaluationPlan.Slot> missing(Evaluation evaluation, Tally tally) {
        List<BitSet> seen = tally.getAttacks().stream().map(Tallies::seen).toList();
        List<EvaluationPlan.Slot> out =
                tally.getAsked().stream().map(Tallies::slot).toList();
        return EvaluationPlan.slots(evaluation).stream()
                .filter(slot -> tally.getAttacks().get(slot.attack()).getFailure() == null
                        && !out.contains(slot)
                        && !hasSeen(evaluation, seen.get(slot.attack()), slot)
                        && Predictions.suffice(evaluation, tally, slot))
                .toList();
    }

    private static boolean hasSeen(Evaluation evaluation, BitSet seen, EvaluationPlan.Slot slot) {
        return IntStream.of(EvaluationPlan.images(evaluation, slot)).allMatch(seen::get);
    }

    static boolean isComplete(Evaluation evaluation, Tally tally) {
        return tally.getAttacks().stream().allMatch(attack -> isWhole(evaluation, attack));
    }

    /** Whether nothing more comes of a tally in this run: every image was seen under every attack that has not failed. */
    static boolean isOver(Evaluation evaluation, Tally tally) {
        return !tally.getAttacks().isEmpty()
                && tally.getAttacks().stream()
                        .allMatch(attack -> attack.getFailure() != null || isWhole(evaluation, attack));
    }

    private static boolean isWhole(Evaluation evaluation, AttackTally attack) {
        return seen(attack).cardinality() == evaluation.getImages();
    }

    private static BitSet seen(AttackTally attack) {
        return BitSet.valueOf(attack.getSeen().duplicate());
    }

    private static List<AskedRequest> without(List<AskedRequest> asked, Predicate<AskedRequest> leaves) {
        return asked.stream().filter(leaves.negate()).toList();
    }

    private static Tally replaced(Tally tally, int position, AttackTally attack) {
        List<AttackTally> attacks = new ArrayList<>(tally.getAttacks());
        attacks.set(position, attack);
        return Tally.newBuilder(tally).setAttacks(attacks).build();
    }
}
