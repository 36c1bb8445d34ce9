package dev.romestream.producer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.romestream.experiments.WindowSettings;
import dev.romestream.schemas.DatasetSpec;
import dev.romestream.schemas.ImageLabels;
import dev.romestream.schemas.OffsetRange;
import dev.romestream.schemas.Split;
import dev.romestream.schemas.WindowSpec;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.junit.jupiter.api.Test;

/** Where windows end, record by record. Times are in ms; a minute is a window's period. */
class WindowAssemblyTest {
    private static final long MINUTE = 60_000;
    private static final long NOW = 100 * MINUTE;

    private final Map<Integer, Long> offsets = new TreeMap<>(Map.of(0, 0L, 1, 0L));

    private static WindowSpec.Builder window() {
        return WindowSpec.newBuilder();
    }

    private static WindowSettings settings(WindowSpec.Builder window) {
        return WindowSettings.of(DatasetSpec.newBuilder()
                        .setName("topic")
                        .setPath("photos")
                        .setWindow(window.build())
                        .build())
                .orElseThrow();
    }

    private WindowAssembly assembly(WindowSpec.Builder window, OptionalLong begin, String... classes) {
        return new WindowAssembly(settings(window), new ImageRecords(null), List.of(classes), offsets, begin);
    }

    private static byte[] png(int side) {
        try (ByteArrayOutputStream out = new ByteArrayOutputStream()) {
            ImageIO.write(new BufferedImage(side, side, BufferedImage.TYPE_INT_RGB), "png", out);
            return out.toByteArray();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private ConsumerRecord<String, byte[]> record(int partition, long time, String label, byte[] value) {
        long offset = offsets.merge(partition, 1L, Long::sum) - 1;
        return new ConsumerRecord<>(
                "photos",
                partition,
                offset,
                time,
                TimestampType.CREATE_TIME,
                0,
                value.length,
                label,
                value,
                new RecordHeaders(),
                Optional.empty());
    }

    private ConsumerRecord<String, byte[]> image(int partition, long time, String label) {
        return record(partition, time, label, png(4));
    }

    private static OffsetRange range(int partition, long from, long to) {
        return new OffsetRange(partition, from, to);
    }

    @Test
    void imagesAreCountedAndOthersArePassedOver() {
        WindowAssembly window = assembly(window().setImages(3), OptionalLong.empty());
        assertThat(window.take(image(0, 5, "a"), NOW)).isTrue();
        assertThatThrownBy(() -> window.take(record(0, 6, "a", new byte[] {1}), NOW))
                .isInstanceOf(SourceException.class)
                .hasMessageContaining("photos partition 0 offset 1");
        assertThat(window.take(image(1, 7, "a"), NOW)).isTrue();
        assertThat(window.take(image(1, 4, "a"), NOW)).isTrue();
        assertThat(window.isComplete(Set.of())).as("of one class").isFalse();
        assertThatThrownBy(() -> window.take(record(1, 4, "b", png(5)), NOW))
                .hasMessageContaining("4 x 4")
                .hasMessageContaining("5 x 5");
        assertThat(window.take(image(1, 9, "b"), NOW)).isTrue();
        assertThat(window.isComplete(Set.of())).isTrue();
        assertThat(window.ranges()).containsExactly(range(0, 0, 2), range(1, 0, 4));
        assertThat(window.images()).isEqualTo(4);
        assertThat(window.refused()).isEqualTo(2);
        assertThat(window.classes()).containsExactly("a", "b");
        assertThat(window.firstTime()).hasValue(4);
        assertThat(window.lastTime()).hasValue(9);
    }

    @Test
    void whatRecordsSayHasChangedIsToldOfTheWindow() {
        WindowAssembly window = assembly(window().setImages(3), OptionalLong.empty());
        for (String mark : new String[] {null, "rotation:5@2", "rotation:5@2", "a new camera", "x".repeat(1000)}) {
            ConsumerRecord<String, byte[]> record = image(0, 5, "a");
            if (mark != null) {
                record.headers().add("mark", mark.getBytes(StandardCharsets.UTF_8));
            }
            window.take(record, NOW);
        }
        assertThat(window.marks()).containsExactly("rotation:5@2", "a new camera", "x".repeat(100));
    }

    @Test
    void imagesWithoutLabelsNeedNoKeyAndAreAllTestImages() {
        WindowSettings settings = WindowSettings.of(DatasetSpec.newBuilder()
                        .setName("topic")
                        .setPath("photos")
                        .setLabels(ImageLabels.PREDICTED)
                        .setWindow(window().setImages(3).build())
                        .build())
                .orElseThrow();
        WindowAssembly window =
                new WindowAssembly(settings, new ImageRecords(null), List.of(), offsets, OptionalLong.empty());
        for (String key : new String[] {null, "a", null}) {
            assertThat(window.isComplete(Set.of())).isFalse();
            assertThat(window.take(image(0, 5, key), NOW)).isTrue();
        }
        assertThat(window.isComplete(Set.of())).isTrue();
        assertThat(window.classes()).isEmpty();
        assertThat(window.split(Split.TRAIN).count()).isZero();
        assertThat(window.split(Split.TEST).labels()).containsExactly(-1, -1, -1);
    }

    @Test
    void aPartitionEndsBeforeItsFirstRecordPastTheEnd() {
        WindowAssembly window = assembly(window().setEvery("PT1M"), OptionalLong.empty());
        window.take(image(0, 10 * MINUTE + 5, "a"), NOW);
        window.take(image(1, 10 * MINUTE + 59_999, "b"), NOW);
        assertThat(window.take(image(0, 11 * MINUTE, "a"), NOW)).isFalse();
        assertThat(window.isCut(0)).isTrue();
        assertThat(window.isComplete(Set.of())).as("partition 1 may have more").isFalse();
        assertThat(window.isComplete(Set.of(1))).as("unless it is silent").isTrue();
        assertThat(window.take(image(1, 13 * MINUTE, "a"), NOW)).isFalse();
        assertThat(window.isComplete(Set.of())).isTrue();
        assertThat(window.ranges()).containsExactly(range(0, 0, 1), range(1, 0, 1));
        assertThat(window.nextBegin()).hasValue(11 * MINUTE);
    }

    @Test
    void silenceAloneEndsNoWindow() {
        WindowAssembly window = assembly(window().setEvery("PT1M"), OptionalLong.empty());
        window.take(image(0, 10 * MINUTE, "a"), NOW);
        window.take(image(1, 10 * MINUTE, "b"), NOW);
        assertThat(window.isComplete(Set.of(0, 1))).isFalse();
    }

    @Test
    void aDayWithoutRecordsIsNoWindow() {
        WindowAssembly window = assembly(window().setEvery("PT1M"), OptionalLong.of(10 * MINUTE), "a", "b");
        ConsumerRecord<String, byte[]> late = image(0, 50 * MINUTE, "a");
        ConsumerRecord<String, byte[]> later = image(1, 60 * MINUTE, "b");
        assertThat(window.take(late, NOW)).isFalse();
        assertThat(window.take(later, NOW)).isFalse();
        assertThat(window.isComplete(Set.of())).as("there is nothing in it").isFalse();
        assertThat(window.isCut(0))
                .as("it goes on to the first minute that has something")
                .isFalse();
        assertThat(window.isCut(1)).isTrue();
        assertThat(window.take(late, NOW)).isTrue();
        assertThat(window.isComplete(Set.of(0))).isTrue();
        assertThat(window.nextBegin()).hasValue(51 * MINUTE);
        assertThat(window.late()).isZero();
    }

    @Test
    void lateRecordsCountInTheNextWindowAndRecordsOfTheFutureInNone() {
        WindowAssembly window =
                assembly(window().setEvery("PT1M").setFuture("PT1M"), OptionalLong.of(99 * MINUTE), "a", "b");
        window.take(image(0, 99 * MINUTE, "a"), NOW);
        window.take(image(0, 98 * MINUTE, "b"), NOW);
        assertThatThrownBy(() -> window.take(image(0, 101 * MINUTE + 1, "b"), NOW))
                .isInstanceOf(SourceException.class)
                .hasMessageContaining("ahead of the clock")
                .hasMessageContaining("dataset.window.future");
        assertThat(window.isCut(0)).isFalse();
        assertThat(window.late()).isEqualTo(1);
        assertThat(window.images()).isEqualTo(2);
    }

    @Test
    void aWindowGoesOnWhileAClassHasTooFewAndEndsWithItsMaximum() {
        WindowSpec.Builder minimum = window().setEvery("PT1M").setMinimum(2).setMaximum(5);
        WindowAssembly window = assembly(minimum, OptionalLong.of(10 * MINUTE), "a", "b");
        List.of("a", "a", "b").forEach(label -> window.take(image(0, 10 * MINUTE, label), NOW));
        ConsumerRecord<String, byte[]> next = image(0, 11 * MINUTE, "a");
        assertThat(window.take(next, NOW)).isFalse();
        assertThat(window.isComplete(Set.of(1))).as("one image of b").isFalse();
        assertThat(window.take(next, NOW)).isTrue();
        assertThat(window.isComplete(Set.of(1))).isFalse();
        window.take(image(0, 11 * MINUTE, "a"), NOW);
        assertThat(window.isComplete(Set.of())).as("five images").isTrue();
        assertThat(window.nextBegin())
                .as("the next one has the rest of the minute")
                .hasValue(11 * MINUTE);
    }

    @Test
    void oneClassAloneIsNoStream() {
        WindowAssembly window = assembly(window().setImages(2).setMaximum(3), OptionalLong.empty());
        IntStream.range(0, 3).forEach(i -> window.take(image(0, i, "a"), NOW));
        assertThatThrownBy(() -> window.isComplete(Set.of()))
                .hasMessageContaining("The first 3 images")
                .hasMessageContaining("'a'")
                .hasMessageContaining("dataset.window.classes");
    }

    @Test
    void imagesOfOtherClassesAreRefused() {
        WindowAssembly window = assembly(window().setImages(2), OptionalLong.empty(), "a", "b");
        assertThatThrownBy(() -> window.take(image(0, 1, "c"), NOW))
                .hasMessageContaining("'c'")
                .hasMessageContaining("a, b");
    }

    @Test
    void offsetsThatAreGoneAndPartitionsThatComeAreTold() {
        offsets.put(0, 7L);
        WindowAssembly window = assembly(window().setImages(2), OptionalLong.empty(), "a", "b");
        window.miss(0, 12);
        offsets.put(0, 12L);
        window.take(image(0, 1, "a"), NOW);
        window.add(2);
        offsets.put(2, 0L);
        window.take(image(2, 1, "b"), NOW);
        assertThat(window.isComplete(Set.of())).isTrue();
        assertThat(window.ranges()).containsExactly(range(0, 7, 13), range(1, 0, 0), range(2, 0, 1));
        assertThat(window.missed()).containsExactly(range(0, 7, 12));
    }

    /** In whichever order partitions are read, the images are the same ones in the same places. */
    @Test
    void theRangesAloneDetermineTheImages() {
        List<ConsumerRecord<String, byte[]>> records = IntStream.range(0, 400)
                .mapToObj(i -> image(i % 2, i, i % 3 == 0 ? "a" : "b"))
                .toList();
        WindowSpec.Builder sampled =
                window().setImages(400).setMaximum(400).setSample(50).setTest(0.3);
        offsets.replaceAll((partition, offset) -> 0L);
        WindowAssembly forwards = assembly(sampled, OptionalLong.empty());
        records.forEach(record -> forwards.take(record, NOW));
        WindowAssembly partitionwise = assembly(sampled, OptionalLong.empty());
        for (int partition : List.of(1, 0)) {
            records.stream()
                    .filter(record -> record.partition() == partition)
                    .forEach(record -> partitionwise.take(record, NOW));
        }
        for (Split split : Split.values()) {
            assertThat(partitionwise.split(split).labels())
                    .isEqualTo(forwards.split(split).labels());
        }
        int test = forwards.split(Split.TEST).count();
        assertThat(test + forwards.split(Split.TRAIN).count()).isEqualTo(50);
        assertThat(test).isBetween(5, 25);
        assertThat(forwards.images()).isEqualTo(400);
    }
}
