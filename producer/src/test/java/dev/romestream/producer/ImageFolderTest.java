package dev.romestream.producer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.romestream.schemas.DatasetSpec;
import java.awt.Color;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageFolderTest {
    private static DatasetSpec spec(String name, Integer resize) {
        return DatasetSpec.newBuilder().setName(name).setResize(resize).build();
    }

    @TempDir
    private Path directory;

    private void image(String path, int width, int height, Color colour) throws IOException {
        Path file = directory.resolve(path);
        Files.createDirectories(file.getParent());
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                image.setRGB(x, y, colour.getRGB());
            }
        }
        ImageIO.write(image, "png", file.toFile());
    }

    private void twoClasses() throws IOException {
        image("train/cat/1.png", 8, 8, Color.RED);
        image("train/dog/1.png", 8, 8, Color.BLUE);
        image("train/dog/deep/er/2.png", 8, 8, Color.GREEN);
        image("test/dog/1.png", 8, 8, Color.GREEN);
        image("test/cat/1.png", 8, 8, Color.RED);
    }

    private ImageDataset read() {
        return ImageFolder.read(spec("folder", null), directory);
    }

    @Test
    void foldersThatAreNumbersMayBeInTheOrderOfThese() throws IOException {
        for (String name : List.of("0", "2", "10")) {
            image("train/" + name + "/1.png", 8, 8, Color.RED);
            image("test/" + name + "/1.png", 8, 8, Color.RED);
        }
        assertThat(read().classes()).as("as torchvision sorts them").containsExactly("0", "10", "2");
        assertThat(read().orders()).isEqualTo(Map.of("numeric", List.of(0, 2, 1)));
        DatasetSpec numeric = spec("folder", null);
        numeric.setOrder(List.of("numeric"));
        ImageDataset dataset = ImageFolder.read(numeric, directory);
        assertThat(dataset.classes()).containsExactly("0", "2", "10");
        assertThat(dataset.train().labels()).containsExactly(0, 2, 1);
    }

    @Test
    void classesAreFoldersAndWhatIsNoImageIsPassedOver() throws IOException {
        twoClasses();
        Files.createFile(directory.resolve("train/.DS_Store"));
        Files.createFile(directory.resolve("train/cat/.DS_Store"));
        Files.createFile(directory.resolve("train/cat/Thumbs.db"));
        Files.createFile(directory.resolve("train/cat/notes.txt"));
        Files.createDirectories(directory.resolve("train/.ipynb_checkpoints"));
        image("train/cat/.ipynb_checkpoints/1.png", 9, 9, Color.RED);
        Files.createDirectories(directory.resolve("train/empty"));
        Files.createDirectories(directory.resolve("test/empty"));
        ImageDataset dataset = read();
        assertThat(dataset.classes()).containsExactly("cat", "dog");
        assertThat(dataset.train().labels()).containsExactly(0, 1, 1);
        assertThat(dataset.test().labels()).containsExactly(0, 1);
        assertThat(dataset.test().pixels()[0] & 0xff).isEqualTo(255);
        assertThat(dataset.test().pixels()[3 * 64] & 0xff).isZero();
    }

    @Test
    void validationImagesServeWhereThereIsNoTestFolder() throws IOException {
        twoClasses();
        Files.move(directory.resolve("test"), directory.resolve("val"));
        assertThat(read().test().count()).isEqualTo(2);
    }

    @Test
    void aClassThatStandsInTheTestImagesAloneIsRefused() throws IOException {
        twoClasses();
        image("test/horse/1.png", 8, 8, Color.RED);
        assertThatThrownBy(this::read)
                .isInstanceOf(SourceException.class)
                .hasMessageContaining("[horse]")
                .hasMessageContaining("lacks");
    }

    @Test
    void aClassWithoutTestImagesIsThere() throws IOException {
        twoClasses();
        image("train/horse/1.png", 8, 8, Color.RED);
        assertThat(read().classes()).containsExactly("cat", "dog", "horse");
    }

    @Test
    void imagesOfSeveralSizesAreRefusedByTwoNamesOrResized() throws IOException {
        twoClasses();
        image("train/dog/wide.png", 16, 8, Color.BLUE);
        assertThatThrownBy(this::read)
                .hasMessageContaining("cat/1.png is 8 x 8")
                .hasMessageContaining("wide.png is 16 x 8")
                .hasMessageContaining("dataset.resize");
        ImageDataset resized = ImageFolder.read(spec("folder", 4), directory);
        assertThat(resized.height()).isEqualTo(4);
        assertThat(resized.width()).isEqualTo(4);
        assertThat(resized.train().count()).isEqualTo(4);
        // blue stays blue
        assertThat(resized.train().pixels()[3 * 3 * 16 + 2 * 16] & 0xff).isEqualTo(255);
    }

    /** Half black, half white: a quarter of the side is the mean of what it covers. */
    @Test
    void shrinkingAverages() throws IOException {
        twoClasses();
        BufferedImage stripes = new BufferedImage(64, 64, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < 64; y++) {
            for (int x = 0; x < 64; x += 2) {
                stripes.setRGB(x, y, 0xffffff);
            }
        }
        ImageIO.write(stripes, "png", directory.resolve("train/cat/0.png").toFile());
        ImageDataset resized = ImageFolder.read(spec("folder", 8), directory);
        for (int pixel = 0; pixel < 64; pixel++) {
            assertThat(resized.train().pixels()[pixel] & 0xff).isBetween(112, 143);
        }
    }

    @Test
    void whatIsMissingIsNamed() throws IOException {
        assertThatThrownBy(this::read).hasMessageContaining("train");
        image("train/cat/1.png", 8, 8, Color.RED);
        assertThatThrownBy(this::read).hasMessageContaining("1 class folders");
        image("train/dog/1.png", 8, 8, Color.RED);
        assertThatThrownBy(this::read).hasMessageContaining("no folder test");
    }
}
