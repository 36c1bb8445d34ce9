package dev.romestream.client.result;

import dev.romestream.schemas.SnapshotClass;
import dev.romestream.schemas.SnapshotManifest;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Optional;

/**
 * The images of a snapshot in pixel space, class after class.
 *
 * @param pixels {@code (N, C, H, W)}, row-major; distilled images may reach beyond [0,1]
 * @param multiFormation whether they are 2x2 mosaics
 * @param softLabels empty where there are none
 * @param classNames in label order; empty where they are not known
 */
public record SyntheticImages(
        int count,
        int channels,
        int height,
        int width,
        float[] pixels,
        long[] labels,
        boolean multiFormation,
        Optional<SoftLabels> softLabels,
        List<String> classNames) {

    /**
     * Probabilities of the classes.
     *
     * @param rows of an image: one, or one for each quarter of a mosaic
     * @param values {@code (N, rows, classes)}, row-major
     */
    public record SoftLabels(int rows, int classes, float[] values) {}

    /**
     * The images of a snapshot's records.
     *
     * @param classes in label order
     */
    public static SyntheticImages of(SnapshotManifest manifest, List<SnapshotClass> classes) {
        List<Integer> shape = classes.get(0).getImages().getShape();
        int channels = shape.get(1);
        int area = shape.get(2) * shape.get(3);
        int count = classes.stream()
                .mapToInt(part -> part.getImages().getShape().get(0))
                .sum();
        float[] pixels = new float[count * channels * area];
        long[] labels = new long[count];
        int at = 0;
        int image = 0;
        for (SnapshotClass part : classes) {
            FloatBuffer values = part.getImages()
                    .getData()
                    .duplicate()
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .asFloatBuffer();
            for (int i = 0; i < part.getImages().getShape().get(0); i++) {
                labels[image++] = part.getLabel();
                for (int channel = 0; channel < channels; channel++) {
                    double std = manifest.getStd().get(channel);
                    double mean = manifest.getMean().get(channel);
                    for (int pixel = 0; pixel < area; pixel++) {
                        pixels[at++] = (float) (values.get() * std + mean);
                    }
                }
            }
        }
        return new SyntheticImages(
                count,
                channels,
                shape.get(2),
                shape.get(3),
                pixels,
                labels,
                manifest.getMultiFormation(),
                softLabels(classes, count),
                manifest.getClassNames());
    }

    private static Optional<SoftLabels> softLabels(List<SnapshotClass> classes, int count) {
        if (classes.stream().anyMatch(part -> part.getSoftLabels() == null)) {
            return Optional.empty();
        }
        int rows = classes.stream()
                        .mapToInt(part -> part.getSoftLabels().getShape().get(0))
                        .sum()
                / count;
        int width = classes.get(0).getSoftLabels().getShape().get(1);
        FloatBuffer labels = FloatBuffer.allocate(count * rows * width);
        for (SnapshotClass part : classes) {
            int images = part.getImages().getShape().get(0);
            FloatBuffer rowsOfLabels = part.getSoftLabels()
                    .getData()
                    .duplicate()
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .asFloatBuffer();
            // they stand quarter by quarter, and are wanted image by image
            for (int row = 0; row < images * rows; row++) {
                labels.put(rowsOfLabels.slice((row % rows * images + row / rows) * width, width));
            }
        }
        return Optional.of(new SoftLabels(rows, width, labels.array()));
    }
}
