package dev.romestream.evaluator.victim;

import ai.djl.ndarray.NDManager;
import dev.romestream.exchange.codec.Dataset;
import dev.romestream.robustness.metric.Interval;
import dev.romestream.robustness.metric.StratifiedSubset;
import dev.romestream.robustness.network.Classifier;
import dev.romestream.robustness.network.LabelledImages;
import dev.romestream.robustness.network.Normalization;
import dev.romestream.robustness.tensor.Seed;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** Looks whether a network that is hardly above chance numbers the classes in another order that files of the data set may have. */
final class LabelOrders {
    private static final int IMAGES = 300;
    /** Up to so many times chance is no better than chance: two orders have a few classes in common. */
    private static final int CLEARLY = 3;

    private LabelOrders() {}

    /** The flag {@code labels-order-<name>}, where there is such an order. */
    static List<String> flags(NDManager manager, Classifier network, Normalization normalization, Dataset dataset) {
        Map<String, List<Integer>> orders = dataset.descriptor().getOrders();
        if (orders.isEmpty()) {
            return List.of();
        }
        LabelledImages test = dataset.test();
        int[] all = test.labels(IntStream.range(0, test.size()).toArray());
        int[] ids = StratifiedSubset.draw(all, test.classes(), Math.min(IMAGES, test.size()), new Seed(0));
        int[] labels = test.labels(ids);
        int[] predicted;
        try (NDManager scope = manager.newSubManager()) {
            predicted = network.predict(
                    normalization.normalise(LabelledImages.pixels(scope, test.shape(), test.bytes(ids))));
        }
        double chance = 100.0 / test.classes();
        Interval own = interval(
                labels, predicted, IntStream.range(0, test.classes()).boxed().toList());
        if (own.low() > CLEARLY * chance) {
            return List.of();
        }
        return orders.entrySet().stream()
                .filter(order ->
                        interval(labels, predicted, order.getValue()).low() > Math.max(own.high(), CLEARLY * chance))
                .map(order -> "labels-order-" + order.getKey())
                .sorted()
                .limit(1)
                .toList();
    }

    /** Of the accuracy, where the network's number k means this label. */
    private static Interval interval(int[] labels, int[] predicted, List<Integer> meaning) {
        int right = 0;
        for (int i = 0; i < labels.length; i++) {
            right += meaning.get(predicted[i]) == labels[i] ? 1 : 0;
        }
        return Interval.wilson(right, labels.length);
    }
}
