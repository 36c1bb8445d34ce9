package dev.romestream.client.result;

import dev.romestream.schemas.SnapshotClass;
import dev.romestream.schemas.SnapshotManifest;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.List;

/**
 * The images of a snapshot in pixel space, class after class.
 *
 * @param pixels {@code (N, C, H, W)}, row-major; distilled images may reach beyond [0,1]
 * @param multiFormation whether they are 2x2 mosaics
 */
public record SyntheticImages(
        int count, int channels, int height, int width, float[] pixels, long[] labels, boolean multiFormation) {

    /** @param classes in label order */
    static SyntheticImages of(SnapshotManifest manifest, List<SnapshotClass> classes) {
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
                count, channels, shape.get(2), shape.get(3), pixels, labels, manifest.getMultiFormation());
    }
}
