package dev.romestream.robustness.attack;

import dev.romestream.robustness.tensor.Seed;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * The Square attack (Andriushchenko et al. 2020): random search over squares at the ball's surface, by the margin alone, without
 * gradients. An image that is misclassified asks nothing more, and a draw that changes nothing is not asked about.
 *
 * @param queries draws for an image
 * @param initialShare of the pixels that a first square covers
 * @param targeted towards class (label + 1) mod classes
 */
record Square(Ball ball, int queries, double initialShare, boolean targeted) implements StagedAttack {
    /** Iterations, of 10,000, after which the share is halved. */
    private static final int[] HALVINGS = {10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000};

    private static final double SCALE = 10_000;

    /** Draws candidates of one image. */
    abstract static class Proposals {
        final float[] clean;
        final double epsilon;
        final SplittableRandom random;
        final int channels;
        final int height;
        final int width;

        /** @param shape channels, height and width */
        Proposals(float[] clean, double epsilon, long[] shape, SplittableRandom random) {
            this.clean = clean;
            this.epsilon = epsilon;
            this.random = random;
            this.channels = (int) shape[0];
            this.height = (int) shape[1];
            this.width = (int) shape[2];
        }

        abstract float[] first();

        /**
         * The next candidate, which may be {@code best} itself where the draw changes nothing.
         *
         * @param share of the pixels that change
         */
        abstract float[] next(float[] best, double share);

        final double sign() {
            return random.nextBoolean() ? 1 : -1;
        }

        /** The position of a value in a row. */
        final int at(int channel, int row, int column) {
            return (channel * height + row) * width + column;
        }
    }

    /** One image's search. */
    private static final class Search {
        private final Proposals proposals;
        private final int aim;
        private float[] best;
        private float[] candidate;
        private double margin = Double.POSITIVE_INFINITY;

        Search(Proposals proposals, int aim) {
            this.proposals = proposals;
            this.aim = aim;
            this.candidate = proposals.first();
        }

        private void take(float[] logits, boolean targeted) {
            double seen = targeted ? -Rows.margin(logits, aim) : Rows.margin(logits, aim);
            if (seen < margin || seen <= 0) {
                margin = seen;
                best = candidate;
            }
        }
    }

    @Override
    public void run(Field field, Seed seed) {
        Oracle oracle = field.oracle();
        int[] aims = targeted ? Rows.nextClasses(field.labels(), oracle.classes()) : field.labels();
        List<Search> all = new ArrayList<>();
        for (int image : field.robust()) {
            Proposals proposals = proposals(
                    field.clean()[image],
                    oracle.image().getShape(),
                    seed.with(image).random());
            all.add(new Search(proposals, aims[image]));
        }
        ask(oracle, all);
        List<Search> running = all;
        for (int query = 1; query < queries; query++) {
            running = running.stream().filter(search -> search.margin > 0).toList();
            if (running.isEmpty()) {
                break;
            }
            double share = share(query);
            running.forEach(search -> search.candidate = search.proposals.next(search.best, share));
            ask(
                    oracle,
                    running.stream()
                            .filter(search -> search.candidate != search.best)
                            .toList());
        }
        field.enter(all.stream()
                .map(search -> new AttackResult(search.best, search.margin <= 0))
                .toList());
    }

    private Proposals proposals(float[] clean, long[] shape, SplittableRandom random) {
        return ball.norm() == Norm.LINF
                ? new FlatSquares(clean, ball.epsilon(), shape, random)
                : new PeakedSquares(clean, ball.epsilon(), shape, random);
    }

    private void ask(Oracle oracle, List<Search> searches) {
        if (searches.isEmpty()) {
            return;
        }
        float[][] logits =
                oracle.logits(searches.stream().map(search -> search.candidate).toArray(float[][]::new));
        for (int row = 0; row < logits.length; row++) {
            searches.get(row).take(logits[row], targeted);
        }
    }

    private double share(int query) {
        int scaled = (int) (query / (double) queries * SCALE);
        long halvings =
                Arrays.stream(HALVINGS).filter(threshold -> scaled > threshold).count();
        return initialShare / (1L << halvings);
    }
}
