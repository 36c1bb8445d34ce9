package dev.romestream.robustness.attack;

import dev.romestream.robustness.tensor.Seed;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * The Square attack (Andriushchenko et al. 2020) in the L-infinity ball: random search over squares at the ball's surface, by the
 * margin alone, without gradients. An image that is lost asks nothing more.
 *
 * @param queries most evaluations of an image
 * @param initialShare of the pixels that a first square covers
 * @param targeted towards class (label + 1) mod classes
 */
record Square(double epsilon, int queries, double initialShare, boolean targeted) implements StagedAttack {
    /** Iterations, of 10,000, after which the share is halved. */
    private static final int[] HALVINGS = {10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000};

    private static final double SCALE = 10_000;

    /** One image's search. */
    private final class Search {
        private final float[] clean;
        private final int aim;
        private final SplittableRandom random;
        private final int channels;
        private final int height;
        private final int width;
        private float[] best;
        private float[] candidate;
        private double margin = Double.POSITIVE_INFINITY;

        Search(float[] clean, int aim, long[] shape, SplittableRandom random) {
            this.clean = clean;
            this.aim = aim;
            this.random = random;
            this.channels = (int) shape[0];
            this.height = (int) shape[1];
            this.width = (int) shape[2];
        }

        private double sign() {
            return random.nextBoolean() ? 1 : -1;
        }

        private void stripes() {
            candidate = new float[clean.length];
            for (int channel = 0; channel < channels; channel++) {
                for (int column = 0; column < width; column++) {
                    double shift = epsilon * sign();
                    for (int row = 0; row < height; row++) {
                        int i = (channel * height + row) * width + column;
                        candidate[i] = Rows.clamp(clean[i] + shift, 0, 1);
                    }
                }
            }
        }

        private void square(int size) {
            candidate = best.clone();
            int top = random.nextInt(height - size + 1);
            int left = random.nextInt(width - size + 1);
            for (int channel = 0; channel < channels; channel++) {
                double shift = 2 * epsilon * sign();
                for (int row = top; row < top + size; row++) {
                    for (int column = left; column < left + size; column++) {
                        int i = (channel * height + row) * width + column;
                        candidate[i] = Rows.within(best[i] + shift, clean[i], epsilon);
                    }
                }
            }
        }

        private void take(float[] logits) {
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
        long[] shape = oracle.image().getShape();
        int[] aims = targeted ? Rows.nextClasses(field.labels(), oracle.classes()) : field.labels();
        List<Search> all = new ArrayList<>();
        for (int image : field.standing()) {
            all.add(new Search(
                    field.clean()[image], aims[image], shape, seed.with(image).random()));
        }
        all.forEach(Search::stripes);
        ask(oracle, all);
        double pixels = (double) shape[1] * shape[2];
        List<Search> running = all;
        for (int query = 1; query < queries; query++) {
            running = running.stream().filter(search -> search.margin > 0).toList();
            if (running.isEmpty()) {
                break;
            }
            int size = Math.max(1, (int) Math.round(Math.sqrt(share(query) * pixels)));
            int side = (int) Math.min(size, Math.min(shape[1], shape[2]) - 1);
            running.forEach(search -> search.square(side));
            ask(oracle, running);
        }
        field.enter(all.stream()
                .map(search -> new Outcome(search.best, search.margin <= 0))
                .toList());
    }

    private static void ask(Oracle oracle, List<Search> searches) {
        if (searches.isEmpty()) {
            return;
        }
        float[][] logits =
                oracle.logits(searches.stream().map(search -> search.candidate).toArray(float[][]::new));
        for (int row = 0; row < logits.length; row++) {
            searches.get(row).take(logits[row]);
        }
    }

    private double share(int query) {
        int scaled = (int) (query / (double) queries * SCALE);
        long halvings =
                Arrays.stream(HALVINGS).filter(threshold -> scaled > threshold).count();
        return initialShare / (1L << halvings);
    }
}
