package dev.romestream.producer;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * In which order the classes of a data set are numbered. Numbers in files mean what the tool that wrote them meant, and that is mostly
 * torchvision's {@code ImageFolder}, which sorts the folders' names.
 */
final class LabelOrder {
    private static final String SORTED = "sorted";

    private final ImageDataset dataset;
    private final List<String> ids;
    private final Map<String, List<String>> known = new LinkedHashMap<>();

    /**
     * Of a data set whose classes are in the order of their folders' names.
     *
     * @param ids names of the classes' folders, in label order
     */
    LabelOrder(ImageDataset dataset, List<String> ids) {
        this.dataset = dataset;
        this.ids = ids;
        known.put(SORTED, ids);
    }

    /** There is another order that files may have. */
    LabelOrder with(String name, List<String> order) {
        known.put(name, order);
        return this;
    }

    /** Where all folders are named by numbers, there is the order of these. */
    LabelOrder withNumeric() {
        if (!ids.stream().allMatch(id -> id.matches("[0-9]{1,9}"))) {
            return this;
        }
        return with(
                "numeric",
                ids.stream()
                        .sorted((one, other) -> Integer.compare(Integer.parseInt(one), Integer.parseInt(other)))
                        .toList());
    }

    /**
     * The data set in an order.
     *
     * @param wanted a known one's name; or all classes, by name or folder; empty for the sorted one
     * @throws SourceException where it is none of these
     */
    ImageDataset in(List<String> wanted) {
        List<String> order = order(wanted);
        int[] label = ids.stream().mapToInt(order::indexOf).toArray();
        List<String> classes = new ArrayList<>(dataset.classes());
        for (int i = 0; i < label.length; i++) {
            classes.set(label[i], dataset.classes().get(i));
        }
        Map<String, List<Integer>> others = new LinkedHashMap<>();
        known.forEach((name, other) -> {
            if (!other.equals(order)) {
                others.put(name, other.stream().map(order::indexOf).toList());
            }
        });
        return new ImageDataset(
                dataset.name(),
                classes,
                dataset.channels(),
                dataset.height(),
                dataset.width(),
                dataset.mean(),
                dataset.std(),
                relabelled(dataset.train(), label),
                relabelled(dataset.test(), label),
                others);
    }

    private static ImageDataset.Images relabelled(ImageDataset.Images images, int[] label) {
        int[] labels = images.labels().clone();
        for (int i = 0; i < labels.length; i++) {
            labels[i] = label[labels[i]];
        }
        return new ImageDataset.Images(images.pixels(), labels);
    }

    private List<String> order(List<String> wanted) {
        if (wanted.isEmpty()) {
            return ids;
        }
        Optional<List<String>> named =
                wanted.size() == 1 ? Optional.ofNullable(known.get(wanted.get(0))) : Optional.empty();
        if (named.isPresent()) {
            return named.get();
        }
        for (List<String> names : List.of(ids, dataset.classes())) {
            if (wanted.size() == names.size() && new HashSet<>(wanted).equals(new HashSet<>(names))) {
                return wanted.stream().map(name -> ids.get(names.indexOf(name))).toList();
            }
        }
        String unknown = wanted.stream()
                .filter(name -> !ids.contains(name) && !dataset.classes().contains(name))
                .findFirst()
                .map(name -> "'" + name + "' is none of them")
                .orElse("it has " + wanted.size() + " and there are " + ids.size());
        throw new SourceException(
                "dataset.order (--labels-order) is no order of the classes of " + dataset.name() + ": "
                        + unknown + ". Known are " + String.join(", ", known.keySet())
                        + "; or name every class once, as " + ids.get(0) + " or "
                        + dataset.classes().get(0) + ".");
    }
}
