package dev.romestream.standalone.set;

import dev.romestream.exchange.codec.TensorCodec;
import dev.romestream.exchange.identity.Digest;
import dev.romestream.robustness.network.ImageShape;
import dev.romestream.robustness.network.Normalization;
import dev.romestream.robustness.network.TensorData;
import dev.romestream.schemas.DType;
import dev.romestream.schemas.DatasetDescriptor;
import dev.romestream.schemas.SnapshotClass;
import dev.romestream.schemas.Tensor;
import dev.romestream.standalone.network.ModelFile.Inputs;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * A distilled set that somebody brings: images, and what each of them is.
 *
 * <p>Labels are hard, or soft: a row for each image, of probabilities or, where a row has negative values or another sum than 1,
 * of logits.
 */
public final class DistilledSet {
    private static final double SUM_TOLERANCE = 0.1;
    private static final int IMAGE_AXES = 4;
    private static final int QUARTERS = 4;
    private static final int COLOURS = 3;
    private static final float MOST_PIXEL = 4;
    private static final float PIXEL_MARGIN = 0.5f;
    private static final double NEARLY_ALL = 0.98;
    private static final double FAR = 1 - NEARLY_ALL;
    /** More than any pixel of [0,1] is, by whichever constants. */
    private static final float MOST_NORMALISED = 20;

    private final String name;
    private final TensorData images;
    private final Optional<int[]> labels;
    private final boolean logits;
    private final Optional<TensorData> softLabels;
    private final Optional<List<String>> classNames;
    private final Optional<String> order;
    private final Values units;
    private final boolean multiFormation;

    /**
     * What the values of images are.
     *
     * @param constants by which normalised ones were normalised; empty for those of the data set
     * @param said whether somebody said so, and it does not follow from the file's kind
     */
    record Values(Inputs inputs, Optional<Normalization> constants, boolean said) {}

    /**
     * What the images are.
     *
     * @param hard a number for each image
     * @param soft a row for each image, {@code (N, classes)} or, of mosaics, {@code (N, 4, classes)}
     * @param names which the numbers are positions in; empty where they are the data set's
     * @param order of the data set's classes in which they are numbered, where the data set has such an order; empty for its own
     */
    record Labels(
            Optional<TensorData> hard,
            Optional<TensorData> soft,
            Optional<List<String>> names,
            Optional<String> order) {}

    /**
     * A set.
     *
     * @param images {@code (N, C, H, W)}
     * @param labels hard labels, soft ones, or both
     */
    DistilledSet(String name, TensorData images, Labels labels, Values units, boolean multiFormation) {
        this.name = name;
        this.classNames = labels.names();
        this.order = labels.order();
        this.units = units;
        this.multiFormation = multiFormation;
        this.images = images;
        if (images.shape().length != IMAGE_AXES) {
            throw new SetException(name + " has images of shape " + Arrays.toString(images.shape())
                    + "; needed is (images, channels, height, width).");
        }
        requireFinite("images", images.values());
        labels.hard().ifPresent(hard -> requireLabels(hard, hard.values().length == hard.shape()[0]));
        labels.soft().ifPresent(soft -> requireLabels(soft, isRows(soft)));
        this.labels = labels.hard().map(this::hard);
        this.logits = labels.soft().filter(DistilledSet::areLogits).isPresent();
        this.softLabels = labels.soft().map(this::probabilities);
        requireUnits();
    }

