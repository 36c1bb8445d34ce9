package dev.romestream.standalone.set;

import dev.romestream.producer.ImageSet;
import dev.romestream.producer.SourceException;
import dev.romestream.robustness.network.Normalization;
import dev.romestream.robustness.network.TensorData;
import dev.romestream.robustness.network.TensorFile;
import dev.romestream.standalone.network.ModelFile.Inputs;
import dev.romestream.standalone.set.DistilledSet.Labels;
import dev.romestream.standalone.set.DistilledSet.Values;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Distilled sets as people keep them: {@code .npz} with {@code images} and {@code labels}; what {@code torch.save} or
 * {@code pickle} wrote, where images and labels stand in a pair, or under their names in a dictionary, or in two files of which
 * one is named {@code labels} where the other is named {@code images}; or a folder of image files by class.
 */
public final class SetFile {
    private static final List<String> IMAGES =
            List.of("images", "image", "image_syn", "images_syn", "syn_images", "images_train", "x", "data");
    private static final List<String> LABELS = List.of(
            "labels", "label", "label_syn", "labels_syn", "syn_labels", "labels_train", "y", "targets", "target");
    private static final String SOFT_LABELS = "soft_labels";
    private static final String CLASS_NAMES = "class_names";
    /** How our files of version 0.1.0 number classes, where a data set has that order; they do not name them. */
    private static final String ORDER_BEFORE_NAMES = "wnids";
    /** Of the first entry of a zip archive: that its name is UTF-8, which NumPy does not say of plain ones, and Java does. */
    private static final int UTF8_FLAG = 8;

    private static final int FLAGS_AT = 7;
    private static final String MULTI_FORMATION = "multi_formation";
    private static final int MOST_DEPTH = 4;
    private static final int IMAGE_AXES = 4;
    private static final float LARGEST_BYTE = 255;

    private final Path file;
    private final Optional<Normalization> constants;

    private SetFile(Path file, Optional<Normalization> constants) {
        this.file = file;
        this.constants = constants;
    }

    /** Images and what stands beside them; null where there are no labels of a kind. */
    private record Pair(TensorData images, Object labels, Object softLabels) {}

    /**
     * Reads a file or folder.
     *
     * @param inputs what its values are; empty for the usual ones: pixels in {@code .npz} and image files, normalised values else
     * @param constants by which normalised values were normalised; empty for those of the data set
     * @param multiFormation whether images are 2x2 mosaics, where the file does not say it
     * @throws SetException where it is no set
     */
    public static DistilledSet read(
            Path file, Optional<Inputs> inputs, Optional<Normalization> constants, boolean multiFormation) {
        try {
            return Files.isDirectory(file)
                    ? folder(file, multiFormation)
                    : new SetFile(file, constants).read(inputs, multiFormation);
        } catch (NoSuchFileException e) {
            throw new SetException("There is no file " + file + ".", e);
        } catch (IOException e) {
            throw new SetException("Cannot read " + file + ": " + e.getMessage(), e);
        } catch (IllegalArgumentException | SourceException e) {
            String message = String.valueOf(e.getMessage());
            throw new SetException(message.contains(file.toString()) ? message : file + ": " + message, e);
        }
    }

    private static DistilledSet folder(Path directory, boolean multiFormation) {
        ImageSet read = ImageSet.read(directory);
        float[] values = new float[read.pixels().length];
        for (int i = 0; i < values.length; i++) {
            values[i] = (read.pixels()[i] & 0xff) / 255f;
        }
        float[] labels = new float[read.labels().length];
        for (int i = 0; i < labels.length; i++) {
            labels[i] = read.labels()[i];
        }
        return new DistilledSet(
                name(directory),
                new TensorData(new long[] {labels.length, read.channels(), read.height(), read.width()}, values),
                new Labels(
                        Optional.of(new TensorData(new long[] {labels.length}, labels)),
                        Optional.empty(),
                        Optional.of(read.classes()),
                        Optional.empty()),
                new Values(Inputs.PIXELS, Optional.empty(), true),
                multiFormation);
    }

    /** A set's name: its file's without the ending. */
    private static String name(Path file) {
        String name = String.valueOf(file.toAbsolutePath().normalize().getFileName());
        int dot = name.lastIndexOf('.');
        return dot > 0 && !Files.isDirectory(file) ? name.substring(0, dot) : name;
    }

    private DistilledSet read(Optional<Inputs> inputs, boolean multiFormation) throws IOException {
        Object content = TensorFile.read(file);
        Pair pair = pair(content, 0)
                .or(() -> images(content).map(images -> new Pair(images, besides(), null)))
                .orElseThrow(
                        () -> new SetException(
                                file + " holds " + outline(content)
                                        + ", and no images with labels. Read are a pair of them, or a dictionary with images and labels."));
        Inputs usual = file.toString().endsWith(".npz") || pair.images().whole() ? Inputs.PIXELS : Inputs.NORMALISED;
        Optional<List<String>> names = classNames(content, 0);
        boolean ours = isOurs();
        return new DistilledSet(
                name(file),
                inBytes(pair.images(), inputs),
                named(labels(pair), names, ours),
                // what we wrote is what we say, however far it was optimised
                new Values(inputs.orElse(usual), constants, inputs.isPresent() || ours),
                saysMosaics(content).orElse(multiFormation));
    }

