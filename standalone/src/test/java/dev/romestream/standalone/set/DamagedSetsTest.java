package dev.romestream.standalone.set;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Sets with random damage, in headers, names of classes, text and values: refused by name, or read as a set that can be published. */
@Timeout(120)
class DamagedSetsTest {
    private static final int VARIANTS = 200;

    @TempDir
    private Path directory;

    static Stream<Path> files() throws IOException {
        try (Stream<Path> files = Files.list(Path.of("src/test/resources/sets"))) {
            return files.filter(file -> !file.toString().endsWith(".py")).sorted().toList().stream();
        }
    }

    @ParameterizedTest
    @MethodSource("files")
    void damageIsRefusedByName(Path file) throws IOException {
        byte[] whole = Files.readAllBytes(file);
        Path damaged = directory.resolve(file.getFileName());
        String name = file.getFileName().toString().replaceFirst("\\.[a-z]+$", "");
        for (int seed = 0; seed < VARIANTS; seed++) {
            Files.write(damaged, damaged(whole, new Random(seed)));
            try {
                SetFile.read(damaged, Optional.empty(), Optional.empty(), seed % 2 == 0)
                        .classes(SetFileTest.DATASET)
                        .forEach(each -> {
                            FloatBuffer values = SetFileTest.floats(each.getImages());
                            while (values.hasRemaining()) {
                                assertThat(values.get()).isFinite();
                            }
                        });
            } catch (SetException e) {
                assertThat(e.getMessage()).as("seed %d", seed).contains(name);
            }
        }
    }

    /** Cut, or a part overwritten or doubled, or a few bits flipped; mostly where what is not values stands. */
    private static byte[] damaged(byte[] whole, Random random) {
        int at = random.nextBoolean() ? random.nextInt(whole.length) : random.nextInt(Math.min(300, whole.length));
        int length = 1 + random.nextInt(Math.min(16, whole.length - at));
        byte[] bytes = whole.clone();
        switch (random.nextInt(4)) {
            case 0 -> bytes = Arrays.copyOf(whole, at);
            case 1 -> Arrays.fill(bytes, at, at + length, (byte) (random.nextBoolean() ? 0 : '9'));
            case 2 -> {
                bytes = Arrays.copyOf(whole, whole.length + length);
                System.arraycopy(whole, at, bytes, at + length, whole.length - at);
            }
            default -> {
                for (int i = 0; i < length; i++) {
                    bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
                }
            }
        }
        return bytes;
    }
}
