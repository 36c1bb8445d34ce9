package dev.romestream.dashboard.live;

import dev.romestream.exchange.codec.RecordJson;
import dev.romestream.exchange.experiment.Victim;
import dev.romestream.exchange.metric.NamedMetric;
import dev.romestream.robustness.metric.Outcomes;
import dev.romestream.schemas.Accuracy;
import dev.romestream.schemas.AttackAccuracy;
import dev.romestream.schemas.Mode;
import dev.romestream.schemas.RobustnessMetrics;
import dev.romestream.schemas.Sample;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What is kept of a figure beside its entry: what the lines of experiments need, outcomes of single images, and how it came to be, a
 * point for each change that was seen, fewer of the older ones.
 */
public final class LiveMetrics {
    private static final int MOST_POINTS = 32;

    private final List<double[]> history = new ArrayList<>();
    private String plan = "";
    private Headline headline;
    private List<Attack> attacks = List.of();

    /**
     * What lines of experiments need.
     *
     * @param position along the series: the window of a stream, or the snapshot or version
     * @param irrInterval empty where it is undefined
     */
    record Headline(
            int position,
            String victim,
            String suite,
            Mode mode,
            boolean complete,
            Double clean,
            Double worst,
            Double stability,
            Double irr,
            List<Double> irrInterval,
            List<String> flags) {}

    /**
     * An attack of a figure.
     *
     * @param outcomes the images that were still right; empty while they are not all seen
     * @param count of the images in {@code outcomes}
     * @param sample where its first images stand, if that is known
     */
    public record Attack(String name, BitSet outcomes, int count, Optional<Sample> sample) {
        /** The outcomes as a string, 1 for each image that was still right and 0 for each that was not. */
        public String perImage() {
            StringBuilder row = new StringBuilder();
            for (int i = 0; i < count; i++) {
                row.append(outcomes.get(i) ? '1' : '0');
            }
            return row.toString();
        }
    }

    /** Takes a record in, and returns it as pages get it: without outcomes of single images, and with how it came to be. */
    Map<String, Object> accept(RobustnessMetrics newest) {
        remember(newest);
        attacks = newest.getAttacks().stream()
                .map(attack -> new Attack(
                        attack.getAttack().intern(),
                        Outcomes.bits(attack.getPerImage()),
                        attack.getPerImage().length(),
                        Optional.ofNullable(attack.getSample())))
                .toList();
        headline = new Headline(
                Victim.window(newest).orElse(newest.getSnapshot()),
                newest.getVictim(),
                newest.getSuite().intern(),
                newest.getMode(),
                newest.getComplete(),
                newest.getClean().getAccuracy(),
                newest.getWorstCase().getAccuracy(),
                newest.getStability() == null ? null : newest.getStability().getPercent(),
                newest.getIrr(),
                newest.getIrrInterval() == null ? List.of() : List.copyOf(newest.getIrrInterval()),
                newest.getFlags().stream().map(String::intern).toList());
        for (AttackAccuracy attack : newest.getAttacks()) {
            attack.setPerImage("");
        }
        Map<String, Object> json = RecordJson.fields(newest);
        json.put("history", history.stream().map(LiveMetrics::row).toList());
        return json;
    }

    private void remember(RobustnessMetrics newest) {
        Accuracy worst = newest.getWorstCase();
        List<Double> interval = newest.getIrrInterval();
        double[] point = {
            NamedMetric.images(newest),
            known(newest.getClean().getAccuracy()),
            known(worst.getAccuracy()),
            known(newest.getIrr()),
            interval == null ? Double.NaN : interval.get(0),
            interval == null ? Double.NaN : interval.get(1),
            newest.getStability() == null
                    ? Double.NaN
                    : known(newest.getStability().getPercent())
        };
        int newestAt = history.size() - 1;
        if (!newest.getPlan().equals(plan)) {
            plan = newest.getPlan();
            history.clear();
        } else if (newestAt >= 0 && history.get(newestAt)[0] == point[0]) {
            history.remove(newestAt);
        }
        history.add(point);
        if (history.size() > MOST_POINTS) {
            for (int i = history.size() - 2; i > 0; i -= 2) {
                history.remove(i);
            }
        }
    }

    private static double known(Double value) {
        return value == null ? Double.NaN : value;
    }

    /** Images, clean, worst case, I-RR and its bounds, stability. */
    private static List<Object> row(double[] point) {
        List<Object> row = new ArrayList<>();
        for (double value : point) {
            row.add(Double.isNaN(value) ? null : Math.round(value * 100) / 100.0);
        }
        return row;
    }

    /** Gives a record of this figure the outcomes of single images back. */
    List<RobustnessMetrics> restored(List<RobustnessMetrics> records) {
        for (RobustnessMetrics record : records) {
            for (int i = 0; i < attacks.size(); i++) {
                record.getAttacks().get(i).setPerImage(attacks.get(i).perImage());
            }
        }
        return records;
    }

    Headline headline() {
        return headline;
    }

    /** Its attacks, in the order of the record. */
    List<Attack> attacks() {
        return attacks;
    }
}
