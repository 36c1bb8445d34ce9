package dev.romestream.producer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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

class TinyImageNetTest {
    private static DatasetSpec spec(String name, Integer resize) {
        return DatasetSpec.newBuilder().setName(name).setResize(resize).build();
    }

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
        ImageDataset dataset = TinyImageNet.read(spec("tiny-imagenet", null), directory);
        assertThat(dataset.classes()).containsExactly("goldfish", "n02");
        assertThat(dataset.train().labels()).containsExactly(0, 0, 1);
        assertThat(dataset.test().labels()).containsExactly(0);
        assertThat(dataset.orders()).isEqualTo(Map.of("wnids", List.of(1, 0)));
    }

    private ImageDataset in(String... order) {
        DatasetSpec spec = spec("tiny-imagenet", null);
        spec.setOrder(List.of(order));
        return TinyImageNet.read(spec, directory);
    }

    @Test
    void itsClassesMayBeNumberedOtherwise() throws IOException {
        archive();
        assertThat(in("sorted").classes()).containsExactly("goldfish", "n02");
        for (ImageDataset listed : List.of(in("wnids"), in("n02", "n01"), in("n02", "goldfish"))) {
            assertThat(listed.classes()).containsExactly("n02", "goldfish");
            assertThat(listed.train().labels()).containsExactly(1, 1, 0);
            assertThat(listed.test().labels()).containsExactly(1);
            assertThat(listed.orders()).containsEntry("sorted", List.of(1, 0));
        }
        assertThatThrownBy(() -> in("alphabetic"))
                .hasMessageContaining("--labels-order")
                .hasMessageContaining("'alphabetic' is none of them")
                .hasMessageContaining("Known are sorted, wnids; or name every class once, as n01 or goldfish");
        assertThatThrownBy(() -> in("n01")).hasMessageContaining("it has 1 and there are 2");
        assertThatThrownBy(() -> in("n01", "n01")).hasMessageContaining("Known are sorted");
    }

    @Test
    void itIsFoundInTheFolderThatItsArchiveIsUnpackedIn() throws IOException {
        Path archive = directory.resolve("tiny-imagenet-200");
        Files.createDirectories(archive);
        Files.writeString(archive.resolve("wnids.txt"), "n01\nn02\n");
        assertThat(TinyImageNet.find(directory)).isEqualTo(archive);
        assertThat(TinyImageNet.find(archive)).isEqualTo(archive);
        assertThat(TinyImageNet.find(directory.resolve("nowhere"))).isEqualTo(directory.resolve("nowhere"));
    }

    @Test
    void anAnnotationOfNoClassIsNamed() throws IOException {
        archive();
        Files.writeString(directory.resolve("val/val_annotations.txt"), "val_0.JPEG\tn77\t0\n");
        assertThatThrownBy(() -> TinyImageNet.read(spec("tiny-imagenet", null), directory))
                .hasMessageContaining("n77");
    }
}
