package dev.romestream.standalone.set;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.romestream.robustness.network.Normalization;
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
import java.util.Map;
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
    static final DatasetDescriptor DATASET = DatasetDescriptor.newBuilder()
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

    static FloatBuffer floats(Tensor tensor) {
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
        DistilledSet set = SetFile.read(FILES.resolve(name), Optional.empty(), Optional.empty(), false);
        check(set, true, 1e-6);
        assertThat(set.classes(DATASET))
                .extracting(SnapshotClass::getSoftLabels)
                .containsOnlyNulls();
        assertThat(set.imagesPerClass()).isEqualTo(2);
    }

    @ParameterizedTest
    @ValueSource(strings = {"soft.pt", "logits.pt"})
    void softLabelsAreProbabilities(String name) {
        DistilledSet set = SetFile.read(FILES.resolve(name), Optional.empty(), Optional.empty(), false);
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
        assertThatThrownBy(() -> SetFile.read(FILES.resolve(name), Optional.empty(), Optional.empty(), false))
                .isInstanceOf(SetException.class)
                .hasMessageContaining("pixels are in [0,1]")
                .hasMessageContaining("--inputs normalised");
        check(SetFile.read(FILES.resolve(name), Optional.of(Inputs.NORMALISED), Optional.empty(), false), true, 1e-6);
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
        List<SnapshotClass> classes = SetFile.read(directory.resolve("set"), Optional.empty(), Optional.empty(), false)
                .classes(DATASET);
        assertThat(floats(classes.get(0).getImages()).get(0)).isCloseTo((float) ((0.2 - 0.5) / 2), within(1e-6f));
        assertThat(floats(classes.get(2).getImages()).get(8)).isCloseTo((float) ('c' / 255.0 / 0.5), within(1e-6f));
        Files.move(directory.resolve("set/cat"), directory.resolve("set/cow"));
        assertThatThrownBy(() -> SetFile.read(directory.resolve("set"), Optional.empty(), Optional.empty(), false)
                        .classes(DATASET))
                .hasMessageContaining("the class cow; the classes of three are ant, bee, cat");
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
        assertThatThrownBy(() -> SetFile.read(FILES.resolve(name), Optional.empty(), Optional.empty(), false))
                .isInstanceOf(SetException.class)
                .hasMessageContaining(name)
                .hasMessageContaining(reason);
    }

    /** {@code make_units.py}: value k of image i is the byte 3 (12 i + k). */
    private static void checkBytes(DistilledSet set, double tolerance) {
        List<SnapshotClass> classes = set.classes(DATASET);
        for (int label = 0; label < 3; label++) {
            FloatBuffer values = floats(classes.get(label).getImages());
            for (int i = 0; i < 24; i++) {
                int channel = i % 12 / 4;
                double pixel = 3 * (24 * label + i) / 255.0;
                double expected = (pixel - DATASET.getMean().get(channel))
                        / DATASET.getStd().get(channel);
                assertThat((double) values.get(i)).isCloseTo(expected, within(tolerance));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"bytes.pt", "byte-lists.pt", "whole.pt", "bytes.pkl", "bytes.npz"})
    void wholeNumbersAreBytes(String name) {
        DistilledSet set = SetFile.read(FILES.resolve(name), Optional.empty(), Optional.empty(), false);
        checkBytes(set, 1e-6);
        assertThat(set.units(DATASET)).endsWith("values are pixels in [0,1].");
        assertThat(set.doubt(DATASET)).isEmpty();
        assertThatThrownBy(() ->
                        SetFile.read(FILES.resolve(name), Optional.of(Inputs.NORMALISED), Optional.empty(), false))
                .hasMessageContaining("images of whole numbers")
                .hasMessageContaining("leave --inputs out");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "float-bytes.pt | values from 0.0 to 213.0, which look like bytes; divide them by 255 and say --inputs pixels",
                "beyond.pt | one is 256.0; pixels are from 0 to 255",
                "negative.pt | one is -1.0; pixels are from 0 to 255",
                "zeros-and-ones.pt | whole numbers from 0 to 1, which may be bytes or pixels in [0,1]; save them as float32",
                "normalised.npz | 44 % of its values far from [0,1], and pixels are in it; say --inputs normalised"
            })
    void valuesThatLookLikeOthersAreRefused(String name, String message) {
        assertThatThrownBy(() -> SetFile.read(FILES.resolve(name), Optional.empty(), Optional.empty(), false))
                .isInstanceOf(SetException.class)
                .hasMessageContaining(name.substring(0, name.indexOf('.')))
                .hasMessageContaining(message);
    }

    @Test
    void whatSomebodySaysOfValuesHolds() {
        DistilledSet set =
                SetFile.read(FILES.resolve("normalised.npz"), Optional.of(Inputs.PIXELS), Optional.empty(), false);
        assertThat(set.doubt(DATASET).orElseThrow())
                .contains("44 % of the values are pixels far from [0,1]")
                .contains("--inputs normalised");
    }

    @Test
    void otherConstantsThanTheDataSetsAreTakenAccountOf() {
        Path file = FILES.resolve("imagenet.pt");
        DistilledSet set = SetFile.read(file, Optional.empty(), Normalization.named("imagenet"), false);
        checkBytes(set, 1e-5);
        assertThat(set.units(DATASET)).contains("mean [0.485, 0.456, 0.406]", "deviation [0.229, 0.224, 0.225].");
        assertThat(set.doubt(DATASET)).isEmpty();
        DistilledSet assumed = SetFile.read(file, Optional.empty(), Optional.empty(), false);
        assertThat(assumed.units(DATASET)).contains("mean [0.5, 0.25, 0.0]", "of three");
        assertThat(assumed.doubt(DATASET).orElseThrow()).contains("pixels far from [0,1]", "say --mean and --std");
        assertThat(assumed.fingerprint()).isNotEqualTo(set.fingerprint());
        var grey = new Normalization(List.of(0.5), List.of(0.5));
        DistilledSet other = SetFile.read(file, Optional.empty(), Optional.of(grey), false);
        assertThatThrownBy(() -> other.classes(DATASET)).hasMessageContaining("are for 1 channels; three has 3");
    }

    /** By label of the file: the first byte of its first image. */
    private static double firstPixel(SnapshotClass part) {
        return floats(part.getImages()).get(0) * DATASET.getStd().get(0)
                + DATASET.getMean().get(0);
    }

    @Test
    void namesInAFileAreStrongerThanTheDataSetsOrder() {
        DistilledSet set = SetFile.read(FILES.resolve("named.npz"), Optional.empty(), Optional.empty(), false);
        List<SnapshotClass> classes = set.classes(DATASET);
        // label 0 of the file is cat, the third class; of 1, ant
        assertThat(firstPixel(classes.get(2))).isCloseTo(0, within(1e-6));
        assertThat(firstPixel(classes.get(0))).isCloseTo(3 * 24 / 255.0, within(1e-6));
        assertThatThrownBy(() -> set.classes(DatasetDescriptor.newBuilder(DATASET)
                        .setClasses(List.of("ant", "bee", "cow"))
                        .build()))
                .hasMessageContaining("has the class cat; the classes of three are ant, bee, cow");
    }

    @Test
    void namesThatDoNotTellClassesApartAreRefused() {
        DistilledSet set = SetFile.read(FILES.resolve("named-twice.npz"), Optional.empty(), Optional.empty(), false);
        assertThatThrownBy(() -> set.classes(DATASET))
                .hasMessageContaining("has two names for one class of three: [cat, cat, bee]");
        DistilledSet numbered = SetFile.read(FILES.resolve("numbered.npz"), Optional.empty(), Optional.empty(), false);
        assertThatThrownBy(() -> numbered.classes(DATASET))
                .hasMessageContaining("has the class 3; the classes of three");
    }

    /** They are in the order that the data set had then. */
    @Test
    void ourFilesFromBeforeTheNamesAreReadAsTheyWereMeant() {
        DistilledSet set = SetFile.read(FILES.resolve("before-names.npz"), Optional.empty(), Optional.empty(), false);
        assertThat(firstPixel(set.classes(DATASET).get(0))).isCloseTo(0, within(1e-6));
        DatasetDescriptor reordered = DatasetDescriptor.newBuilder(DATASET)
                .setOrders(Map.of("wnids", List.of(2, 0, 1)))
                .build();
        assertThat(firstPixel(set.classes(reordered).get(2))).isCloseTo(0, within(1e-6));
        assertThat(firstPixel(set.classes(reordered).get(0))).isCloseTo(3 * 24 / 255.0, within(1e-6));
        DistilledSet foreign = SetFile.read(FILES.resolve("bytes.npz"), Optional.empty(), Optional.empty(), false);
        assertThat(firstPixel(foreign.classes(reordered).get(0)))
                .as("NumPy's own follows the data set")
                .isCloseTo(0, within(1e-6));
    }

    @Test
    void aSetOfAnotherDataSetIsRefused() {
        DistilledSet set = SetFile.read(FILES.resolve("pair.pt"), Optional.empty(), Optional.empty(), false);
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
