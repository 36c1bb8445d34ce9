package dev.romestream.evaluator.alert;

import dev.romestream.exchange.codec.SuiteCodec;
import dev.romestream.exchange.experiment.AlertRules;
import dev.romestream.exchange.experiment.Victim;
import dev.romestream.exchange.identity.Identity;
import dev.romestream.exchange.metric.NamedMetric;
import dev.romestream.schemas.Alert;
import dev.romestream.schemas.AlertAction;
import dev.romestream.schemas.AlertBaseline;
import dev.romestream.schemas.AlertOrder;
import dev.romestream.schemas.AlertRule;
import dev.romestream.schemas.AlertSeries;
import dev.romestream.schemas.AlertState;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.FigureProgress;
import dev.romestream.schemas.PlannerEvent;
import dev.romestream.schemas.RecordChecks;
import dev.romestream.schemas.RobustnessMetrics;
import dev.romestream.schemas.RuleProgress;
import dev.romestream.schemas.Window;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * Holds complete figures against the rules of their experiments, and tells once when a rule is crossed and once when that is
 * over. Figures are taken in the order of snapshots or versions; one that comes after a later one is passed over.
 */
public final class AlertProcessor extends ContextualProcessor<String, PlannerEvent, String, Alert> {
    public static final String EXPERIMENTS = "alert-experiments";
    public static final String SERIES = "alert-series";

    private KeyValueStore<String, Experiment> experiments() {
        return context().getStateStore(EXPERIMENTS);
    }

    private KeyValueStore<String, AlertSeries> series() {
        return context().getStateStore(SERIES);
    }

    @Override
    public void process(Record<String, PlannerEvent> record) {
        Object fact = record.value().getFact();
        if (fact == null) {
            remove(record);
        } else if (fact instanceof Experiment experiment) {
            take(record, experiment);
        } else if (fact instanceof FigureProgress figure && figure.getFigures() != null) {
            Experiment experiment = experiments().get(record.key());
            if (experiment != null
                    && figure.getFigures().getSpecification().equals(Identity.specification(experiment))) {
                judge(record, experiment, figure.getFigures());
            }
        }
    }

    private static Map<String, AlertRule> rules(Experiment experiment) {
        try {
            return AlertRules.of(experiment, SuiteCodec.decode(experiment.getEvaluation()));
        } catch (IllegalArgumentException e) {
            // the planner has failed the experiment with this message
            return Map.of();
        }
    }

    private void take(Record<String, PlannerEvent> record, Experiment experiment) {
        Map<String, AlertRule> rules = rules(experiment);
        String origin = Identity.specification(experiment);
        for (Map.Entry<String, AlertSeries> entry : seriesOf(experiment.getId()).entrySet()) {
            AlertSeries series = entry.getValue();
            boolean same = series.getOrigin().equals(origin);
            Map<String, RuleProgress> kept = new HashMap<>();
            series.getRules().forEach((name, progress) -> {
                if (same && progress.getRule().equals(rules.get(name))) {
                    kept.put(name, progress);
                } else {
                    end(record, progress, same ? "the rule is no longer there" : "the experiment is another one");
                }
            });
            if (kept.isEmpty()) {
                series().delete(entry.getKey());
            } else {
                series().put(
                                entry.getKey(),
                                AlertSeries.newBuilder(series).setRules(kept).build());
            }
        }
        if (rules.isEmpty()) {
            experiments().delete(experiment.getId());
        } else {
            experiments().put(experiment.getId(), experiment);
        }
    }

    private Map<String, AlertSeries> seriesOf(String experiment) {
        Map<String, AlertSeries> all = new LinkedHashMap<>();
        try (KeyValueIterator<String, AlertSeries> own =
                series().prefixScan(experiment + "/", new StringSerializer())) {
            own.forEachRemaining(entry -> all.put(entry.key, entry.value));
        }
        return all;
    }

    private static boolean isRaised(RuleProgress progress) {
        return progress.getTold() != null && progress.getTold().getState() == AlertState.RAISED;
    }

    /** The alert is over, and then there is none. */
    private void end(Record<String, PlannerEvent> record, RuleProgress progress, String reason) {
        clear(record, progress, reason);
        if (progress.getTold() != null) {
            context().forward(new Record<>(RecordChecks.alertKey(progress.getTold()), null, record.timestamp()));
        }
    }

    private void clear(Record<String, PlannerEvent> record, RuleProgress progress, String reason) {
        if (isRaised(progress)) {
            forward(
                    record,
                    Alert.newBuilder(progress.getTold())
                            .setState(AlertState.CLEARED)
                            .setReason(reason)
                            .setNow(null)
                            .setBefore(null)
                            .setDifference(null)
                            .setChangedAt(record.timestamp())
                            .build());
        }
    }

    /** What was told stays, as results do, and nothing holds any more. */
    private void remove(Record<String, PlannerEvent> record) {
        experiments().delete(record.key());
        seriesOf(record.key()).forEach((key, series) -> {
            series().delete(key);
            series.getRules().values().forEach(progress -> clear(record, progress, "the experiment was removed"));
        });
    }

