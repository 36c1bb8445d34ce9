package dev.romestream.robustness.tensor;

import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * A counter-based seed: a value derived from what a draw is for, so that there is no generator state to save. Mixing is
 * SplitMix64's finaliser (Steele, Lea and Flood 2014).
 *
 * @param value the 64 bits
 */
public record Seed(long value) {
    private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;

    /** The seed of a part of this one's work, by number. */
    public Seed with(long part) {
        return new Seed(mix(mix(value + GOLDEN_GAMMA) ^ (part * GOLDEN_GAMMA + 1)));
    }

    /** The seed of a part of this one's work, by name. */
    public Seed with(String purpose) {
        Seed seed = with(purpose.length());
        for (int i = 0; i < purpose.length(); i++) {
            seed = seed.with(purpose.charAt(i));
        }
        return seed;
    }

    /** A generator that starts from this seed: SplitMix64 as the running Java release implements {@link SplittableRandom}. */
    public SplittableRandom random() {
        return new SplittableRandom(mix(value));
    }

    /** {@code count} distinct numbers of 0 to {@code bound} - 1, or all of them where there are fewer, in random order. */
    public int[] sample(int count, int bound) {
        SplittableRandom random = random();
        int[] order = new int[bound];
        for (int i = 0; i < bound; i++) {
            order[i] = i;
        }
        int taken = Math.min(count, bound);
        for (int i = 0; i < taken; i++) {
            int j = random.nextInt(i, bound);
            int swapped = order[i];
            order[i] = order[j];
            order[j] = swapped;
        }
        return Arrays.copyOf(order, taken);
    }

    /** {@code count} numbers, uniform between {@code low} and {@code high}. */
    public float[] uniform(int count, double low, double high) {
        SplittableRandom random = random();
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) (low + (high - low) * random.nextDouble());
        }
        return values;
    }

    private static long mix(long z) {
        long a = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        long b = (a ^ (a >>> 27)) * 0x94D049BB133111EBL;
        return b ^ (b >>> 31);
    }
}
