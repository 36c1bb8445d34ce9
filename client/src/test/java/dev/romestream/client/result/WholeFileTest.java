package dev.romestream.client.result;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WholeFileTest {
    @TempDir
    private Path directory;

    @Test
    void whatCannotBeWrittenIsAsItWasAndNamed() throws IOException {
        Path file = directory.resolve("metrics.json");
        WholeFile.write(file, "before");
        assertThatThrownBy(() -> WholeFile.write(file, out -> {
                    out.write(new byte[100_000]);
                    throw new IOException("No space left on device");
                }))
                .isInstanceOf(IOException.class)
                .hasMessage(file + " was not written: No space left on device");
        assertThat(file).hasContent("before");
        try (var files = Files.list(directory)) {
            assertThat(files).as("nothing is left beside it").containsExactly(file);
        }
        WholeFile.write(file, "after");
        assertThat(file).hasContent("after");
    }

    @Test
    void aLinkStaysOneAndADeviceIsWrittenTo() throws IOException {
        Path file = Files.writeString(directory.resolve("real"), "before");
        Path link = Files.createSymbolicLink(directory.resolve("link"), file);
        WholeFile.write(link, "after");
        assertThat(Files.isSymbolicLink(link)).isTrue();
        assertThat(file).hasContent("after");
        Path device = Path.of("/dev/null");
        if (Files.exists(device)) {
            WholeFile.write(device, "nothing");
            assertThat(Files.isRegularFile(device)).isFalse();
        }
    }

    @Test
    void aFolderThatIsNotThereIsNamed() {
        Path file = directory.resolve("nowhere/report.html");
        assertThatThrownBy(() -> WholeFile.write(file, "text"))
                .hasMessageContaining(file + " was not written")
                .hasMessageContaining("NoSuchFile");
    }
}
