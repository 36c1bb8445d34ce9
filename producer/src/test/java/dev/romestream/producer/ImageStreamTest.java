package dev.romestream.producer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.schemas.DatasetSpec;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageStreamTest {
    private static ImageStream shapes(long seed, String... drifts) {
        return ImageStream.of(
                RomeConfig.of(Map.of()),
                DatasetSpec.newBuilder().setName("shapes10").build(),
                seed,
                Stream.of(drifts).map(Drift::parse).toList(),
                activity -> {});
    }

    private static byte[] pixels(ImageStream.Image image) {
        return ImageFile.read("an image", image.png()).pixels();
    }

    @Test
    void anImageFollowsFromTheSeedAndItsNumber() {
        ImageStream stream = shapes(7, "noise:2@3", "rotation@5");
        List<byte[]> inOrder = IntStream.range(0, 8)
                .mapToObj(number -> stream.image(number).png())
                .toList();
        ImageStream again = shapes(7, "rotation@5", "noise:2@3");
        for (int number = 7; number >= 0; number--) {
            assertThat(again.image(number).png()).isEqualTo(inOrder.get(number));
        }
        assertThat(shapes(8).image(0).png()).isNotEqualTo(inOrder.get(0));
        assertThat(new HashSet<>(
                        inOrder.stream().map(java.util.Arrays::hashCode).toList()))
                .hasSize(8);
        ImageStream without = shapes(7);
        assertThat(pixels(without.image(2))).isEqualTo(pixels(stream.image(2)));
        assertThat(pixels(without.image(3))).isNotEqualTo(pixels(stream.image(3)));
        assertThat(without.image(3).label()).isEqualTo(stream.image(3).label());
    }

    @Test
    void theLastDriftOfAKindHoldsUntilItEnds() {
        ImageStream stream = shapes(1, "noise:1@2", "noise:4@4", "blur:1@4", "noise:0@6");
        assertThat(IntStream.range(1, 7).mapToObj(stream::driftAt))
                .containsExactly(
                        "", "noise:1@2", "noise:1@2", "noise:4@4, blur:1@4", "noise:4@4, blur:1@4", "blur:1@4");
    }

    @Test
    void classesGiveWayAsFarAsSeveritySays() {
        Set<String> first = Set.of("disc", "ring", "square", "frame", "triangle");
        ImageStream stream = shapes(3, "classes:5@200", "classes:2@400");
        assertThat(share(stream, first, 0)).isBetween(.4, .6);
        assertThat(share(stream, first, 200)).isEqualTo(1);
        assertThat(share(stream, first, 400)).isBetween(.6, .8);
    }

    private static double share(ImageStream stream, Set<String> classes, int from) {
        return IntStream.range(from, from + 200)
                        .filter(number -> classes.contains(stream.image(number).label()))
                        .count()
                / 200.0;
    }

    @Test
    void filesComeInAnOrderOfTheirOwnEachTimeRound(@TempDir Path directory) throws Exception {
        ImageStream shapes = shapes(4);
        for (String split : List.of("train", "test")) {
            for (int number = 0; number < 12; number++) {
                Path folder = directory.resolve(split).resolve("class-" + number % 3);
                java.nio.file.Files.createDirectories(folder);
                java.nio.file.Files.write(
                        folder.resolve(number + ".png"), shapes.image(number).png());
            }
        }
        ImageStream stream = ImageStream.of(
                RomeConfig.of(Map.of("data.dir", directory.toString())),
                DatasetSpec.newBuilder().setName("folder").build(),
                5,
                List.of(),
                activity -> {});
        List<List<Integer>> rounds = Stream.of(0, 12)
                .map(from -> IntStream.range(from, from + 12)
                        .mapToObj(number -> java.util.Arrays.hashCode(pixels(stream.image(number))))
                        .toList())
                .toList();
        assertThat(rounds.get(0)).doesNotHaveDuplicates().containsExactlyInAnyOrderElementsOf(rounds.get(1));
        assertThat(rounds.get(0)).isNotEqualTo(rounds.get(1));
    }

    @Test
    void whatIsNoDriftIsRefusedWithWhatIs() {
        for (String wrong : List.of("fog", "noise:6", "noise@-1", "noise:1@x", "", "NOISE")) {
            assertThatThrownBy(() -> Drift.parse(wrong))
                    .hasMessageContaining("'" + wrong + "'")
                    .hasMessageContaining("brightness, contrast, noise, blur, rotation, classes");
        }
        assertThat(Drift.parse("blur")).hasToString("blur:3@0");
    }
}
