package dev.romestream.client.result;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** Files that are there as a whole, or as they were before: each is written beside its place, and then renamed there. */
public final class WholeFile {
    private WholeFile() {}

    /** What is in a file. */
    @FunctionalInterface
    public interface Content {
        void writeTo(OutputStream out) throws IOException;
    }

    /**
     * Writes a file.
     *
     * @throws IOException naming the file, which is missing then, or as it was
     */
    public static void write(Path file, Content content) throws IOException {
        boolean isThere = Files.exists(file);
        // a link stays one, and what is no file, as /dev/stdout, has no place beside it
        Path real = isThere ? file.toRealPath() : file;
        boolean beside = !isThere || Files.isRegularFile(real);
        Path written = beside ? real.resolveSibling("." + real.getFileName() + ".part") : real;
        try {
            try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(written))) {
                content.writeTo(out);
            }
            if (beside) {
                Files.move(written, real, StandardCopyOption.REPLACE_EXISTING);
            }
        } catch (IOException e) {
            throw new IOException(file + " was not written: " + reason(e), e);
        } finally {
            if (beside) {
                Files.deleteIfExists(written);
            }
        }
    }

    public static void write(Path file, String text) throws IOException {
        write(file, out -> out.write(text.getBytes(StandardCharsets.UTF_8)));
    }

    /** Of some failures the message is a path alone. */
    private static String reason(IOException e) {
        return e.getClass() == IOException.class ? e.getMessage() : e.toString();
    }
}
