package dev.romestream.evaluator.publish;

import dev.romestream.exchange.experiment.Victim;
import dev.romestream.exchange.metric.NamedMetric;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.config.Settings;
import dev.romestream.messaging.service.Resources;
import dev.romestream.messaging.thread.ServiceThread;
import dev.romestream.messaging.topic.RecordReader;
import dev.romestream.robustness.metric.Interval;
import dev.romestream.schemas.Alert;
import dev.romestream.schemas.AlertState;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.Mode;
import dev.romestream.schemas.RobustnessMetrics;
import dev.romestream.schemas.Topic;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.MultiGauge.Row;
import io.micrometer.core.instrument.Tags;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;

/**
 * The newest complete figures of each network, and the alerts that are raised, as gauges. Of all networks, those are kept whose
 * figures changed last. Safe for use by several threads.
 */
public final class MetricGauges implements AutoCloseable {
    private static final long PUBLISH_MS = 500;
    private static final String PERCENT = "percent";
    private static final String EXPERIMENT = "experiment";
    private static final String NETWORK = "network";
    private static final String SUITE = "suite";

    private final Resources resources = new Resources();
    private final List<RecordReader<?>> readers;
    private final ServiceThread publisher;
    private final int most;
    private final MultiGauge values;
    private final MultiGauge lows;
    private final MultiGauge highs;
    private final MultiGauge positions;
    private final MultiGauge windows;
    private final MultiGauge flags;
    private final MultiGauge failures;
    private final MultiGauge raised;
    private final Map<Network, Map<SuiteMode, Values>> networks = new LinkedHashMap<>();
    private final Set<String> experiments = new HashSet<>();
    private final Map<String, Alert> alerts = new TreeMap<>();
    private boolean changed;

    private record Network(String experiment, String name) {}

    private record SuiteMode(String suite, Mode mode) {}

    /** What a scrape is told of a figure; the outcomes of single images are left where they are. */
    private record Values(
            String key,
            OptionalInt window,
            int position,
            int flags,
            long failed,
            Map<String, Double> values,
            Map<String, Interval> intervals) {
        static Values of(String key, RobustnessMetrics metrics) {
            Map<String, Double> values = new TreeMap<>();
            Map<String, Interval> intervals = new TreeMap<>();
            long failed = metrics.getAttacks().stream()
                    .filter(attack -> attack.getFailure() != null)
                    .count();
            List<String> whole = failed == 0 ? NamedMetric.names(metrics.getLabels()) : List.of();
            for (String name : whole) {
                NamedMetric figure = NamedMetric.of(metrics, name);
                figure.value().ifPresent(value -> values.put(name, value));
                figure.interval().ifPresent(interval -> intervals.put(name, interval));
            }
            return new Values(
                    key,
                    Victim.window(metrics),
                    metrics.getSnapshot(),
                    metrics.getFlags().size(),
                    failed,
                    values,
                    intervals);
        }

        boolean isBefore(Values other) {
            int window = Integer.compare(this.window.orElse(-1), other.window.orElse(-1));
            return window < 0 || (window == 0 && position < other.position);
        }
    }

    public MetricGauges(RomeConfig config, MeterRegistry metrics) {
        this.most = config.integer(Settings.EVALUATION_FIGURES);
        this.values = gauge(metrics, "rome.figure", PERCENT, "Newest complete figure of a network");
        this.lows = gauge(metrics, "rome.figure.low", PERCENT, "Lower bound of its 95 % interval");
        this.highs = gauge(metrics, "rome.figure.high", PERCENT, "Upper bound of its 95 % interval");
        this.positions = gauge(metrics, "rome.figure.version", null, "Version or snapshot that it is of");
        this.windows = gauge(metrics, "rome.figure.window", null, "Window of the stream that it is of");
        this.flags = gauge(metrics, "rome.figure.flags", null, "Signs that it says less than it seems to");
        this.failures =
                gauge(metrics, "rome.figure.failed", null, "Attacks that failed, so that there are no figures of them");
        this.raised = gauge(metrics, "rome.alert.raised", null, "1 for every alert rule that is crossed");
        this.readers = List.of(
                resources.add(
                        new RecordReader<>(config, Topic.ROBUSTNESS_LATEST, RobustnessMetrics.class, this::accept)),
                resources.add(new RecordReader<>(config, Topic.ALERTS, Alert.class, this::accept)),
                resources.add(new RecordReader<>(config, Topic.EXPERIMENTS, Experiment.class, this::accept)));
        this.publisher = ServiceThread.start("figure-gauges", this::run);
    }