    /** What looks like values of another kind is refused, unless somebody said what it is. */
    private void requireUnits() {
        float least = 0;
        float most = 0;
        for (float value : images.values()) {
            least = Math.min(least, value);
            most = Math.max(most, value);
        }
        if (units.inputs() == Inputs.PIXELS && (-least > MOST_PIXEL || most > MOST_PIXEL)) {
            throw new SetException(name + " has the value " + (-least > MOST_PIXEL ? least : most)
                    + "; pixels are in [0,1]. Divide bytes by 255, or say --inputs normalised.");
        }
        double far = shareOutside(images.values());
        if (units.inputs() == Inputs.PIXELS && !units.said() && far > FAR) {
            throw new SetException(
                    "%s has %s %% of its values far from [0,1], and pixels are in it; say --inputs normalised, or --inputs pixels where they are pixels all the same."
                            .formatted(name, percent(far)));
        }
        if (units.inputs() == Inputs.NORMALISED && least >= 0 && most > MOST_NORMALISED) {
            throw new SetException(name + " has values from " + least + " to " + most
                    + ", which look like bytes; divide them by 255 and say --inputs pixels.");
        }
    }

    /** Share of values that no pixel has, however far it was optimised. */
    private static double shareOutside(float[] values) {
        int far = 0;
        for (float value : values) {
            far += value < -PIXEL_MARGIN || value > 1 + PIXEL_MARGIN ? 1 : 0;
        }
        return far / (double) values.length;
    }

    private static String percent(double share) {
        return String.format(Locale.ROOT, "%.0f", 100 * share);
    }

    private boolean isRows(TensorData soft) {
        int axes = soft.shape().length;
        return axes == 2 || (axes == 3 && multiFormation && soft.shape()[1] == QUARTERS);
    }

    private void requireLabels(TensorData values, boolean fits) {
        if (values.shape().length < 1 || values.shape()[0] != images.shape()[0] || !fits) {
            throw new SetException(name + " has " + images.shape()[0] + " images and labels of shape "
                    + Arrays.toString(values.shape()) + "; needed is a label, or a row of them, for each image.");
        }
        requireFinite("labels", values.values());
    }

    private void requireFinite(String what, float[] values) {
        for (int i = 0; i < values.length; i++) {
            if (!Float.isFinite(values[i])) {
                throw new SetException(
                        name + " has the value " + values[i] + " in its " + what + " at position " + i + ".");
            }
        }
    }

    private int[] hard(TensorData labels) {
        int[] hard = new int[labels.values().length];
        for (int i = 0; i < hard.length; i++) {
            hard[i] = (int) labels.values()[i];
            if (hard[i] != labels.values()[i] || hard[i] < 0) {
                throw new SetException(
                        name + " has the label " + labels.values()[i] + " at position " + i + "; labels count from 0.");
            }
        }
        return hard;
    }

    /** Whether soft labels are logits: one is negative, or most rows are far from a sum of 1. */
    private static boolean areLogits(TensorData labels) {
        int classes = (int) labels.shape()[labels.shape().length - 1];
        int far = 0;
        for (int row = 0; row < labels.values().length; row += classes) {
            double sum = 0;
            for (int i = row; i < row + classes; i++) {
                if (labels.values()[i] < 0) {
                    return true;
                }
                sum += labels.values()[i];
            }
            far += Math.abs(sum - 1) > SUM_TOLERANCE ? 1 : 0;
        }
        return 2L * far * classes > labels.values().length;
    }

    /** Rows that sum to 1. */
    private TensorData probabilities(TensorData labels) {
        int classes = (int) labels.shape()[labels.shape().length - 1];
        float[] values = labels.values().clone();
        for (int row = 0; row < values.length; row += classes) {
            if (logits) {
                softmax(values, row, classes);
            }
            double sum = 0;
            for (int i = row; i < row + classes; i++) {
                sum += values[i];
            }
            if (sum <= 0) {
                throw new SetException(name + " has a row of soft labels that sums to " + sum + ".");
            }
            for (int i = row; i < row + classes; i++) {
                values[i] = (float) (values[i] / sum);
            }
        }
        return new TensorData(labels.shape(), values);
    }

    private static void softmax(float[] values, int from, int count) {
        double largest = Double.NEGATIVE_INFINITY;
        for (int i = from; i < from + count; i++) {
            largest = Math.max(largest, values[i]);
        }
        for (int i = from; i < from + count; i++) {
            values[i] = (float) Math.exp(values[i] - largest);
        }
    }

