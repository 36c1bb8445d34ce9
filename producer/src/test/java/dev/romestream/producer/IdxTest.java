package dev.romestream.producer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IdxTest {
    @TempDir
    private Path directory;

    @BeforeEach
    void fourFiles() throws IOException {
        write("train-images-idx3-ubyte", 0x803, new int[] {2, 2, 3}, 0, 100, 200, 255, 1, 2, 3, 4, 5, 6, 7, 8);
        write("train-labels-idx1-ubyte", 0x801, new int[] {2}, 9, 0);
        zipped("t10k-images-idx3-ubyte.gz", 0x803, new int[] {1, 2, 3}, 10, 20, 30, 40, 50, 60);
        zipped("t10k-labels-idx1-ubyte.gz", 0x801, new int[] {1}, 5);
    }

    private static byte[] idx(int magic, int[] shape, int... values) throws IOException {
        var bytes = new ByteArrayOutputStream();
        var out = new DataOutputStream(bytes);
        out.writeInt(magic);
        for (int length : shape) {
            out.writeInt(length);
        }
        for (int value : values) {
            out.write(value);
        }
        return bytes.toByteArray();
    }

    private void write(String name, int magic, int[] shape, int... values) throws IOException {
        Files.write(directory.resolve(name), idx(magic, shape, values));
    }

    private void zipped(String name, int magic, int[] shape, int... values) throws IOException {
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(directory.resolve(name)))) {
            out.write(idx(magic, shape, values));
        }
    }

    @Test
    void valuesAreThoseOfTheFile() {
        ImageDataset dataset = Idx.mnist(directory);
        assertThat(dataset.channels()).isEqualTo(1);
        assertThat(dataset.height()).isEqualTo(2);
        assertThat(dataset.width()).isEqualTo(3);
        assertThat(dataset.train().labels()).containsExactly(9, 0);
        assertThat(dataset.train().pixels()).containsExactly(0, 100, 200, 255, 1, 2, 3, 4, 5, 6, 7, 8);
        assertThat(dataset.test().labels()).containsExactly(5);
        assertThat(dataset.test().pixels()).containsExactly(10, 20, 30, 40, 50, 60);
        assertThat(Idx.fashionMnist(directory).classes()).hasSize(10).contains("ankle boot");
    }

    @Test
    void filesThatAreNotWhatTheySayAreRefused() throws IOException {
        write("train-labels-idx1-ubyte", 0x801, new int[] {3}, 9, 0, 1);
        assertThatThrownBy(() -> Idx.mnist(directory))
                .hasMessageContaining("2 images")
                .hasMessageContaining("3 labels");
        write("train-labels-idx1-ubyte", 0x801, new int[] {2}, 9, 10);
        assertThatThrownBy(() -> Idx.mnist(directory))
                .hasMessageContaining("Label 1")
                .hasMessageContaining("is 10");
        write("train-labels-idx1-ubyte", 0x801, new int[] {2_000_000_000}, 9, 0);
        assertThatThrownBy(() -> Idx.mnist(directory)).hasMessageContaining("announces [2000000000]");
        write("train-labels-idx1-ubyte", 0x803, new int[] {2}, 9, 0);
        assertThatThrownBy(() -> Idx.mnist(directory)).hasMessageContaining("0x803");
        Files.write(directory.resolve("train-labels-idx1-ubyte"), new byte[] {0, 0});
        assertThatThrownBy(() -> Idx.mnist(directory)).hasMessageContaining("within its header");
        Files.delete(directory.resolve("train-labels-idx1-ubyte"));
        assertThatThrownBy(() -> Idx.mnist(directory)).hasMessageContaining("no file train-labels");
    }
}
