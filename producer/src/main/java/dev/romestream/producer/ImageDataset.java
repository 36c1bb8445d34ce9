package dev.romestream.producer;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/**
 * A data set as it was read or generated.
 *
 * @param classes names, in label order
 * @param mean per channel, of pixels in [0,1]
 * @param orders in which files may number the classes otherwise: of each, the labels of its numbers
 */
record ImageDataset(
        String name,
        List<String> classes,
        int channels,
        int height,
        int width,
        List<Double> mean,
        List<Double> std,
        Images train,
        Images test,
        Map<String, List<Integer>> orders) {

    /** One whose classes have one order alone. */
    ImageDataset(
            String name,
            List<String> classes,
            int channels,
            int height,
            int width,
            List<Double> mean,
            List<Double> std,
            Images train,
            Images test) {
        this(name, classes, channels, height, width, mean, std, train, test, Map.of());
    }

    /**
     * Images of a split.
     *
     * @param pixels N * C * H * W bytes, row-major
     * @param keys of the images' records, where labels come later by key; else none
     */
    record Images(byte[] pixels, int[] labels, List<String> keys) {
        Images(byte[] pixels, int[] labels) {
            this(pixels, labels, List.of());
        }

        int count() {
            return labels.length;
        }
    }

    /**
     * A data set whose mean and standard deviation are those of its training images, rounded to four decimals; of its test images, where
     * there are no others.
     */
    static ImageDataset measured(
            String name, List<String> classes, int channels, int height, int width, Images train, Images test) {
        Images measured = train.count() == 0 ? test : train;
        List<Double> mean = new ArrayList<>();
        List<Double> std = new ArrayList<>();
        int area = height * width;
        for (int channel = 0; channel < channels; channel++) {
            long sum = 0;
            long squares = 0;
            for (int image = 0; image < measured.count(); image++) {
                int from = (image * channels + channel) * area;
                for (int i = from; i < from + area; i++) {
                    int value = measured.pixels()[i] & 0xff;
                    sum += value;
                    squares += (long) value * value;
                }
            }
            double n = (double) area * measured.count();
            double average = sum / n;
            mean.add(rounded(average / 255));
            std.add(Math.max(1e-4, rounded(Math.sqrt(squares / n - average * average) / 255)));
        }
        return new ImageDataset(name, classes, channels, height, width, mean, std, train, test);
    }

    private static double rounded(double value) {
        return Math.round(value * 1e4) / 1e4;
    }

    /** SHA-256 of shape, labels and pixels of both splits: equal fingerprints mean equal images. */
    String fingerprint() {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update((channels + "x" + height + "x" + width).getBytes(StandardCharsets.UTF_8));
            for (Images split : List.of(train, test)) {
                ByteBuffer labels = ByteBuffer.allocate(split.count() * Integer.BYTES);
                labels.asIntBuffer().put(split.labels());
                digest.update(labels);
                digest.update(split.pixels());
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java platform has SHA-256.", e);
        }
    }
}
