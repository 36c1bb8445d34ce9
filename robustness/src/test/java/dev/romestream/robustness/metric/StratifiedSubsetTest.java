package dev.romestream.robustness.metric;

import static org.assertj.core.api.Assertions.assertThat;

import dev.romestream.robustness.tensor.Seed;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class StratifiedSubsetTest {
    /** Ordered by class, as a folder is: 50, 30 and 20 images. */
    private static final int[] LABELS =
            IntStream.range(0, 100).map(i -> i < 50 ? 0 : i < 80 ? 1 : 2).toArray();

    private static int[] draw(int size, long seed) {
        return StratifiedSubset.draw(LABELS, 3, size, new Seed(seed));
    }

    private static long count(int[] images, int label) {
        return Arrays.stream(images).filter(image -> LABELS[image] == label).count();
    }

    @Test
    void everyClassHasItsShare() {
        int[] ten = draw(10, 1);
        assertThat(ten).hasSize(10).doesNotHaveDuplicates();
        assertThat(count(ten, 0)).isEqualTo(5);
        assertThat(count(ten, 1)).isEqualTo(3);
        assertThat(count(ten, 2)).isEqualTo(2);
        for (int size = 3; size <= 100; size++) {
            int[] images = draw(size, 2);
            assertThat((double) count(images, 0)).isBetween(0.5 * size - 1, 0.5 * size + 1);
            assertThat((double) count(images, 2)).isBetween(0.2 * size - 1, 0.2 * size + 1);
        }
    }

    @Test
    void subsetsAreNestedRepeatableAndOtherUnderAnotherSeed() {
        assertThat(Arrays.copyOf(draw(40, 1), 15)).isEqualTo(draw(15, 1));
        assertThat(draw(15, 1)).isEqualTo(draw(15, 1)).isNotEqualTo(draw(15, 2));
    }

    @Test
    void moreThanThereAreAreAll() {
        assertThat(draw(1000, 1)).hasSize(100).doesNotHaveDuplicates();
    }
}
