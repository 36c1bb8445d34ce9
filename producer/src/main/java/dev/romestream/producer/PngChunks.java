package dev.romestream.producer;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.zip.CRC32;
import javax.imageio.stream.ImageInputStream;

/** The checksums of a PNG file (PNG 1.2, section 3.2), which Java's reader passes over. */
final class PngChunks {
    private static final long SIGNATURE = 0x89504E470D0A1A0AL;
    private static final int BUFFER_BYTES = 1 << 13;
    private static final int END = 0x49454E44;
    /** In the name of a chunk, that an image can be shown without it; of these, transparency alone is looked at. */
    private static final int ANCILLARY = 0x20000000;

    private static final int TRANSPARENCY = 0x74524E53;

    private PngChunks() {}

    /**
     * Looks at every chunk up to the last one that has a part in the pixels and is there as a whole, and goes back to where the input
     * was; of no PNG, at nothing.
     *
     * @throws IOException where one is not what its checksum says
     */
    static void check(ImageInputStream input) throws IOException {
        input.mark();
        try {
            if (input.readLong() == SIGNATURE) {
                while (!isLast(input)) {
                    // the next one
                }
            }
        } catch (EOFException e) {
            // whether what is there is enough says the reader
        } finally {
            input.reset();
        }
    }

    private static boolean isLast(ImageInputStream input) throws IOException {
        long left = input.readUnsignedInt();
        byte[] name = new byte[Integer.BYTES];
        input.readFully(name);
        CRC32 checksum = new CRC32();
        checksum.update(name);
        int type = ByteBuffer.wrap(name).getInt();
        byte[] buffer = new byte[BUFFER_BYTES];
        while (left > 0) {
            int count = (int) Math.min(left, buffer.length);
            input.readFully(buffer, 0, count);
            checksum.update(buffer, 0, count);
            left -= count;
        }
        boolean counts = (type & ANCILLARY) == 0 || type == TRANSPARENCY;
        if (input.readUnsignedInt() != checksum.getValue() && counts) {
            throw new IOException("a part of it is not what its checksum says");
        }
        return type == END;
    }
}
