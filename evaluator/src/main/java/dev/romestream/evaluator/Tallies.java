package dev.romestream.evaluator;

import dev.romestream.schemas.EvaluationContext;
import dev.romestream.schemas.PerturbedBatch;
import dev.romestream.schemas.Tally;
import dev.romestream.schemas.TallyCell;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/** How an outcome changes a tally. Applying one twice changes nothing. */
final class Tallies {
    private Tallies() {}

    /** The key of a tally: experiment/snapshot/victim/suite. */
    static String key(EvaluationContext context) {
        return context.getExperiment() + "/" + context.getSnapshot() + "/" + context.getVictim() + "/"
                + context.getSuite();
    }

    static Tally empty(EvaluationContext context) {
        List<TallyCell> cells = new ArrayList<>();
        for (int i = 0; i < context.getPlan().size(); i++) {
            cells.add(new TallyCell(ByteBuffer.allocate(0), ByteBuffer.allocate(0), 0.0, 0L, 0L, 0L, 0L, null));
        }
        return new Tally(EvaluationContext.newBuilder(context).setCell(0).build(), cells);
    }

    /**
     * The tally with a batch's outcome in it.
     *
     * @param outcome image by image, as the batch has them
     */
    static Tally apply(Tally tally, PerturbedBatch batch, BatchScorer.Outcome outcome) {
        boolean[] correct = outcome.correct();
        int position = batch.getEvaluation().getCell();
        TallyCell cell = tally.getCells().get(position);
        BitSet seen = BitSet.valueOf(cell.getSeen().duplicate());
        BitSet hits = BitSet.valueOf(cell.getCorrect().duplicate());
        boolean isNew = false;
        for (int i = 0; i < correct.length; i++) {
            int id = batch.getImageIds().get(i);
            isNew |= !seen.get(id);
            seen.set(id);
            hits.set(id, correct[i]);
        }
        return isNew
                ? replaced(
                        tally,
                        position,
                        new TallyCell(
                                ByteBuffer.wrap(seen.toByteArray()),
                                ByteBuffer.wrap(hits.toByteArray()),
                                cell.getSeconds() + batch.getSeconds(),
                                cell.getGradientEvaluations() + batch.getGradientEvaluations(),
                                cell.getForwardEvaluations() + batch.getForwardEvaluations(),
                                cell.getZeroGradients() + batch.getZeroGradients(),
                                cell.getDiffering() + outcome.differing(),
                                cell.getFailure()))
                : tally;
    }

    /** The tally with a request's failure noted. */
    static Tally failed(Tally tally, PerturbedBatch batch) {
        int position = batch.getEvaluation().getCell();
        TallyCell cell = TallyCell.newBuilder(tally.getCells().get(position))
                .setFailure(batch.getError())
                .build();
        return replaced(tally, position, cell);
    }

    private static Tally replaced(Tally tally, int position, TallyCell cell) {
        List<TallyCell> cells = new ArrayList<>(tally.getCells());
        cells.set(position, cell);
        return new Tally(tally.getContext(), cells);
    }
}