    public String name() {
        return name;
    }

    /** Stored images are 2x2 mosaics. */
    public boolean multiFormation() {
        return multiFormation;
    }

    public int size() {
        return (int) images.shape()[0];
    }

    /** The most stored images of a class; of soft labels, where each image is of its likeliest. */
    public int imagesPerClass() {
        Map<Integer, Integer> counts = new HashMap<>();
        int most = 0;
        for (int label : labels.orElseGet(this::likeliest)) {
            most = Math.max(most, counts.merge(label, 1, Integer::sum));
        }
        return most;
    }

    /** SHA-256 of all that the set is. */
    public String fingerprint() {
        Digest digest = new Digest().add(units.inputs().name()).add(Boolean.toString(multiFormation));
        units.constants().ifPresent(constants -> digest.add(constants.toString()));
        digest.add(Arrays.toString(images.shape())).add(bytes(images.values()));
        labels.ifPresent(hard -> digest.add(Arrays.toString(hard)));
        softLabels.ifPresent(soft -> digest.add(bytes(soft.values())));
        classNames.ifPresent(names -> digest.add(names.toString()));
        order.ifPresent(digest::add);
        return digest.hex();
    }

    private byte[] bytes(float[] values) {
        return TensorCodec.encode(name, values).getData().array();
    }

    /** What it is, in words. */
    public String description() {
        return "%s: %d %s of shape %s, %s labels, %s values"
                .formatted(
                        name,
                        size(),
                        multiFormation ? "mosaics" : "images",
                        Arrays.toString(Arrays.copyOfRange(images.shape(), 1, IMAGE_AXES)),
                        softLabels.isEmpty() ? "hard" : logits ? "soft (from logits)" : "soft",
                        units.inputs().name().toLowerCase(Locale.ROOT));
    }

    /** What its values are taken to be, in words. */
    String units(DatasetDescriptor dataset) {
        if (units.inputs() == Inputs.PIXELS) {
            return name + ": values are pixels in [0,1].";
        }
        Normalization used = normalization(dataset);
        return name + ": values are pixels normalised by the mean " + used.mean() + " and the standard deviation "
                + used.std() + (units.constants().isPresent() ? "." : " of " + dataset.getId() + ".");
    }

    private Normalization normalization(DatasetDescriptor dataset) {
        Normalization used = units.constants().orElseGet(() -> new Normalization(dataset.getMean(), dataset.getStd()));
        if (used.mean().size() != dataset.getMean().size()) {
            throw new SetException("--mean and --std are for " + used.mean().size() + " channels; " + dataset.getId()
                    + " has " + dataset.getMean().size() + ".");
        }
        return used;
    }

    /** What is to be said where the values look like others: those of pixels, or of other constants. */
    Optional<String> doubt(DatasetDescriptor dataset) {
        if (units.inputs() == Inputs.NORMALISED) {
            int within = 0;
            for (float value : images.values()) {
                within += value >= 0 && value <= 1 ? 1 : 0;
            }
            if (within >= NEARLY_ALL * images.values().length) {
                return Optional.of(name + ": nearly all values are in [0,1]; if they are pixels, say --inputs pixels.");
            }
        }
        double far = shareOutside(pixels(dataset));
        if (far <= FAR) {
            return Optional.empty();
        }
        return Optional.of(name + ": " + percent(far) + " % of the values are pixels far from [0,1]; "
                + (units.inputs() == Inputs.PIXELS
                        ? "if they are normalised, say --inputs normalised."
                        : "if they were normalised by other constants, say --mean and --std."));
    }

    /** All values as pixels. */
    private float[] pixels(DatasetDescriptor dataset) {
        if (units.inputs() == Inputs.PIXELS) {
            return images.values();
        }
        Normalization used = normalization(dataset);
        long[] shape = images.shape();
        int area = (int) (shape[2] * shape[3]);
        float[] pixels = new float[images.values().length];
        for (int i = 0; i < pixels.length; i++) {
            int channel = (int) (i / area % shape[1] % used.mean().size());
            pixels[i] = (float)
                    (images.values()[i] * used.std().get(channel) + used.mean().get(channel));
        }
        return pixels;
    }

