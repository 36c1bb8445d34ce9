package dev.romestream.client.gate;

import dev.romestream.client.table.AttackColumns;
import dev.romestream.exchange.metric.MetricDifference;
import dev.romestream.exchange.metric.NamedMetric;
import dev.romestream.robustness.attack.Attacks;
import dev.romestream.robustness.metric.MetricNames;
import dev.romestream.schemas.AttackAccuracy;
import dev.romestream.schemas.Mode;
import dev.romestream.schemas.RobustnessMetrics;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What is asked of metrics: that they reach a limit, and that they have not fallen below those of a baseline. */
public final class Gate {
    private static final String AGAINST = "not clearly below the baseline";

    private final Map<String, Double> least;
    private final Optional<List<RobustnessMetrics>> baseline;

    /**
     * A gate.
     *
     * @param least metrics with the least that each is to be, in per cent, in every suite, untargeted
     * @param baseline records that metrics are not to have fallen below
     */
    public Gate(Map<String, Double> least, Optional<List<RobustnessMetrics>> baseline) {
        this.least = new LinkedHashMap<>(least);
        this.baseline = baseline;
    }

    /**
     * Holds every metric against what is asked of it.
     *
     * @param records of the networks
     * @throws IllegalArgumentException where something is asked of a metric that there is not, or the baseline does not fit
     */
    public List<GateCheck> checks(List<RobustnessMetrics> records) {
        List<GateCheck> checks = new ArrayList<>();
        least.forEach((metric, limit) -> {
            List<GateCheck> own = records.stream()
                    .filter(record ->
                            record.getMode() == Mode.UNTARGETED && names(record).contains(metric))
                    .map(record -> atLeast(record, metric, limit))
                    .toList();
            if (own.isEmpty()) {
                throw new IllegalArgumentException("There is no metric '" + metric + "' to fail under; there are "
                        + records.stream()
                                .flatMap(record -> names(record).stream())
                                .distinct()
                                .sorted()
                                .collect(Collectors.joining(", "))
                        + ".");
            }
            checks.addAll(own);
        });
        baseline.ifPresent(before -> records.forEach(record -> checks.addAll(against(record, match(record, before)))));
        return checks;
    }

    private static Set<String> names(RobustnessMetrics record) {
        Set<String> names = new TreeSet<>(NamedMetric.names(record.getLabels()));
        record.getAttacks().forEach(attack -> names.add(attack.getAttack()));
        return names;
    }

    /** Without the experiment, which is another one where other networks are scored beside it. */
    private static String network(RobustnessMetrics record) {
        return record.getVictim().substring(record.getVictim().lastIndexOf('/') + 1);
    }

    private static String mode(RobustnessMetrics record) {
        return record.getMode().name().toLowerCase(Locale.ROOT);
    }

    private static GateCheck check(
            RobustnessMetrics record,
            String metric,
            Optional<Double> value,
            String asked,
            Optional<Double> before,
            Optional<String> failure) {
        return new GateCheck(network(record), record.getSuite(), mode(record), metric, value, asked, before, failure);
    }

    private static GateCheck atLeast(RobustnessMetrics record, String metric, double limit) {
        Optional<Double> value = NamedMetric.of(record, metric).value();
        Optional<String> failure = value.isEmpty()
                ? Optional.of("it is undefined: " + NamedMetric.undefined(record, metric))
                : value.filter(found -> found < limit).map(found -> words("%.1f is below %.1f", found, limit));
        return check(record, metric, value, words("at least %.1f", limit), Optional.empty(), failure);
    }

    private static String words(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }

