package dev.romestream.producer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TinyImageNetTest {
    @TempDir
    private Path directory;

    private void image(String path, int type) throws IOException {
        Path file = directory.resolve(path);
        Files.createDirectories(file.getParent());
        ImageIO.write(new BufferedImage(8, 8, type), "jpg", file.toFile());
    }

    private void archive() throws IOException {
        Files.writeString(directory.resolve("wnids.txt"), "n02\nn01\n");
        Files.writeString(directory.resolve("words.txt"), "n01\tgoldfish, Carassius auratus\nn99\tother\n");
        image("train/n02/images/n02_0.JPEG", BufferedImage.TYPE_INT_RGB);
        image("train/n01/images/n01_0.JPEG", BufferedImage.TYPE_BYTE_GRAY);
        image("train/n01/images/n01_1.JPEG", BufferedImage.TYPE_INT_RGB);
        image("val/images/val_0.JPEG", BufferedImage.TYPE_INT_RGB);
        Files.writeString(directory.resolve("val/val_annotations.txt"), "val_0.JPEG\tn01\t0\t32\t44\t62\n");
    }

    @Test
    void itsOwnLayoutIsRead() throws IOException {
        archive();
        ImageDataset dataset = TinyImageNet.read(directory, Optional.empty());
        assertThat(dataset.classes()).containsExactly("n02", "goldfish");
        assertThat(dataset.train().labels()).containsExactly(0, 1, 1);
        assertThat(dataset.test().labels()).containsExactly(1);
    }

    @Test
    void anAnnotationOfNoClassIsNamed() throws IOException {
        archive();
        Files.writeString(directory.resolve("val/val_annotations.txt"), "val_0.JPEG\tn77\t0\n");
        assertThatThrownBy(() -> TinyImageNet.read(directory, Optional.empty())).hasMessageContaining("n77");
    }
}
