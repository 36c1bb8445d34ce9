package dev.romestream.producer;

import java.io.EOFException;
import java.io.IOException;
import java.util.zip.CRC32;
import javax.imageio.stream.ImageInputStream;

/** The checksums of a PNG file (PNG 1.2, section 3.2), which Java's reader passes over. */
final class PngChunks {
    private static final long SIGNATURE = 0x89504E470D0A1A0AL;
    private static final int BUFFER_BYTES = 1 << 13;

    private PngChunks() {}

    /**
     * Looks at every chunk that is there as a whole, and goes back to where the input was; of no PNG, at nothing.
     *
     * @throws IOException where one is not what its checksum says
     */
    static void check(ImageInputStream input) throws IOException {
        input.mark();
        try {
            if (input.readLong() == SIGNATURE) {
                while (true) {
                    checkNext(input);
                }
            }
        } catch (EOFException e) {
            // whether what is there is enough says the reader
        } finally {
            input.reset();
        }
    }

    private static void checkNext(ImageInputStream input) throws IOException {
        long left = Integer.BYTES + input.readUnsignedInt();
        CRC32 checksum = new CRC32();
        byte[] buffer = new byte[BUFFER_BYTES];
        while (left > 0) {
            int count = (int) Math.min(left, buffer.length);
            input.readFully(buffer, 0, count);
            checksum.update(buffer, 0, count);
            left -= count;
        }
        if (input.readUnsignedInt() != checksum.getValue()) {
            throw new IOException("a part of it is not what its checksum says");
        }
    }
}
