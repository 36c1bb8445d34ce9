package dev.romestream.robustness.attack;

import dev.romestream.robustness.tensor.Seed;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** The template of attacks in stages, each on the images that still stand after the ones before. */
interface StagedAttack extends RowAttack {

    /** What all stages share: the images, and what has become of them. */
    final class Field {
        /** Most wrong classes that are aimed at, one after the other. */
        private static final int MOST_TARGETS = 9;

        private final Oracle oracle;
        private final float[][] clean;
        private final int[] labels;
        private final float[][] cleanLogits;
        private final float[][] points;
        private List<Integer> robust;

        Field(Oracle oracle, float[][] clean, int[] labels) {
            this.oracle = oracle;
            this.clean = clean;
            this.labels = labels;
            this.points = clean.clone();
            this.cleanLogits = oracle.logits(clean);
            this.robust = IntStream.range(0, clean.length)
                    .filter(image -> Rows.argMax(cleanLogits[image]) == labels[image])
                    .boxed()
                    .toList();
        }

        Oracle oracle() {
            return oracle;
        }

        float[][] clean() {
            return clean;
        }

        int[] labels() {
            return labels;
        }

        List<Integer> robust() {
            return robust;
        }

        /** How many wrong classes are aimed at, the likeliest first. */
        int targets() {
            return Math.min(MOST_TARGETS, oracle.classes() - 1);
        }

        /** The n-th most likely wrong class of each image, n from 1, as the network sees the clean one. */
        int[] likelyTargets(int n) {
            return IntStream.range(0, clean.length)
                    .map(image -> IntStream.range(0, oracle.classes())
                            .filter(c -> c != labels[image])
                            .boxed()
                            .sorted(Comparator.comparing(c -> -cleanLogits[image][c]))
                            .skip(n - 1L)
                            .findFirst()
                            .orElseThrow())
                    .toArray();
        }

        /** Enters what came of the robust images, in order. */
        void enter(List<AttackResult> outcomes) {
            List<Integer> left = new ArrayList<>();
            for (int row = 0; row < outcomes.size(); row++) {
                int image = robust.get(row);
                if (!Arrays.equals(outcomes.get(row).point(), clean[image])) {
                    oracle.noteMoved(image);
                }
                if (outcomes.get(row).misclassified()) {
                    points[image] = outcomes.get(row).point();
                } else {
                    left.add(image);
                }
            }
            robust = left;
        }
    }

    /** Runs the stages; what still stands afterwards stays clean. */
    void run(Field field, Seed seed);

    @Override
    default float[][] perturb(Oracle oracle, float[][] clean, int[] labels, Seed seed) {
        Field field = new Field(oracle, clean, labels);
        run(field, seed);
        return field.points;
    }
}
