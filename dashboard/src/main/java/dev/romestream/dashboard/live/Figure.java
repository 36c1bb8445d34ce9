package dev.romestream.dashboard.live;

import dev.romestream.client.result.RecordJson;
import dev.romestream.schemas.Accuracy;
import dev.romestream.schemas.AttackAccuracy;
import dev.romestream.schemas.RobustnessMetrics;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A figure as it stands, and how it came to be so: a point for each change that was seen, fewer of the older ones. */
final class Figure {
    private static final int MOST_POINTS = 64;

    private final List<Point> history = new ArrayList<>();
    private RobustnessMetrics metrics;
    private List<BitSet> outcomes = List.of();
    private Map<String, Object> json = Map.of();

    /**
     * What was known after so many images.
     *
     * @param irr and its bounds, in per cent; null where undefined
     */
    record Point(long images, Double clean, Double worst, Double irr, List<Double> irrInterval) {}

    /** Takes a record in. */
    void accept(RobustnessMetrics newest) {
        Accuracy worst = newest.getWorstCase();
        if (!history.isEmpty() && history.get(history.size() - 1).images() > worst.getCount()) {
            history.clear(); // the victim is another one
        }
        Point point = new Point(
                worst.getCount(),
                newest.getClean().getAccuracy(),
                worst.getAccuracy(),
                newest.getIrr(),
                newest.getIrrInterval());
        if (!history.isEmpty() && history.get(history.size() - 1).images() == point.images()) {
            history.set(history.size() - 1, point);
        } else {
            history.add(point);
        }
        if (history.size() > MOST_POINTS) {
            for (int i = history.size() - 2; i > 0; i -= 2) {
                history.remove(i);
            }
        }
        outcomes = newest.getAttacks().stream()
                .map(AttackAccuracy::getPerImage)
                .map(Figure::bits)
                .toList();
        newest.getAttacks().forEach(attack -> attack.setPerImage(""));
        metrics = newest;
        json = RecordJson.fields(newest);
    }

    private static BitSet bits(String perImage) {
        BitSet bits = new BitSet(perImage.length());
        for (int i = 0; i < perImage.length(); i++) {
            bits.set(i, perImage.charAt(i) == '1');
        }
        return bits;
    }

    RobustnessMetrics metrics() {
        return metrics;
    }

    /** For each attack, in order, the images that were still right; empty while the figure is not complete. */
    List<BitSet> outcomes() {
        return outcomes;
    }

    /** As pages get it: the record without outcomes of single images, and how it came to be. */
    Map<String, Object> json() {
        Map<String, Object> values = new LinkedHashMap<>(json);
        values.put(
                "history",
                history.stream()
                        .map(point -> {
                            List<Object> row = new ArrayList<>();
                            row.add(point.images());
                            row.add(point.clean());
                            row.add(point.worst());
                            row.add(point.irr());
                            row.add(
                                    point.irrInterval() == null
                                            ? null
                                            : point.irrInterval().get(0));
                            row.add(
                                    point.irrInterval() == null
                                            ? null
                                            : point.irrInterval().get(1));
                            return row;
                        })
                        .toList());
        return values;
    }
}
