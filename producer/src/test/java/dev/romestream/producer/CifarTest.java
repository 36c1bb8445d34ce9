package dev.romestream.producer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.config.Settings;
import dev.romestream.schemas.DatasetSpec;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Image files, in small. */
class CifarTest {
    private static DatasetSpec spec(String name, Integer resize) {
        return DatasetSpec.newBuilder().setName(name).setResize(resize).build();
    }

    private static byte[] records(int count, int labelBytes, int label) {
        byte[] bytes = new byte[count * (labelBytes + 3072)];
        for (int i = 0; i < count; i++) {
            bytes[i * (labelBytes + 3072) + labelBytes - 1] = (byte) label;
            bytes[i * (labelBytes + 3072) + labelBytes] = (byte) (100 + i);
        }
        return bytes;
    }

    private static void write(Path directory) throws IOException {
        for (int i = 1; i <= 5; i++) {
            Files.write(directory.resolve("data_batch_" + i + ".bin"), records(2, 1, i));
        }
        Files.write(directory.resolve("test_batch.bin"), records(3, 1, 9));
    }

    @Test
    void filesMayHoldFewerRecordsThanTheOfficialOnes(@TempDir Path directory) throws IOException {
        write(directory);
        ImageDataset dataset = Cifar.ten(directory);
        assertThat(dataset.train().labels()).containsExactly(1, 1, 2, 2, 3, 3, 4, 4, 5, 5);
        assertThat(dataset.test().count()).isEqualTo(3);
        assertThat(dataset.train().pixels()[3072]).isEqualTo((byte) 101);
    }

    @Test
    void aFingerprintTellsDataApart(@TempDir Path directory) throws IOException {
        write(directory);
        String before = Cifar.ten(directory).fingerprint();
        assertThat(Cifar.ten(directory).fingerprint()).isEqualTo(before);
        Files.write(directory.resolve("test_batch.bin"), records(3, 1, 8));
        assertThat(Cifar.ten(directory).fingerprint()).isNotEqualTo(before);
    }

    @Test
    void aTruncatedFileIsNamedWithItsLength(@TempDir Path directory) throws IOException {
        write(directory);
        Files.write(directory.resolve("data_batch_3.bin"), new byte[4000]);
        assertThatThrownBy(() -> Cifar.ten(directory))
                .hasMessageContaining("data_batch_3.bin")
                .hasMessageContaining("4000")
                .hasMessageContaining("3073");
    }

    @Test
    void aLabelThatDoesNotExistIsNamed(@TempDir Path directory) throws IOException {
        write(directory);
        Files.write(directory.resolve("test_batch.bin"), records(1, 1, 12));
        assertThatThrownBy(() -> Cifar.ten(directory)).hasMessageContaining("label 12");
    }

    @Test
    void theFineLabelCountsInCifar100(@TempDir Path directory) throws IOException {
        Files.write(directory.resolve("train.bin"), records(2, 2, 77));
        Files.write(directory.resolve("test.bin"), records(1, 2, 3));
        assertThat(Cifar.hundred(directory).train().labels()).containsExactly(77, 77);
    }

    @Test
    void aMissingDirectoryIsSaidWithTheWayOut() {
        assertThatThrownBy(() -> sources("")
                        .load(DatasetSpec.newBuilder().setName("cifar10").build(), text -> {}))
                .hasMessageContaining("data.dir");
        assertThatThrownBy(() -> sources("")
                        .load(DatasetSpec.newBuilder().setName("imagenet").build(), text -> {}))
                .hasMessageContaining("'imagenet'")
                .hasMessageContaining("shapes10");
    }

    @Test
    void aPathThatLeadsOutOfTheDataDirectoryIsRefused(@TempDir Path directory) {
        for (String path : List.of("../other", "/etc", "a/../../b", "..")) {
            assertThatThrownBy(() -> sources(directory.toString())
                            .load(
                                    DatasetSpec.newBuilder()
                                            .setName("folder")
                                            .setPath(path)
                                            .build(),
                                    text -> {}))
                    .isInstanceOf(SourceException.class)
                    .hasMessageContaining(path)
                    .hasMessageContaining("leads out");
        }
        assertThatThrownBy(() -> sources(directory.toString())
                        .load(
                                DatasetSpec.newBuilder()
                                        .setName("folder")
                                        .setPath("a\0b")
                                        .build(),
                                text -> {}))
                .isInstanceOf(SourceException.class);
    }

    @Test
    void aFolderOfImagesIsADataSet(@TempDir Path directory) throws IOException {
        for (String split : new String[] {"train", "test"}) {
            for (int label = 0; label < 2; label++) {
                Path folder = Files.createDirectories(directory.resolve(split).resolve("class" + label));
                BufferedImage image = new BufferedImage(4, 3, BufferedImage.TYPE_INT_RGB);
                image.setRGB(1, 2, 0x102030 + label);
                ImageIO.write(image, "png", folder.resolve("a.png").toFile());
            }
        }
        ImageDataset dataset = ImageFolder.read(spec("folder", null), directory);
        assertThat(dataset.classes()).containsExactly("class0", "class1");
        assertThat(dataset.train().labels()).containsExactly(0, 1);
        // row 2, column 1 of the red, green and blue planes of 3 x 4 pixels
        assertThat(dataset.train().pixels()[9]).isEqualTo((byte) 0x10);
        assertThat(dataset.train().pixels()[12 + 9]).isEqualTo((byte) 0x20);
        assertThat(dataset.train().pixels()[36 + 24 + 9]).isEqualTo((byte) 0x31);
    }

    private static Sources sources(String directory) {
        return new Sources(RomeConfig.of(Map.of(Settings.DATA_DIR, directory)), () -> false);
    }
}