    /** The record of the baseline: of the network of the same name, or of the only one. */
    private static RobustnessMetrics match(RobustnessMetrics record, List<RobustnessMetrics> baseline) {
        Set<String> networks = baseline.stream().map(Gate::network).collect(Collectors.toCollection(TreeSet::new));
        String wanted = networks.contains(network(record)) || networks.size() > 1
                ? network(record)
                : networks.iterator().next();
        return baseline.stream()
                .filter(before -> network(before).equals(wanted)
                        && before.getSuite().equals(record.getSuite())
                        && before.getMode() == record.getMode())
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("The baseline has no metrics of " + wanted + ", suite "
                        + record.getSuite() + ", " + mode(record) + "; it has " + String.join(", ", networks) + "."));
    }

    /** What each attack leaves, and all of them, and the ratios, against those before. */
    private static List<GateCheck> against(RobustnessMetrics record, RobustnessMetrics before) {
        requireSameImages(record, before);
        List<GateCheck> checks = new ArrayList<>();
        Map<String, NamedMetric> now = metrics(record, before);
        metrics(before, record)
                .forEach((name, then) -> checks.add(
                        now.containsKey(name)
                                ? difference(record, name, now.get(name), then)
                                : check(
                                        record,
                                        name,
                                        Optional.empty(),
                                        AGAINST,
                                        then.value(),
                                        Optional.of("the baseline has it, and it was not measured"))));
        if (checks.isEmpty()) {
            throw new IllegalArgumentException("The baseline of " + network(record) + ", suite " + record.getSuite()
                    + ", has no attack with outcomes of single images in common with it.");
        }
        return checks;
    }

    private static void requireSameImages(RobustnessMetrics record, RobustnessMetrics before) {
        String images = before.getImagesDigest();
        if (!images.isEmpty() && !images.equals(record.getImagesDigest())) {
            throw new IllegalArgumentException("The baseline was scored on other images than " + network(record)
                    + " (imagesDigest " + images + " and " + record.getImagesDigest()
                    + "); give the same --dataset and --limit.");
        }
        if (!record.getClassCounts().equals(before.getClassCounts())) {
            throw new IllegalArgumentException("The baseline was scored on " + before.getClassCounts()
                    + " images of each class, and " + network(record) + " on " + record.getClassCounts()
                    + "; give the same --dataset and --limit.");
        }
    }

    /** Clean, what each attack leaves, with what tells it apart, the worst case and the ratios: of single images. */
    private static Map<String, NamedMetric> metrics(RobustnessMetrics record, RobustnessMetrics other) {
        AttackColumns columns =
                new AttackColumns(Stream.of(record, other).map(Gate::attacks).toList());
        Map<String, NamedMetric> metrics = new LinkedHashMap<>();
        metrics.put(MetricNames.CLEAN, NamedMetric.of(record, MetricNames.CLEAN));
        List<String> names = columns.names();
        List<Optional<AttackAccuracy>> attacks = columns.of(attacks(record)).toList();
        for (int i = 0; i < names.size(); i++) {
            String name = names.get(i);
            attacks.get(i).ifPresent(attack -> metrics.put(name, NamedMetric.of(attack)));
        }
        NamedMetric.names(record.getLabels())
                .forEach(name -> metrics.computeIfAbsent(name, any -> NamedMetric.of(record, any)));
        metrics.values()
                .removeIf(
                        metric -> metric.perImage().isEmpty() || metric.value().isEmpty());
        return metrics;
    }

    private static List<AttackAccuracy> attacks(RobustnessMetrics record) {
        return record.getAttacks().stream()
                .filter(attack -> !Attacks.isControl(attack.getAttack()))
                .toList();
    }

    private static GateCheck difference(RobustnessMetrics record, String name, NamedMetric now, NamedMetric then) {
        int images = now.perImage().get(0).length();
        if (images != then.perImage().get(0).length()) {
            throw new IllegalArgumentException(
                    "The baseline was scored on " + then.perImage().get(0).length() + " images, and " + network(record)
                            + " on " + images + "; give the same --limit.");
        }
        MetricDifference difference = MetricDifference.of(now, then, true);
        Optional<String> failure = difference
                .interval()
                .filter(interval -> interval.high() < 0)
                .map(interval ->
                        words("fell by %+.1f [%.1f, %.1f] points", difference.points(), interval.low(), interval.high())
                                + difference
                                        .pairs()
                                        .map(pairs -> words(": %d images lost, %d won", pairs.lost(), pairs.won()))
                                        .orElse(""));
        return check(record, name, now.value(), AGAINST, then.value(), failure);
    }
}
