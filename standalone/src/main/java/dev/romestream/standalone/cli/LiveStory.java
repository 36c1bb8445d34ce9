package dev.romestream.standalone.cli;

import dev.romestream.exchange.metric.MetricDifference;
import dev.romestream.exchange.metric.NamedMetric;
import dev.romestream.robustness.attack.Attacks;
import dev.romestream.robustness.metric.Interval;
import dev.romestream.robustness.metric.MetricNames;
import dev.romestream.schemas.Alert;
import dev.romestream.schemas.AttackAccuracy;
import dev.romestream.schemas.Mode;
import dev.romestream.schemas.RobustnessMetrics;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;

/**
 * What a network's metrics along a stream tell of a drift, in sentences that follow from them.
 *
 * @param metrics complete and untargeted, in the order of windows and then of versions
 */
record LiveStory(List<RobustnessMetrics> metrics) {

    static LiveStory of(Stream<RobustnessMetrics> all) {
        return new LiveStory(all.filter(
                        one -> one.getComplete() && one.getMode() == Mode.UNTARGETED && one.getWindow() != null)
                .sorted(Comparator.comparingInt(LiveStory::window).thenComparingInt(RobustnessMetrics::getVersion))
                .toList());
    }

    private static int window(RobustnessMetrics one) {
        return one.getWindow().getNumber();
    }

    /** The window whose records say that something has changed. */
    private OptionalInt drift() {
        return metrics.stream()
                .filter(one -> !one.getWindow().getMarks().isEmpty())
                .mapToInt(LiveStory::window)
                .min();
    }

    private Optional<RobustnessMetrics> before() {
        return drift().stream()
                .boxed()
                .flatMap(drift -> metrics.stream().filter(one -> window(one) < drift))
                .reduce((first, second) -> second);
    }

    private Optional<RobustnessMetrics> drifted() {
        return drift().stream()
                .boxed()
                .flatMap(drift -> metrics.stream().filter(one -> window(one) >= drift))
                .findFirst();
    }

    /** A version that was made after the drift, and the one that fell: on the same images, where both were scored on some. */
    private record Change(RobustnessMetrics fallen, RobustnessMetrics healed) {
        boolean isOfSameImages() {
            return MetricDifference.isOfSameImages(fallen.getImagesDigest(), healed.getImagesDigest());
        }
    }

    private Optional<Change> change() {
        List<Change> changes = drifted().stream()
                .flatMap(drifted -> metrics.stream()
                        .filter(one -> one.getVersion() > drifted.getVersion())
                        .flatMap(healed -> metrics.stream()
                                .filter(one ->
                                        one.getVersion() == drifted.getVersion() && window(one) >= window(drifted))
                                .map(fallen -> new Change(fallen, healed))))
                .toList();
        return changes.stream().filter(Change::isOfSameImages).findFirst().or(() -> changes.stream()
                .findFirst());
    }

    /** Whether all has happened that there is to tell: the new version was scored on two windows. */
    boolean isOver() {
        return change().stream()
                .anyMatch(change -> metrics.stream()
                                .filter(one ->
                                        one.getVersion() == change.healed().getVersion())
                                .count()
                        > 1);
    }

    /** The newest window; -1 where there is none. */
    int newest() {
        return metrics.isEmpty() ? -1 : window(metrics.get(metrics.size() - 1));
    }

    /** The sentences, one a line. */
    List<String> lines(List<Alert> alerts) {
        if (before().isEmpty() || drifted().isEmpty()) {
            return List.of("The stream ended before anything happened on it.");
        }
        RobustnessMetrics before = before().get();
        RobustnessMetrics drifted = drifted().get();
        return List.of(
                "Before the drift:  " + seen(before) + ".",
                "With %s:  %s.".formatted(String.join(", ", drifted.getWindow().getMarks()), seen(drifted)),
                alerts.stream()
                        .filter(alert -> alert.getRaisedOn() != null)
                        .findFirst()
                        .map(alert -> "The alert %s was raised on window %d%s."
                                .formatted(
                                        alert.getRule(),
                                        alert.getRaisedOn(),
                                        alert.getAction() == null
                                                ? ""
                                                : ", and asked for a set: "
                                                        + alert.getAction().getReason()))
                        .orElse(
                                "No alert was raised: chance was not ruled out, or the fall was smaller than the rule asks for."),
                change().map(change -> "After it%s:  %s."
                                .formatted(
                                        change.isOfSameImages() ? ", on images on which the network fell" : "",
                                        seen(change.healed())))
                        .orElse("No set was made of the images on which the network fell."),
                change().map(change -> "So clean accuracy %s, and robustness %s."
                                .formatted(
                                        recovery(change, before, MetricNames.CLEAN),
                                        recovery(change, before, Attacks.PGD)))
                        .orElse("So there is no recovery to tell of."));
    }

    /** What was won of what was lost, where chance is ruled out; in pairs, where the images are the same. */
    private static String recovery(Change change, RobustnessMetrics before, String metric) {
        NamedMetric now = NamedMetric.of(change.healed(), metric);
        NamedMetric fallen = NamedMetric.of(change.fallen(), metric);
        MetricDifference won = MetricDifference.of(now, fallen, change.isOfSameImages());
        Interval interval = won.interval().orElseThrow();
        double lost = NamedMetric.of(before, metric).value().orElseThrow()
                - fallen.value().orElseThrow();
        return String.format(
                Locale.ROOT,
                "%s: %+.1f points [%.1f, %.1f] of %.1f lost",
                interval.low() <= 0
                        ? "did not clearly recover"
                        : interval.high() < lost ? "recovered in part" : "recovered",
                won.points(),
                interval.low(),
                interval.high(),
                lost);
    }

    private static AttackAccuracy standing(RobustnessMetrics one) {
        return one.getAttacks().stream()
                .filter(attack -> attack.getAttack().equals(Attacks.PGD))
                .findFirst()
                .orElseThrow();
    }

    private static String seen(RobustnessMetrics one) {
        return "window %d, clean %s, standing under PGD %s"
                .formatted(
                        window(one),
                        words(one.getClean().getAccuracy(), one.getClean().getInterval()),
                        words(standing(one).getAccuracy(), standing(one).getInterval()));
    }

    private static String words(double value, List<Double> interval) {
        return String.format(Locale.ROOT, "%.1f [%.1f, %.1f]", value, interval.get(0), interval.get(1));
    }
}
