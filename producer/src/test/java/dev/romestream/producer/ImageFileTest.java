package dev.romestream.producer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ImageFileTest {
    @TempDir
    private Path directory;

    private static Path resource(String name) throws URISyntaxException {
        return Path.of(ImageFileTest.class.getResource("/images/" + name).toURI());
    }

    /** {@code images/make.py} tells how the values were made. */
    @TestFactory
    Stream<DynamicTest> everyColourModelHasTheValuesThatPillowReads() throws IOException, URISyntaxException {
        Map<String, List<int[]>> expected = new LinkedHashMap<>();
        for (String line : Files.readAllLines(resource("expected.csv"))) {
            String[] fields = line.split(",", 2);
            expected.computeIfAbsent(fields[0], any -> new java.util.ArrayList<>())
                    .add(Arrays.stream(fields[1].strip().split(","))
                            .mapToInt(Integer::parseInt)
                            .toArray());
        }
        assertThat(expected).hasSizeGreaterThan(20);
        return expected.entrySet().stream()
                .map(entry -> DynamicTest.dynamicTest(entry.getKey(), () -> compare(entry.getKey(), entry.getValue())));
    }

    private static void compare(String name, List<int[]> expected) throws URISyntaxException {
        ImageFile image = ImageFile.read(resource(name));
        int area = image.width() * image.height();
        for (int[] row : expected) {
            int pixel = row[1] * image.width() + row[0];
            int[] read = new int[3];
            for (int channel = 0; channel < 3; channel++) {
                read[channel] = image.pixels()[channel * area + pixel] & 0xff;
            }
            for (int channel = 0; channel < 3; channel++) {
                // decoders of JPEG round differently
                assertThat(read[channel])
                        .as(name + " at " + row[0] + ", " + row[1])
                        .isCloseTo(row[2 + channel], within(name.endsWith(".jpg") ? 1 : 0));
            }
        }
        assertThat(image.transparent()).isEqualTo(name.matches("(rgba8|greyalpha8|transparent-palette8).png"));
    }

    /** {@code images/cut/make.py} asks Pillow; JPEG may round differently, and is looked at by its verdict alone. */
    @TestFactory
    Stream<DynamicTest> whatIsCutIsRefusedWherePillowRefusesIt() throws IOException, URISyntaxException {
        List<String> verdicts = Files.readAllLines(resource("cut/verdicts.csv"));
        assertThat(verdicts).hasSizeGreaterThan(150);
        return verdicts.stream()
                .map(verdict -> DynamicTest.dynamicTest(verdict, () -> {
                    String[] fields = verdict.split(",");
                    byte[] whole = Files.readAllBytes(resource("cut/" + fields[0]));
                    byte[] left = Arrays.copyOf(whole, Integer.parseInt(fields[1]));
                    String read;
                    try {
                        read = digest(ImageFile.read(fields[0], left));
                    } catch (SourceException e) {
                        assertThat(e).hasMessageContaining(fields[0]);
                        read = "refused";
                    }
                    if (fields[2].equals("refused") || left.length == whole.length || !read.equals("refused")) {
                        // JPEG may round differently
                        boolean rounds = fields[0].endsWith(".jpg") && !read.equals("refused");
                        assertThat(rounds ? "read" : read)
                                .isEqualTo(rounds && !fields[2].equals("refused") ? "read" : fields[2]);
                    } // else all pixels are there, and only an end mark is not: we are the stricter ones
                }));
    }

    /** {@code images/cut/flip.py} asks Pillow of files with one byte changed: what it refuses is never taken for an image. */
    @Test
    void whatPillowRefusesAsDamagedIsRefused() throws Exception {
        int refused = 0;
        List<String> taken = new ArrayList<>();
        for (String verdict : Files.readAllLines(resource("cut/flips.csv"))) {
            String[] fields = verdict.split(",");
            byte[] changed = Files.readAllBytes(resource("cut/" + fields[0]));
            changed[Integer.parseInt(fields[1])] = (byte) Integer.parseInt(fields[2]);
            String read;
            try {
                read = digest(ImageFile.read(fields[0], changed));
            } catch (SourceException e) {
                read = "refused";
            }
            boolean same = fields[3].equals(read) || (fields[0].endsWith(".jpg") && !fields[3].equals("refused"));
            refused += fields[3].equals("refused") ? 1 : 0;
            // without a checksum, only the codes of LZW could tell, which Java's readers do not look at
            boolean lzw = fields[0].endsWith(".gif") || fields[0].startsWith("lzw");
            if (!same && !read.equals("refused") && !lzw) {
                taken.add(verdict.substring(0, verdict.lastIndexOf(',') + 8));
            }
        }
        assertThat(refused).isGreaterThan(50);
        assertThat(taken).isEmpty();
    }

    /** Of the RGB bytes, pixel by pixel. */
    private static String digest(ImageFile image) throws NoSuchAlgorithmException {
        int area = image.width() * image.height();
        byte[] interleaved = new byte[3 * area];
        for (int i = 0; i < interleaved.length; i++) {
            interleaved[i] = image.pixels()[i % 3 * area + i / 3];
        }
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(interleaved));
    }

    @Test
    void whatIsBehindTheEndOfAPngIsNoPartOfIt() throws Exception {
        byte[] whole = Files.readAllBytes(resource("cut/rgb.png"));
        assertThat(digest(ImageFile.read("padded.png", Arrays.copyOf(whole, whole.length + 64))))
                .isEqualTo(digest(ImageFile.read("whole.png", whole)));
    }

    @Test
    void anAnimationIsRefusedWithAWayOut() throws Exception {
        byte[] animated = Files.readAllBytes(resource("cut/animated.webp.bin"));
        assertThatThrownBy(() -> ImageFile.read("a.webp", animated))
                .hasMessage("a.webp is an animated WebP file, which is not read; save a frame of it as an image.");
    }

    @Test
    void filesThatAreNoImagesAreNamed() throws IOException {
        Path text = Files.writeString(directory.resolve("a.png"), "no image");
        assertThatThrownBy(() -> ImageFile.read(text))
                .isInstanceOf(SourceException.class)
                .hasMessageContaining("a.png is not an image that can be read");
        Path none = Files.createFile(directory.resolve("b.jpg"));
        assertThatThrownBy(() -> ImageFile.read(none)).hasMessageContaining("b.jpg");
        assertThatThrownBy(() -> ImageFile.read(directory.resolve("c.jpg"))).hasMessageContaining("c.jpg");
    }

    @Test
    void damagedFilesAreNamed() throws IOException, URISyntaxException {
        for (String name :
                List.of("rgb8.png", "rgb.jpg", "rgb8.webp", "rgb8.tif", "rgb8.gif", "rgb8.bmp", "palette8.png")) {
            byte[] whole = Files.readAllBytes(resource(name));
            for (int length = 1; length < whole.length; length += 7) {
                Path cut = Files.write(directory.resolve(length + name), Arrays.copyOf(whole, length));
                try {
                    ImageFile.read(cut);
                } catch (SourceException e) {
                    assertThat(e).hasMessageContaining(length + name);
                }
            }
        }
    }

    /** Random damage: refused by name, or read, in bounded time and memory. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "rgb8.png",
                "palette8.png",
                "rgb.jpg",
                "cmyk.jpg",
                "rgb8.gif",
                "rgb8.bmp",
                "rgb8.tif",
                "rgb8.webp"
            })
    @Timeout(120)
    void damageIsRefusedByName(String name) throws IOException, URISyntaxException {
        byte[] whole = Files.readAllBytes(resource(name));
        Path damaged = directory.resolve("damaged-" + name);
        for (int seed = 0; seed < 60; seed++) {
            Random random = new Random(seed);
            byte[] bytes = random.nextInt(4) == 0 ? Arrays.copyOf(whole, random.nextInt(whole.length)) : whole.clone();
            for (int changes = random.nextInt(8); changes > 0 && bytes.length > 0; changes--) {
                int at = random.nextInt(random.nextBoolean() ? bytes.length : Math.min(bytes.length, 64));
                bytes[at] = random.nextBoolean() ? (byte) random.nextInt() : (byte) 0xff;
            }
            Files.write(damaged, bytes);
            try {
                assertThat(ImageFile.read(damaged).pixels()).isNotEmpty();
            } catch (SourceException e) {
                assertThat(e.getMessage()).as("seed %d", seed).contains(damaged.toString());
            }
        }
    }
}