    private void judge(Record<String, PlannerEvent> record, Experiment experiment, RobustnessMetrics figures) {
        Map<String, AlertRule> rules = new LinkedHashMap<>(rules(experiment));
        rules.values()
                .removeIf(rule -> rule.getMode() != figures.getMode()
                        || !(rule.getSuite() == null || rule.getSuite().equals(figures.getSuite()))
                        || !AlertJudgement.concerns(rule, figures));
        if (rules.isEmpty()) {
            return;
        }
        String network = Victim.network(figures);
        String key = experiment.getId() + "/" + network + "/" + figures.getSuite() + "/" + figures.getMode();
        AlertSeries before = Optional.ofNullable(series().get(key)).orElseGet(() -> AlertSeries.newBuilder()
                .setOrigin(figures.getSpecification())
                .build());
        int window = figures.getWindow() == null ? -1 : figures.getWindow().getNumber();
        if (window < before.getNewestWindow()
                || (window == before.getNewestWindow() && figures.getSnapshot() < before.getNewest())) {
            return;
        }
        Map<String, RuleProgress> progress = new HashMap<>(before.getRules());
        rules.forEach((name, rule) -> progress.put(
                name,
                judge(
                        record,
                        new Watched(experiment, name, network, figures),
                        progress.getOrDefault(name, new RuleProgress(rule, null, null)))));
        series().put(
                        key,
                        AlertSeries.newBuilder(before)
                                .setNewest(figures.getSnapshot())
                                .setNewestWindow(window)
                                .setRules(progress)
                                .build());
    }

    private record Watched(Experiment experiment, String rule, String network, RobustnessMetrics figures) {}

    private RuleProgress judge(Record<String, PlannerEvent> record, Watched watched, RuleProgress before) {
        RobustnessMetrics now = watched.figures();
        AlertRule rule = before.getRule();
        AlertJudgement judgement = AlertJudgement.of(rule, now, Optional.ofNullable(before.getBase()));
        boolean raised = isRaised(before);
        boolean crossed = judgement.verdict() == AlertJudgement.Verdict.CROSSED;
        boolean over = judgement.verdict() == AlertJudgement.Verdict.OVER;
        RuleProgress after = RuleProgress.newBuilder(before).build();
        if ((crossed && !raised) || (over && raised)) {
            Alert alert = alert(record, watched, judgement);
            if (raised) {
                alert.setRaisedAt(before.getTold().getRaisedAt());
                alert.setRaisedOn(before.getTold().getRaisedOn());
                alert.setAction(before.getTold().getAction());
            }
            after.setTold(alert);
            forward(record, alert);
        }
        boolean holds = raised ? over : !crossed;
        boolean moves = rule.getAgainst() == AlertBaseline.PREVIOUS || before.getBase() == null;
        if (rule.getDropsBy() != null
                && holds
                && moves
                && NamedMetric.of(now, rule.getFigure()).value().isPresent()) {
            after.setBase(AlertJudgement.base(rule, now));
        }
        return after;
    }

    private static Alert alert(Record<String, PlannerEvent> record, Watched watched, AlertJudgement judgement) {
        return Alert.newBuilder()
                .setExperiment(watched.experiment().getId())
                .setName(watched.experiment().getName())
                .setRule(watched.rule())
                .setState(
                        judgement.verdict() == AlertJudgement.Verdict.CROSSED ? AlertState.RAISED : AlertState.CLEARED)
                .setNetwork(watched.network())
                .setSuite(watched.figures().getSuite())
                .setMode(watched.figures().getMode())
                .setFigure(rules(watched.experiment()).get(watched.rule()).getFigure())
                .setReason(judgement.reason())
                .setNow(judgement.now())
                .setBefore(judgement.before().orElse(null))
                .setDifference(judgement.difference().orElse(null))
                .setRaisedAt(record.timestamp())
                .setRaisedOn(judgement.now().getWindow())
                .setChangedAt(record.timestamp())
                .setAction(action(watched, judgement))
                .build();
    }

    /** What a rule asks for that has been crossed; null where it asks for nothing. */
    private static AlertAction action(Watched watched, AlertJudgement judgement) {
        Window window = watched.figures().getWindow();
        AlertOrder order = rules(watched.experiment()).get(watched.rule()).getOnAlert();
        if (judgement.verdict() != AlertJudgement.Verdict.CROSSED || order == null || window == null) {
            return null;
        }
        return new AlertAction(
                watched.experiment().getId(),
                watched.rule(),
                watched.network(),
                watched.figures().getSuite(),
                window.getNumber(),
                window.getLastTime() == null ? 0 : window.getLastTime(),
                order.getDistil(),
                judgement.reason());
    }

    private void forward(Record<String, PlannerEvent> record, Alert alert) {
        context().forward(new Record<>(RecordChecks.alertKey(alert), alert, record.timestamp()));
    }
}
