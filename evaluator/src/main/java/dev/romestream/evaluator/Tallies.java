package dev.romestream.evaluator;

import dev.romestream.schemas.BatchOutcome;
import dev.romestream.schemas.Evaluation;
import dev.romestream.schemas.Tally;
import dev.romestream.schemas.TallyCell;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.stream.IntStream;

/** How an outcome changes a tally. Applying one twice changes nothing. */
final class Tallies {
    private Tallies() {}

    static Tally empty(Evaluation evaluation) {
        List<TallyCell> cells = new ArrayList<>();
        for (int i = 0; i < evaluation.getAttacks().size(); i++) {
            cells.add(new TallyCell(ByteBuffer.allocate(0), ByteBuffer.allocate(0), 0.0, 0L, 0L, 0L, 0L, null));
        }
        return Tally.newBuilder()
                .setEvaluation(evaluation)
                .setAttempt(evaluation.getRun())
                .setCells(cells)
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
        TallyCell cell = tally.getCells().get(outcome.getCell());
        if (outcome.getError() != null) {
            boolean counts = outcome.getAttempt() >= tally.getEvaluation().getRun();
            return counts
                    ? replaced(
                            tally,
                            outcome.getCell(),
                            TallyCell.newBuilder(cell)
                                    .setFailure(outcome.getError())
                                    .build())
                    : tally;
        }
        BitSet seen = BitSet.valueOf(cell.getSeen().duplicate());
        BitSet hits = BitSet.valueOf(cell.getCorrect().duplicate());
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
                        outcome.getCell(),
                        new TallyCell(
                                ByteBuffer.wrap(seen.toByteArray()),
                                ByteBuffer.wrap(hits.toByteArray()),
                                cell.getSeconds() + outcome.getSeconds(),
                                cell.getGradientEvaluations() + outcome.getGradientEvaluations(),
                                cell.getForwardEvaluations() + outcome.getForwardEvaluations(),
                                cell.getZeroGradients() + outcome.getZeroGradients(),
                                cell.getDiffering() + outcome.getDiffering(),
                                cell.getFailure()))
                : tally;
    }

    /** The tally with a failure noted for every attack that lacks images. */
    static Tally failed(Tally tally, String reason) {
        Tally failed = tally;
        for (int cell = 0; cell < tally.getCells().size(); cell++) {
            if (seen(tally, cell).cardinality() < tally.getEvaluation().getImages()) {
                failed = replaced(
                        failed,
                        cell,
                        TallyCell.newBuilder(tally.getCells().get(cell))
                                .setFailure(reason)
                                .build());
            }
        }
        return failed;
    }

    /** The tally for another run: what failed may succeed. */
    static Tally restarted(Tally tally, Evaluation evaluation) {
        List<TallyCell> cells = tally.getCells().stream()
                .map(cell -> TallyCell.newBuilder(cell).setFailure(null).build())
                .toList();
        return Tally.newBuilder(tally)
                .setEvaluation(evaluation)
                .setAttempt(evaluation.getRun())
                .setRetries(0)
                .setCells(cells)
                .build();
    }

    /** Requests whose images were not all seen. */
    static List<EvaluationPlan.Slot> missing(Tally tally) {
        List<BitSet> seen = IntStream.range(0, tally.getCells().size())
                .mapToObj(cell -> seen(tally, cell))
                .toList();
        return EvaluationPlan.slots(tally.getEvaluation()).stream()
                .filter(slot -> IntStream.of(EvaluationPlan.images(tally.getEvaluation(), slot))
                        .anyMatch(image -> !seen.get(slot.cell()).get(image)))
                .toList();
    }

    static boolean isComplete(Tally tally) {
        return IntStream.range(0, tally.getCells().size())
                .allMatch(cell ->
                        seen(tally, cell).cardinality() == tally.getEvaluation().getImages());
    }

    private static BitSet seen(Tally tally, int cell) {
        return BitSet.valueOf(tally.getCells().get(cell).getSeen().duplicate());
    }

    private static Tally replaced(Tally tally, int position, TallyCell cell) {
        List<TallyCell> cells = new ArrayList<>(tally.getCells());
        cells.set(position, cell);
        return Tally.newBuilder(tally).setCells(cells).build();
    }
}