    /**
     * The set as the classes of a snapshot, in label order; of a soft label, the likeliest class is an image's.
     *
     * @throws SetException where it is none for the data set
     */
    public List<SnapshotClass> classes(DatasetDescriptor dataset) {
        ImageShape shape = new ImageShape(
                dataset.getShape().get(0),
                dataset.getShape().get(1),
                dataset.getShape().get(2));
        long[] wanted = {size(), shape.channels(), shape.height(), shape.width()};
        TensorData fitting = shape.channels() == 1 ? grey() : images;
        if (!Arrays.equals(fitting.shape(), wanted)) {
            throw new SetException(name + " has images of shape "
                    + Arrays.toString(Arrays.copyOfRange(images.shape(), 1, IMAGE_AXES))
                    + " (channels, height, width); "
                    + dataset.getId() + " has " + dataset.getShape() + ".");
        }
        List<String> names = dataset.getClasses();
        softLabels.map(soft -> soft.shape()[soft.shape().length - 1]).ifPresent(classes -> {
            if (classes != names.size()) {
                throw new SetException(name + " has labels over " + classes + " classes; " + dataset.getId() + " has "
                        + names.size() + ".");
            }
        });
        List<List<Integer>> byClass = new ArrayList<>();
        names.forEach(any -> byClass.add(new ArrayList<>()));
        int[] label = labels(dataset);
        for (int i = 0; i < size(); i++) {
            if (label[i] >= names.size()) {
                throw new SetException(name + " has the label " + label[i] + "; " + dataset.getId() + " has "
                        + names.size() + " classes.");
            }
            byClass.get(label[i]).add(i);
        }
        List<SnapshotClass> classes = new ArrayList<>();
        for (int of = 0; of < names.size(); of++) {
            if (byClass.get(of).isEmpty() && labels.isPresent()) {
                throw new SetException(name + " has no image of the class " + of + " (" + names.get(of) + ") of "
                        + dataset.getId() + ".");
            }
            classes.add(part(of, fitting.values(), byClass.get(of), shape, dataset));
        }
        return classes;
    }

    /** One of three channels that are equal, as image files have them. */
    private TensorData grey() {
        long[] shape = images.shape();
        if (shape[1] != COLOURS) {
            return images;
        }
        int area = (int) (shape[2] * shape[3]);
        float[] one = new float[size() * area];
        for (int i = 0; i < one.length; i++) {
            int at = i / area * COLOURS * area + i % area;
            one[i] = images.values()[at];
            if (one[i] != images.values()[at + area] || one[i] != images.values()[at + 2 * area]) {
                return images;
            }
        }
        return new TensorData(new long[] {shape[0], 1, shape[2], shape[3]}, one);
    }

    private SnapshotClass part(
            int label, float[] from, List<Integer> ids, ImageShape shape, DatasetDescriptor dataset) {
        float[] values = new float[ids.size() * shape.size()];
        int area = shape.height() * shape.width();
        boolean normalised = units.inputs() == Inputs.NORMALISED;
        boolean asTheyAre = normalised && units.constants().isEmpty();
        Optional<Normalization> others =
                normalised ? units.constants().map(any -> normalization(dataset)) : Optional.empty();
        for (int i = 0; i < values.length; i++) {
            int channel = i / area % shape.channels();
            double value = from[ids.get(i / shape.size()) * shape.size() + i % shape.size()];
            if (others.isPresent()) {
                value = value * others.get().std().get(channel)
                        + others.get().mean().get(channel);
            }
            values[i] = (float)
                    (asTheyAre
                            ? value
                            : (value - dataset.getMean().get(channel))
                                    / dataset.getStd().get(channel));
        }
        return SnapshotClass.newBuilder()
                .setLabel(label)
                .setImages(tensor(values, List.of(ids.size(), shape.channels(), shape.height(), shape.width())))
                .setSoftLabels(softLabels.map(soft -> rows(soft, ids, dataset)).orElse(null))
                .build();
    }