    /** Labels with what their numbers mean, as far as the file says it. */
    private static Labels named(Labels labels, Optional<List<String>> names, boolean ours) {
        return new Labels(
                labels.hard(),
                labels.soft(),
                names,
                ours && names.isEmpty() ? Optional.of(ORDER_BEFORE_NAMES) : Optional.empty());
    }

    /** As deep as images may be. */
    private static Optional<List<String>> classNames(Object content, int depth) {
        if (depth > MOST_DEPTH) {
            return Optional.empty();
        }
        if (content instanceof Map<?, ?> map) {
            return map.get(CLASS_NAMES) instanceof List<?> list
                            && !list.isEmpty()
                            && list.stream().allMatch(String.class::isInstance)
                    ? Optional.of(list.stream().map(String.class::cast).toList())
                    : first(map, IMAGES).flatMap(inner -> classNames(inner, depth + 1));
        }
        return content instanceof List<?> list && !list.isEmpty()
                ? classNames(list.get(list.size() - 1), depth + 1)
                : Optional.empty();
    }

    private boolean isOurs() throws IOException {
        if (!file.toString().endsWith(".npz")) {
            return false;
        }
        try (InputStream archive = Files.newInputStream(file)) {
            byte[] start = archive.readNBytes(FLAGS_AT + 1);
            return start.length > FLAGS_AT && (start[FLAGS_AT] & UTF8_FLAG) != 0;
        }
    }

    /** Whole numbers are bytes: they are brought into [0,1]. */
    private TensorData inBytes(TensorData images, Optional<Inputs> inputs) {
        if (!images.whole()) {
            return images;
        }
        if (inputs.equals(Optional.of(Inputs.NORMALISED))) {
            throw new SetException(file + " has images of whole numbers, which are pixels from 0 to 255; leave"
                    + " --inputs out, or save normalised values as float32.");
        }
        float[] values = new float[images.values().length];
        float largest = 0;
        for (int i = 0; i < values.length; i++) {
            float value = images.values()[i];
            if (value < 0 || value > LARGEST_BYTE) {
                throw new SetException(file + " has images of whole numbers, and one is " + value
                        + "; pixels are from 0 to 255. Save other values as float32.");
            }
            largest = Math.max(largest, value);
            values[i] = value / LARGEST_BYTE;
        }
        if (largest <= 1) {
            throw new SetException(file + " has images of whole numbers from 0 to " + (int) largest
                    + ", which may be bytes or pixels in [0,1]; save them as float32 in [0,1].");
        }
        return new TensorData(images.shape(), values);
    }

    private static Optional<Boolean> saysMosaics(Object content) {
        return (content instanceof Map<?, ?> map
                        && map.get(MULTI_FORMATION) instanceof TensorData flag
                        && flag.values().length == 1)
                ? Optional.of(flag.values()[0] != 0)
                : Optional.empty();
    }

    /** Images and labels, in a pair, under their names, or in the last of several such. */
    private static Optional<Pair> pair(Object content, int depth) {
        if (depth > MOST_DEPTH) {
            return Optional.empty();
        }
        if (content instanceof Map<?, ?> map) {
            Optional<TensorData> images = first(map, IMAGES).flatMap(SetFile::images);
            Object labels = first(map, LABELS).orElse(null);
            Object softLabels = map.get(SOFT_LABELS);
            return images.isPresent() && (labels != null || softLabels != null)
                    ? Optional.of(new Pair(images.get(), labels, softLabels))
                    : first(map, IMAGES).flatMap(inner -> pair(inner, depth + 1));
        }
        if (content instanceof List<?> list && !list.isEmpty()) {
            if (list.size() == 2 && labelsOf(list.get(1))) {
                Optional<TensorData> images = images(list.get(0));
                if (images.isPresent()) {
                    return Optional.of(new Pair(images.get(), list.get(1), null));
                }
            }
            return pair(list.get(list.size() - 1), depth + 1);
        }
        return Optional.empty();
    }

    private static Optional<Object> first(Map<?, ?> map, List<String> names) {
        return names.stream().filter(map::containsKey).findFirst().map(map::get);
    }

    private static boolean labelsOf(Object candidate) {
        return candidate instanceof TensorData data
                ? data.shape().length <= 2
                : candidate instanceof List<?> list
                        && !list.isEmpty()
                        && (list.get(0) instanceof Number
                                || (list.get(0) instanceof TensorData first && first.shape().length <= 1));
    }

