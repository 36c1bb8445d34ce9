package dev.romestream.robustness.network;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Files with random damage: refused by name, or read; nothing else, in bounded time and memory. */
@Timeout(120)
class DamagedFilesTest {
    private static final int VARIANTS = 300;
    private static final int MOST_CHANGES = 8;

    @TempDir
    private Path directory;

    static Stream<Path> files() throws IOException {
        try (Stream<Path> files = Files.list(Path.of("src/test/resources/networks"))) {
            return files.filter(file -> !file.toString().endsWith(".py")).sorted().toList().stream();
        }
    }

    @ParameterizedTest
    @MethodSource("files")
    void damageIsRefusedByName(Path file) throws IOException {
        byte[] whole = Files.readAllBytes(file);
        Path damaged = directory.resolve("damaged-" + file.getFileName());
        for (int seed = 0; seed < VARIANTS; seed++) {
            Files.write(damaged, damaged(whole, new Random(seed)));
            for (Reader reader : List.<Reader>of(StateDict::read, TensorFile::read)) {
                try {
                    assertThat(reader.read(damaged)).isNotNull();
                } catch (IllegalArgumentException | IOException e) {
                    assertThat(e.getMessage()).as("seed %d", seed).isNotBlank();
                }
            }
        }
    }

    private interface Reader {
        Object read(Path file) throws IOException;
    }

    /** Cut, or with some bytes changed: most of them where lengths and opcodes are, at the start and the end. */
    private static byte[] damaged(byte[] whole, Random random) {
        if (random.nextInt(4) == 0) {
            return Arrays.copyOf(whole, random.nextInt(whole.length));
        }
        byte[] bytes = whole.clone();
        int changes = 1 + random.nextInt(MOST_CHANGES);
        for (int i = 0; i < changes; i++) {
            int at =
                    switch (random.nextInt(3)) {
                        case 0 -> random.nextInt(Math.min(bytes.length, 1000));
                        case 1 -> bytes.length - 1 - random.nextInt(Math.min(bytes.length, 1000));
                        default -> random.nextInt(bytes.length);
                    };
            bytes[at] = random.nextBoolean() ? (byte) random.nextInt() : (byte) 0xff;
        }
        return bytes;
    }
}