    /** The rows of these images; of mosaics quarter by quarter. */
    private Tensor rows(TensorData soft, List<Integer> ids, DatasetDescriptor dataset) {
        int axes = soft.shape().length;
        int classes = (int) soft.shape()[axes - 1];
        int quarters = axes == 2 ? 1 : QUARTERS;
        float[] rows = new float[ids.size() * quarters * classes];
        int[] meaning = meaning(dataset);
        if (meaning.length != classes) {
            throw new SetException(
                    name + " has labels over " + classes + " classes, and names " + meaning.length + ".");
        }
        for (int row = 0; row < ids.size() * quarters; row++) {
            int from = ids.get(row % ids.size()) * quarters + row / ids.size();
            for (int label = 0; label < classes; label++) {
                rows[row * classes + meaning[label]] = soft.values()[from * classes + label];
            }
        }
        return tensor(rows, List.of(ids.size() * quarters, classes));
    }

    private Tensor tensor(float[] values, List<Integer> shape) {
        return new Tensor(shape, DType.FLOAT32, TensorCodec.encode(name, values).getData());
    }

    private int[] labels(DatasetDescriptor dataset) {
        int[] own = labels.orElseGet(this::likeliest).clone();
        int[] meaning = meaning(dataset);
        for (int i = 0; i < own.length; i++) {
            if (own[i] >= meaning.length && classNames.isPresent()) {
                throw new SetException(
                        name + " has the label " + own[i] + ", and names " + meaning.length + " classes.");
            }
            own[i] = own[i] < meaning.length ? meaning[own[i]] : own[i];
        }
        return own;
    }

    /** Of the numbers of the file, what they are in the data set. */
    private int[] meaning(DatasetDescriptor dataset) {
        int[] meaning = classNames
                .map(names -> names.stream()
                        .mapToInt(folder -> position(folder, dataset))
                        .toArray())
                .orElseGet(() -> order.map(dataset.getOrders()::get)
                        .map(known -> known.stream().mapToInt(Integer::intValue).toArray())
                        .orElseGet(() ->
                                IntStream.range(0, dataset.getClasses().size()).toArray()));
        if (Arrays.stream(meaning).distinct().count() < meaning.length) {
            throw new SetException(name + " has two names for one class of " + dataset.getId() + ": "
                    + classNames.orElse(List.of()) + ". Name each class once.");
        }
        return meaning;
    }

    /** A class's label by its name, or by its number where the folder is named by it. */
    private int position(String folder, DatasetDescriptor dataset) {
        int position = dataset.getClasses().indexOf(folder);
        if (position >= 0) {
            return position;
        }
        if (folder.matches("[0-9]{1,8}")
                && Integer.parseInt(folder) < dataset.getClasses().size()) {
            return Integer.parseInt(folder);
        }
        throw new SetException(name + " has the class " + folder + "; the classes of " + dataset.getId() + " are "
                + String.join(", ", dataset.getClasses()) + ". Name classes so, or folders by their numbers from 0.");
    }

    /** The likeliest class of each image, over its quarters if it has such. */
    private int[] likeliest() {
        TensorData soft = softLabels.orElseThrow();
        int classes = (int) soft.shape()[soft.shape().length - 1];
        int[] best = new int[size()];
        int perImage = soft.values().length / size();
        for (int i = 0; i < best.length; i++) {
            double[] sums = new double[classes];
            for (int at = 0; at < perImage; at++) {
                sums[at % classes] += soft.values()[i * perImage + at];
            }
            for (int label = 1; label < classes; label++) {
                if (sums[label] > sums[best[i]]) {
                    best[i] = label;
                }
            }
        }
        return best;
    }
}
