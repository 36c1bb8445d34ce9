package dev.romestream.robustness.metric;

import dev.romestream.robustness.tensor.Seed;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A part of a split in which every class has its share. Classes take turns in it, each with its images in random order, so that
 * the first images of a subset are a subset too, and running figures tell of all classes.
 */
public final class StratifiedSubset {
    /** An image's place in the order: the fraction of its class that comes before it. */
    private record Place(double fraction, int label, int image) {}

    private StratifiedSubset() {}

    /**
     * Draws a subset.
     *
     * @param labels of all images, 0 to classes - 1
     * @param size images wanted; all of them where there are fewer
     * @return positions in {@code labels}
     */
    public static int[] draw(int[] labels, int classes, int size, Seed seed) {
        List<Place> places = new ArrayList<>();
        for (int label = 0; label < classes; label++) {
            int wanted = label;
            int[] members = IntStream.range(0, labels.length)
                    .filter(image -> labels[image] == wanted)
                    .toArray();
            int[] order = seed.with(label).sample(members.length, members.length);
            for (int rank = 0; rank < order.length; rank++) {
                places.add(new Place((rank + 0.5) / order.length, label, members[order[rank]]));
            }
        }
        return places.stream()
                .sorted(Comparator.comparingDouble(Place::fraction).thenComparingInt(Place::label))
                .limit(size)
                .mapToInt(Place::image)
                .toArray();
    }
}
