package dev.romestream.client.result;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.LocalDateTime;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** NumPy's {@code .npz}: a zip archive of {@code .npy} arrays (format 1.0). Equal arrays give equal bytes. */
final class NumpyArchive {
    private static final LocalDateTime EPOCH = LocalDateTime.of(1980, 1, 1, 0, 0);
    private static final int ALIGNMENT = 64;
    private static final int PREFIX = 10;

    private NumpyArchive() {}

    /**
     * Writes {@code images}, float32 {@code (N, C, H, W)}, and {@code labels}, int64; where the images are 2x2 mosaics, also
     * {@code multi_formation}, which is true; {@code class_names}, which the labels are positions in; and {@code soft_labels}, float32 {@code (N, classes)} or {@code (N, 4, classes)},
     * where there are such.
     */
    static void write(OutputStream out, SyntheticImages images) throws IOException {
        try (ZipOutputStream zip = new ZipOutputStream(out)) {
            ByteBuffer pixels =
                    ByteBuffer.allocate(images.pixels().length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            pixels.asFloatBuffer().put(images.pixels());
            String shape =
                    "(%d, %d, %d, %d)".formatted(images.count(), images.channels(), images.height(), images.width());
            entry(zip, "images.npy", "<f4", shape, pixels.array());
            ByteBuffer labels =
                    ByteBuffer.allocate(images.labels().length * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            labels.asLongBuffer().put(images.labels());
            entry(zip, "labels.npy", "<i8", "(%d,)".formatted(images.count()), labels.array());
            if (images.softLabels().isPresent()) {
                SyntheticImages.SoftLabels soft = images.softLabels().get();
                ByteBuffer values =
                        ByteBuffer.allocate(soft.values().length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
                values.asFloatBuffer().put(soft.values());
                String softShape = soft.rows() == 1
                        ? "(%d, %d)".formatted(images.count(), soft.classes())
                        : "(%d, %d, %d)".formatted(images.count(), soft.rows(), soft.classes());
                entry(zip, "soft_labels.npy", "<f4", softShape, values.array());
            }
            if (!images.classNames().isEmpty()) {
                int letters = images.classNames().stream()
                        .mapToInt(name -> name.codePointCount(0, name.length()))
                        .max()
                        .orElse(1);
                ByteBuffer names = ByteBuffer.allocate(images.classNames().size() * letters * Integer.BYTES)
                        .order(ByteOrder.LITTLE_ENDIAN);
                for (int label = 0; label < images.classNames().size(); label++) {
                    names.position(label * letters * Integer.BYTES);
                    images.classNames().get(label).codePoints().forEach(names::putInt);
                }
                entry(
                        zip,
                        "class_names.npy",
                        "<U" + letters,
                        "(" + images.classNames().size() + ",)",
                        names.array());
            }
            if (images.multiFormation()) {
                entry(zip, "multi_formation.npy", "|b1", "()", new byte[] {1});
            }
        }
    }

    private static void entry(ZipOutputStream zip, String name, String type, String shape, byte[] data)
            throws IOException {
        ZipEntry entry = new ZipEntry(name);
        entry.setTimeLocal(EPOCH);
        zip.putNextEntry(entry);
        String header = "{'descr': '%s', 'fortran_order': False, 'shape': %s, }".formatted(type, shape);
        int length = PREFIX + header.length() + 1;
        String padded = header + " ".repeat((ALIGNMENT - length % ALIGNMENT) % ALIGNMENT) + "\n";
        zip.write(0x93);
        zip.write("NUMPY".getBytes(StandardCharsets.US_ASCII));
        zip.write(new byte[] {1, 0, (byte) padded.length(), (byte) (padded.length() >> 8)});
        zip.write(padded.getBytes(StandardCharsets.US_ASCII));
        zip.write(data);
        zip.closeEntry();
    }
}
