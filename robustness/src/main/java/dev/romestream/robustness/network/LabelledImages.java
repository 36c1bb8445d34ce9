package dev.romestream.robustness.network;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.ArrayList;
import java.util.List;

/** A split of a data set in memory: bytes per pixel, image after image, and a label for each. */
public final class LabelledImages {
    /** The label of an image that has none; where there are no classes, it is that of all. */
    public static final int UNLABELLED = -1;

    private final ImageShape shape;
    private final byte[] pixels;
    private final int[] labels;
    private final List<int[]> byClass;

    /**
     * Images that stay as they are.
     *
     * @param pixels N * C * H * W bytes, row-major; not copied
     */
    public LabelledImages(ImageShape shape, int classes, byte[] pixels, int[] labels) {
        if (pixels.length != labels.length * shape.size()) {
            throw new IllegalArgumentException(labels.length + " images of shape " + shape + " take "
                    + (long) labels.length * shape.size() + " bytes; given are " + pixels.length + ".");
        }
        this.shape = shape;
        this.pixels = pixels;
        this.labels = labels.clone();
        List<List<Integer>> positions = new ArrayList<>();
        for (int label = 0; label < classes; label++) {
            positions.add(new ArrayList<>());
        }
        for (int i = 0; i < labels.length; i++) {
            if (classes == 0 && labels[i] == UNLABELLED) {
                continue;
            }
            if (labels[i] < 0 || labels[i] >= classes) {
                throw new IllegalArgumentException(
                        "Image " + i + " has the label " + labels[i] + "; there are " + classes + " classes.");
            }
            positions.get(labels[i]).add(i);
        }
        this.byClass = positions.stream()
                .map(list -> list.stream().mapToInt(Integer::intValue).toArray())
                .toList();
    }

    public ImageShape shape() {
        return shape;
    }

    public int classes() {
        return byClass.size();
    }

    public int size() {
        return labels.length;
    }

    /** Images of a class. */
    public int size(int label) {
        return byClass.get(label).length;
    }

    /** The id of the {@code position}-th image of a class. */
    public int id(int label, int position) {
        return byClass.get(label)[position];
    }

    public int label(int id) {
        return labels[id];
    }

    /** The labels of these images. */
    public int[] labels(int[] ids) {
        int[] chosen = new int[ids.length];
        for (int i = 0; i < ids.length; i++) {
            chosen[i] = labels[ids[i]];
        }
        return chosen;
    }

    /** The bytes of these images, {@code (N, C, H, W)}. */
    public byte[] bytes(int[] ids) {
        byte[] chosen = new byte[ids.length * shape.size()];
        for (int i = 0; i < ids.length; i++) {
            System.arraycopy(pixels, ids[i] * shape.size(), chosen, i * shape.size(), shape.size());
        }
        return chosen;
    }

    /** These images as {@code (N, C, H, W)} in [0,1]. */
    public NDArray pixels(NDManager manager, int[] ids) {
        return pixels(manager, shape, bytes(ids));
    }

    /** Bytes as {@code (N, C, H, W)} in [0,1]. */
    public static NDArray pixels(NDManager manager, ImageShape shape, byte[] bytes) {
        float[] values = new float[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            values[i] = (bytes[i] & 0xff) / 255f;
        }
        return manager.create(values, shape.batch(bytes.length / shape.size()));
    }
}
