package dev.romestream.standalone.set;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.romestream.schemas.DatasetDescriptor;
import dev.romestream.schemas.SnapshotClass;
import dev.romestream.schemas.Tensor;
import dev.romestream.standalone.network.ModelFile.Inputs;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files of PyTorch and NumPy that {@code make.py} wrote: image i has the values i + 0.00, 0.01, ... in reading order. */
class SetFileTest {
    private static final Path FILES = Path.of("src/test/resources/sets");
    private static final DatasetDescriptor DATASET = DatasetDescriptor.newBuilder()
            .setId("three")
            .setName("three")
            .setFingerprint("f")
            .setClasses(List.of("ant", "bee", "cat"))
            .setShape(List.of(3, 2, 2))
            .setMean(List.of(0.5, 0.25, 0.0))
            .setStd(List.of(2.0, 1.0, 0.5))
            .setTrainImages(6)
            .setTestImages(6)
            .setTrainBatches(1)
            .setTestBatches(1)
            .build();

    private static FloatBuffer floats(Tensor tensor) {
        return tensor.getData().duplicate().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
    }

    private static void check(DistilledSet set, boolean normalised, double tolerance) {
        List<SnapshotClass> classes = set.classes(DATASET);
        assertThat(classes).hasSize(3);
        for (int label = 0; label < 3; label++) {
            assertThat(classes.get(label).getImages().getShape()).containsExactly(2, 3, 2, 2);
            FloatBuffer values = floats(classes.get(label).getImages());
            for (int i = 0; i < 24; i++) {
                double value = 2 * label + i / 12 + i % 12 / 100.0;
                int channel = i % 12 / 4;
                double expected = normalised
                        ? value
                        : (value - DATASET.getMean().get(channel))
                                / DATASET.getStd().get(channel);
                assertThat((double) values.get(i)).isCloseTo(expected, within(tolerance));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "dc.pt",
                "pair.pt",
                "lists.pt",
                "classes.pt",
                "images_best.pt",
                "tensors.pkl",
                "tensors2.pkl",
                "arrays.pkl",
                "arrays2.pkl"
            })
    void normalisedImagesWithHardLabels(String name) {
        DistilledSet set = SetFile.read(FILES.resolve(name), Optional.empty(), false);
        check(set, true, 1e-6);
        assertThat(set.classes(DATASET))
                .extracting(SnapshotClass::getSoftLabels)
                .containsOnlyNulls();
        assertThat(set.imagesPerClass()).isEqualTo(2);
    }

    @ParameterizedTest
    @ValueSource(strings = {"soft.pt", "logits.pt"})
    void softLabelsAreProbabilities(String name) {
        DistilledSet set = SetFile.read(FILES.resolve(name), Optional.empty(), false);
        check(set, true, 3e-3);
        double other = 1 / (Math.exp(4) + 2);
        FloatBuffer targets = floats(set.classes(DATASET).get(1).getSoftLabels());
        for (int i = 0; i < 6; i++) {
            assertThat((double) targets.get(i)).isCloseTo(i % 3 == 1 ? Math.exp(4) * other : other, within(1e-6));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"arrays.npz", "big-endian.npz"})
    void arraysAreOfPixelsUnlessItIsSaid(String name) {
        // values to 5.11, which no pixel has
        assertThatThrownBy(() -> SetFile.read(FILES.resolve(name), Optional.empty(), false))
                .isInstanceOf(SetException.class)
                .hasMessageContaining("pixels are in [0,1]")
                .hasMessageContaining("--inputs normalised");
        check(SetFile.read(FILES.resolve(name), Optional.of(Inputs.NORMALISED), false), true, 1e-6);
    }

    @Test
    void aFolderIsReadByTheNamesOfItsClasses(@TempDir Path directory) throws IOException {
        for (String name : List.of("cat", "ant", "bee")) {
            Files.createDirectories(directory.resolve("set").resolve(name));
            for (int i = 0; i < 2; i++) {
                BufferedImage image = new BufferedImage(2, 2, BufferedImage.TYPE_INT_RGB);
                image.setRGB(0, 0, 0x336600 + name.charAt(0));
                ImageIO.write(
                        image,
                        "png",
                        directory
                                .resolve("set")
                                .resolve(name)
                                .resolve(i + ".png")
                                .toFile());
            }
        }
        List<SnapshotClass> classes =
                SetFile.read(directory.resolve("set"), Optional.empty(), false).classes(DATASET);
        assertThat(floats(classes.get(0).getImages()).get(0)).isCloseTo((float) ((0.2 - 0.5) / 2), within(1e-6f));
        assertThat(floats(classes.get(2).getImages()).get(8)).isCloseTo((float) ('c' / 255.0 / 0.5), within(1e-6f));
        Files.move(directory.resolve("set/cat"), directory.resolve("set/cow"));
        assertThatThrownBy(() -> SetFile.read(directory.resolve("set"), Optional.empty(), false)
                        .classes(DATASET))
                .hasMessageContaining("the folder cow; the classes of three are ant, bee, cat");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "alone.pt|has images and no labels",
                "expanded.pt|makes 307200000 values of 1",
                "labels_best.pt|holds a tensor of shape [6], and no images with labels",
                "make.py|is not what torch.save writes",
                "nothing.pt|There is no file"
            })
    void whatIsNoSetIsRefused(String name, String reason) {
        assertThatThrownBy(() -> SetFile.read(FILES.resolve(name), Optional.empty(), false))
                .isInstanceOf(SetException.class)
                .hasMessageContaining(name)
                .hasMessageContaining(reason);
    }

    @Test
    void aSetOfAnotherDataSetIsRefused() {
        DistilledSet set = SetFile.read(FILES.resolve("pair.pt"), Optional.empty(), false);
        assertThatThrownBy(() -> set.classes(DatasetDescriptor.newBuilder(DATASET)
                        .setShape(List.of(1, 2, 2))
                        .build()))
                .hasMessageContaining("[3, 2, 2] (channels, height, width); three has [1, 2, 2]");
        assertThatThrownBy(() -> set.classes(DatasetDescriptor.newBuilder(DATASET)
                        .setClasses(List.of("ant", "bee"))
                        .build()))
                .hasMessageContaining("has the label 2; three has 2 classes");
        assertThatThrownBy(() -> set.classes(DatasetDescriptor.newBuilder(DATASET)
                        .setClasses(List.of("ant", "bee", "cat", "dog"))
                        .build()))
                .hasMessageContaining("no image of the class 3 (dog)");
    }
}