    private static MultiGauge gauge(MeterRegistry metrics, String name, String unit, String description) {
        return MultiGauge.builder(name).baseUnit(unit).description(description).register(metrics);
    }

    private synchronized void accept(String key, RobustnessMetrics metrics) {
        if (metrics == null) {
            changed |= networks.values().stream()
                    .map(plans ->
                            plans.values().removeIf(figures -> figures.key().equals(key)))
                    .reduce(false, Boolean::logicalOr);
            return;
        }
        if (!metrics.getComplete() || most == 0) {
            return;
        }
        Network network = new Network(metrics.getExperiment(), Victim.network(metrics));
        Map<SuiteMode, Values> before = networks.remove(network);
        Map<SuiteMode, Values> figures = before == null ? new LinkedHashMap<>() : before;
        figures.merge(
                new SuiteMode(metrics.getSuite(), metrics.getMode()),
                Values.of(key, metrics),
                (old, fresh) -> fresh.isBefore(old) ? old : fresh);
        networks.put(network, figures);
        if (networks.size() > most) {
            networks.remove(networks.keySet().iterator().next());
        }
        changed = true;
    }

    private synchronized void accept(String key, Alert alert) {
        if (alert != null
                && alert.getState() == AlertState.RAISED
                && (alerts.size() < most || alerts.containsKey(key))) {
            alerts.put(key, alert);
        } else {
            alerts.remove(key);
        }
        changed = true;
    }

    private synchronized void accept(String id, Experiment experiment) {
        if (experiment == null) {
            experiments.remove(id);
            networks.keySet().removeIf(network -> network.experiment().equals(id));
        } else {
            experiments.add(id);
        }
        changed = true;
    }

    private void run() {
        try {
            while (true) {
                publish();
                Thread.sleep(PUBLISH_MS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized void publish() {
        if (!changed) {
            return;
        }
        changed = false;
        List<Row<?>> value = new ArrayList<>();
        List<Row<?>> low = new ArrayList<>();
        List<Row<?>> high = new ArrayList<>();
        List<Row<?>> position = new ArrayList<>();
        List<Row<?>> window = new ArrayList<>();
        List<Row<?>> flag = new ArrayList<>();
        List<Row<?>> failure = new ArrayList<>();
        networks.forEach((network, bySuite) -> bySuite.forEach((shown, figures) -> {
            // figures outlive their experiments on the topic
            if (!experiments.contains(network.experiment())) {
                return;
            }
            Tags tags = Tags.of(
                    EXPERIMENT,
                    network.experiment(),
                    NETWORK,
                    network.name(),
                    SUITE,
                    shown.suite(),
                    "mode",
                    word(shown.mode()));
            figures.values().forEach((name, number) -> value.add(Row.of(tags.and("figure", name), number)));
            figures.intervals().forEach((name, bounds) -> {
                low.add(Row.of(tags.and("figure", name), bounds.low()));
                high.add(Row.of(tags.and("figure", name), bounds.high()));
            });
            position.add(Row.of(tags, figures.position()));
            figures.window().ifPresent(number -> window.add(Row.of(tags, number)));
            flag.add(Row.of(tags, figures.flags()));
            failure.add(Row.of(tags, figures.failed()));
        }));
        values.register(value, true);
        lows.register(low, true);
        highs.register(high, true);
        positions.register(position, true);
        windows.register(window, true);
        flags.register(flag, true);
        failures.register(failure, true);
        List<Row<?>> alert = new ArrayList<>();
        alerts.values()
                .forEach(one -> alert.add(Row.of(
                        Tags.of(
                                EXPERIMENT,
                                one.getExperiment(),
                                NETWORK,
                                one.getNetwork(),
                                SUITE,
                                one.getSuite(),
                                "rule",
                                one.getRule()),
                        1)));
        raised.register(alert, true);
    }

    private static String word(Mode mode) {
        return mode.name().toLowerCase(Locale.ROOT);
    }

    public boolean isAlive() {
        return readers.stream().allMatch(RecordReader::isAlive) && publisher.isAlive();
    }

    @Override
    public void close() {
        publisher.stop();
        resources.close();
    }
}
