package dev.romestream.robustness.distill;

import static org.assertj.core.api.Assertions.assertThat;

import dev.romestream.robustness.network.ImageShape;
import dev.romestream.robustness.tensor.Seed;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class FlipAndShiftTest {
    private static final int HEIGHT = 8;
    private static final int WIDTH = 16;
    private static final ImageShape SHAPE = new ImageShape(2, HEIGHT, WIDTH);

    private static byte value(int channel, int y, int x) {
        boolean inside = y >= 0 && y < HEIGHT && x >= 0 && x < WIDTH;
        return inside ? (byte) (1 + channel * 100 + y * WIDTH / 2 + x) : 0;
    }

    private static byte[] expected(boolean flip, int down, int right) {
        byte[] image = new byte[SHAPE.size()];
        for (int i = 0; i < image.length; i++) {
            int channel = i / (HEIGHT * WIDTH);
            int y = i / WIDTH % HEIGHT - down;
            int x = i % WIDTH - right;
            image[i] = value(channel, y, flip ? WIDTH - 1 - x : x);
        }
        return image;
    }

    @Test
    void everyFlipAndShiftIsAsLikelyAsAnyOther() {
        Map<String, byte[]> variants = new HashMap<>();
        for (int flip = 0; flip < 2; flip++) {
            for (int down = -1; down <= 1; down++) {
                for (int right = -2; right <= 2; right++) {
                    variants.put(flip + " " + down + " " + right, expected(flip == 1, down, right));
                }
            }
        }
        int count = 3000;
        byte[] images = new byte[count * SHAPE.size()];
        for (int i = 0; i < count; i++) {
            System.arraycopy(expected(false, 0, 0), 0, images, i * SHAPE.size(), SHAPE.size());
        }
        byte[] changed = FlipAndShift.of(images, SHAPE, new Seed(1));
        Map<String, Integer> seen = new HashMap<>();
        for (int i = 0; i < count; i++) {
            byte[] image = Arrays.copyOfRange(changed, i * SHAPE.size(), (i + 1) * SHAPE.size());
            String variant = variants.entrySet().stream()
                    .filter(entry -> Arrays.equals(entry.getValue(), image))
                    .map(Map.Entry::getKey)
                    .findFirst()
                    .orElseThrow();
            seen.merge(variant, 1, Integer::sum);
        }
        // 100 each; five standard deviations
        assertThat(seen).hasSize(30);
        assertThat(seen.values()).allMatch(times -> times > 50 && times < 150);
        assertThat(FlipAndShift.of(images, SHAPE, new Seed(1))).isEqualTo(changed);
    }
}
