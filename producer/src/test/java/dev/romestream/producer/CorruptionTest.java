package dev.romestream.producer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class CorruptionTest {
    private static final int HEIGHT = 4;
    private static final int WIDTH = 5;

    private static byte[] pixels() {
        byte[] pixels = new byte[3 * HEIGHT * WIDTH];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (byte) (i * 37);
        }
        return pixels;
    }

    private static int[] changed(Corruption corruption, byte[] pixels, int severity) {
        byte[] changed = corruption.apply(pixels, 3, HEIGHT, WIDTH, severity, new SplittableRandom(1));
        return IntStream.range(0, changed.length).map(i -> changed[i] & 0xff).toArray();
    }

    /** Of SciPy's gaussian_filter (nearest, truncated at 4), of Python's colorsys, and of the formula in NumPy. */
    @Test
    void blurContrastAndBrightnessAreThoseOfPython() {
        assertThat(changed(Corruption.BLUR, pixels(), 3))
                .containsExactly(
                        47, 65, 72, 97, 124, 136, 135, 88, 84, 82, 120, 138, 144, 139, 85, 67, 96, 131, 156, 155, 177,
                        91, 76, 80, 99, 153, 149, 144, 97, 96, 94, 122, 147, 154, 172, 39, 68, 104, 140, 168, 190, 178,
                        100, 84, 82, 138, 154, 158, 153, 98, 110, 107, 131, 156, 155, 169, 84, 79, 113, 141);
        assertThat(changed(Corruption.CONTRAST, pixels(), 2))
                .containsExactly(
                        54, 73, 91, 110, 128, 147, 165, 56, 74, 93, 111, 130, 148, 167, 57, 76, 94, 113, 131, 150, 173,
                        64, 82, 101, 119, 138, 156, 175, 65, 84, 102, 121, 139, 158, 176, 67, 85, 104, 122, 141, 165,
                        183, 74, 92, 111, 129, 148, 166, 185, 75, 94, 112, 131, 149, 168, 186, 77, 95, 114, 132);
        int[] brighter = {
            0, 40, 112, 149, 186, 223, 255, 3, 42, 115, 152, 189, 226, 255, 7, 45, 118, 155, 192, 229, 255, 10, 70, 112,
            151, 189, 223, 255, 13, 73, 115, 154, 193, 223, 255, 16, 77, 118, 157, 196, 224, 255, 27, 74, 116, 156, 191,
            224, 255, 31, 77, 119, 159, 192, 224, 255, 35, 81, 122, 162
        };
        int[] seen = changed(Corruption.BRIGHTNESS, pixels(), 3);
        assertThat(IntStream.range(0, seen.length).map(i -> Math.abs(seen[i] - brighter[i])))
                .as("but for the rounding of halves")
                .allMatch(difference -> difference <= 1)
                .filteredOn(difference -> difference == 1)
                .hasSizeLessThan(2);
    }

    @Test
    void whatIsBlackBecomesGreyInBrightness() {
        assertThat(changed(Corruption.BRIGHTNESS, new byte[3 * HEIGHT * WIDTH], 5))
                .containsOnly((int) Math.round(255 * .3));
    }

    @Test
    void noiseHasItsStandardDeviation() {
        byte[] grey = new byte[3 * 100 * 100];
        Arrays.fill(grey, (byte) 128);
        Map.of(1, .04, 5, .1).forEach((severity, deviation) -> {
            byte[] noisy = Corruption.NOISE.apply(grey, 3, 100, 100, severity, new SplittableRandom(2));
            double squares = 0;
            double sum = 0;
            for (byte value : noisy) {
                double difference = ((value & 0xff) - 128) / 255.0;
                squares += difference * difference;
                sum += difference;
            }
            assertThat(Math.sqrt(squares / noisy.length)).isCloseTo(deviation, within(.002));
            assertThat(sum / noisy.length).isCloseTo(0, within(.003));
        });
    }

    /** A line through the middle is one at an angle. */
    @Test
    void rotationTurnsAboutTheCentre() {
        int side = 21;
        byte[] line = new byte[side * side];
        for (int row = 0; row < side; row++) {
            line[row * side + 10] = (byte) 255;
        }
        byte[] turned = Corruption.ROTATION.apply(line, 1, side, side, 5, new SplittableRandom(3));
        assertThat(turned[10 * side + 10]).as("the centre stays").isEqualTo((byte) 255);
        double[] columns = new double[side];
        for (int row = 0; row < side; row++) {
            double mass = 0;
            for (int column = 0; column < side; column++) {
                int value = turned[row * side + column] & 0xff;
                mass += value;
                columns[row] += value * column;
            }
            columns[row] /= mass;
        }
        assertThat(Math.abs((columns[14] - columns[6]) / 8)).isCloseTo(Math.tan(Math.toRadians(30)), within(.02));
        byte[] plain = new byte[side * side];
        Arrays.fill(plain, (byte) 77);
        assertThat(Corruption.ROTATION.apply(plain, 1, side, side, 5, new SplittableRandom(4)))
                .containsOnly(77);
    }

    @Test
    void moreSeverityIsMoreChangeAndNoneIsNone() {
        for (Corruption corruption : Corruption.values()) {
            assertThat(corruption.apply(pixels(), 3, HEIGHT, WIDTH, 0, new SplittableRandom(5)))
                    .isEqualTo(pixels());
            double before = 0;
            for (int severity = 1; severity <= Corruption.MOST; severity++) {
                int[] changed = changed(corruption, pixels(), severity);
                byte[] whole = pixels();
                double distance = IntStream.range(0, changed.length)
                        .mapToDouble(i -> Math.pow(changed[i] - (whole[i] & 0xff), 2))
                        .sum();
                assertThat(distance).as(corruption + " " + severity).isGreaterThan(before);
                before = distance;
            }
        }
    }
}