    /** A tensor of images, or a list of such, or of single images. */
    private static Optional<TensorData> images(Object candidate) {
        if (candidate instanceof TensorData data && data.shape().length == IMAGE_AXES) {
            return Optional.of(data);
        }
        if (candidate instanceof List<?> list
                && !list.isEmpty()
                && list.stream()
                        .allMatch(item -> item instanceof TensorData data && data.shape().length >= IMAGE_AXES - 1)) {
            return Optional.of(joined(list, IMAGE_AXES));
        }
        return Optional.empty();
    }

    /** One tensor of several: of whole ones one after the other, or of items that have one axis less. */
    private static TensorData joined(List<?> list, int axes) {
        long[] item = null;
        long count = 0;
        long values = 0;
        for (Object each : list) {
            TensorData data = (TensorData) each;
            boolean whole = data.shape().length == axes;
            long[] rest = whole ? Arrays.copyOfRange(data.shape(), 1, axes) : data.shape();
            if (item != null && !Arrays.equals(item, rest)) {
                throw new IllegalArgumentException("Its images have the shapes " + Arrays.toString(item) + " and "
                        + Arrays.toString(rest) + "; all must have one.");
            }
            item = rest;
            count += whole ? data.shape()[0] : 1;
            values += data.values().length;
        }
        float[] joined = new float[Math.toIntExact(values)];
        int at = 0;
        for (Object each : list) {
            float[] own = ((TensorData) each).values();
            System.arraycopy(own, 0, joined, at, own.length);
            at += own.length;
        }
        long[] shape = new long[axes];
        shape[0] = count;
        System.arraycopy(item, 0, shape, 1, axes - 1);
        return new TensorData(shape, joined, list.stream().allMatch(each -> ((TensorData) each).whole()));
    }

    private Labels labels(Pair pair) {
        Optional<TensorData> labelled = Optional.ofNullable(pair.labels()).map(this::labels);
        boolean soft = labelled.map(TensorData::shape)
                .filter(shape -> shape.length > 1 && shape[shape.length - 1] > 1)
                .isPresent();
        Optional<TensorData> beside = Optional.ofNullable(pair.softLabels()).map(this::labels);
        return soft
                ? new Labels(Optional.empty(), beside.or(() -> labelled), Optional.empty(), Optional.empty())
                : new Labels(labelled, beside, Optional.empty(), Optional.empty());
    }

    private TensorData labels(Object labels) {
        if (labels instanceof TensorData data) {
            return data;
        }
        List<?> list = labels instanceof List<?> elements ? elements : List.of();
        if (!list.isEmpty() && list.stream().allMatch(Number.class::isInstance)) {
            float[] values = new float[list.size()];
            for (int i = 0; i < values.length; i++) {
                values[i] = ((Number) list.get(i)).floatValue();
            }
            return new TensorData(new long[] {values.length}, values);
        }
        if (!list.isEmpty() && list.stream().allMatch(TensorData.class::isInstance)) {
            boolean rows = ((TensorData) list.get(0)).shape().length == 1 && ((TensorData) list.get(0)).shape()[0] > 1;
            return rows && !isPerClass(list) ? joined(list, 2) : flat(list);
        }
        throw new SetException(file + " has labels that are " + outline(labels) + "; needed is a tensor, or a list.");
    }

    /** Lists of whole numbers, of each class one, are hard labels; rows of probabilities are not. */
    private static boolean isPerClass(List<?> list) {
        return list.stream().allMatch(item -> {
            for (float value : ((TensorData) item).values()) {
                if (value != ((TensorData) item).values()[0] || value != Math.rint(value)) {
                    return false;
                }
            }
            return true;
        });
    }

    private static TensorData flat(List<?> list) {
        List<TensorData> rows = new ArrayList<>();
        list.forEach(item -> rows.add(
                new TensorData(new long[] {((TensorData) item).values().length}, ((TensorData) item).values())));
        return joined(rows, 1);
    }

    /** The labels in the file beside one of images. */
    private Object besides() {
        String name = String.valueOf(file.getFileName());
        Path beside = file.resolveSibling(name.replace("images", "labels"));
        if (!name.contains("images") || !Files.exists(beside)) {
            throw new SetException(file + " has images and no labels; keep them in "
                    + (name.contains("images")
                            ? beside.toString()
                            : "one file, as a pair, or in two of which one is named images... and the other labels...")
                    + ".");
        }
        try {
            return TensorFile.read(beside);
        } catch (IOException e) {
            throw new SetException("Cannot read " + beside + ": " + e.getMessage(), e);
        }
    }

    private static String outline(Object content) {
        if (content instanceof TensorData data) {
            return "a tensor of shape " + Arrays.toString(data.shape());
        }
        if (content instanceof Map<?, ?> map) {
            return "a dictionary with the keys "
                    + map.keySet().stream().limit(20).toList();
        }
        return content instanceof List<?> list ? "a list of " + list.size() : String.valueOf(content);
    }
}
