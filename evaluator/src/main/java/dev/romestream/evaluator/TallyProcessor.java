package dev.romestream.evaluator;

import dev.romestream.robustness.attack.Attacks;
import dev.romestream.schemas.BatchOutcome;
import dev.romestream.schemas.Evaluation;
import dev.romestream.schemas.Mode;
import dev.romestream.schemas.Tally;
import dev.romestream.schemas.TallyEvent;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * Requests the attacks of each evaluation, folds outcomes into its tally and forwards what has changed. What does not come within
 * the patience is requested again, and after the last attempt the attack has failed.
 */
final class TallyProcessor extends ContextualProcessor<String, TallyEvent, String, SpecificRecord> {
    static final String STORE = "tallies";
    private static final int MOST_RETRIES = 3;

    private final Duration patience;
    private long heard;

    TallyProcessor(Duration patience) {
        this.patience = patience;
    }

    @Override
    public void init(org.apache.kafka.streams.processor.api.ProcessorContext<String, SpecificRecord> given) {
        super.init(given);
        heard = given.currentSystemTimeMs();
        given.schedule(patience.dividedBy(4), PunctuationType.WALL_CLOCK_TIME, this::requestAgain);
    }

    private KeyValueStore<String, Tally> tallies() {
        return context().getStateStore(STORE);
    }

    @Override
    public void process(Record<String, TallyEvent> record) {
        Object change = record.value().getChange();
        if (change == null) {
            tallies().delete(record.key());
        } else if (change instanceof Evaluation evaluation) {
            planned(evaluation);
        } else if (change instanceof BatchOutcome outcome) {
            count(record, outcome);
        }
    }

    private void planned(Evaluation evaluation) {
        Tally before = tallies().get(evaluation.getKey());
        if (before == null || !Tallies.isOf(before, evaluation)) {
            if (before != null) {
                retire(before.getEvaluation(), evaluation);
            }
            request(Tallies.empty(evaluation), Tallies.missing(Tallies.empty(evaluation)));
        } else if (!before.getComplete() && !before.getEvaluation().equals(evaluation)) {
            Tally restarted = Tallies.restarted(before, evaluation);
            request(restarted, Tallies.missing(restarted));
        }
    }

    /** Rows that the evaluation which stood under the key had, and this one has not. */
    private void retire(Evaluation before, Evaluation evaluation) {
        Set<String> gone = rows(before);
        gone.removeAll(rows(evaluation));
        gone.forEach(row -> context().forward(new Record<>(row, null, context().currentSystemTimeMs())));
    }

    private static Set<String> rows(Evaluation evaluation) {
        Set<String> rows = new TreeSet<>();
        for (Mode mode : Mode.values()) {
            if (hasMode(evaluation, mode)) {
                FlatFigures.of(MetricsCalculation.of(Tallies.empty(evaluation), mode))
                        .keySet()
                        .forEach(figure -> rows.add(key(evaluation, mode) + "/" + figure));
            }
        }
        return rows;
    }

    private static boolean hasMode(Evaluation evaluation, Mode mode) {
        return evaluation.getAttacks().stream()
                .anyMatch(attack -> attack.getModes().contains(mode)
                        && attack.getAttack().getAttack().equals(Attacks.NONE));
    }

    /** The key of a figure: that of its evaluation, and the mode. */
    private static String key(Evaluation evaluation, Mode mode) {
        return evaluation.getKey() + "/" + mode.name().toLowerCase(Locale.ROOT);
    }

    private void request(Tally tally, List<EvaluationPlan.Slot> slots) {
        long now = context().currentSystemTimeMs();
        Evaluation evaluation = tally.getEvaluation();
        if (evaluation.getActive()) {
            for (EvaluationPlan.Slot slot : slots) {
                var request = EvaluationPlan.request(evaluation, slot, tally.getAttempt());
                context().forward(new Record<>(request.getId(), request, now));
            }
        }
        tallies().put(evaluation.getKey(), Tally.newBuilder(tally).setHeard(now).build());
    }

    private void count(Record<String, TallyEvent> record, BatchOutcome outcome) {
        heard = context().currentSystemTimeMs();
        Tally before = tallies().get(record.key());
        if (before == null || before.getComplete()) {
            return;
        }
        Tally after = Tallies.apply(before, outcome);
        if (after.equals(before)) {
            return;
        }
        List<Mode> modes =
                before.getEvaluation().getAttacks().get(outcome.getAttack()).getModes();
        keep(record.key(), Tally.newBuilder(after).setHeard(heard).setRetries(0).build());
        modes.forEach(mode -> tell(after, mode, record.timestamp()));
    }

    /** A complete tally is no longer needed but for the knowledge that it is complete. */
    private void keep(String key, Tally tally) {
        tallies()
                .put(
                        key,
                        Tallies.isComplete(tally)
                                ? Tally.newBuilder(tally)
                                        .setComplete(true)
                                        .setAttacks(List.of())
                                        .build()
                                : tally);
    }

    private void tell(Tally tally, Mode mode, long timestamp) {
        Evaluation evaluation = tally.getEvaluation();
        if (hasMode(evaluation, mode)) {
            context().forward(new Record<>(key(evaluation, mode), MetricsCalculation.of(tally, mode), timestamp));
        }
    }

    private void requestAgain(long now) {
        if (now - heard < patience.toMillis()) {
            return;
        }
        List<Tally> silent = new ArrayList<>();
        try (KeyValueIterator<String, Tally> all = tallies().all()) {
            all.forEachRemaining(entry -> {
                Tally tally = entry.value;
                if (tally.getEvaluation().getActive()
                        && !tally.getComplete()
                        && now - tally.getHeard() >= patience.toMillis()) {
                    silent.add(tally);
                }
            });
        }
        for (Tally tally : silent) {
            if (tally.getRetries() < MOST_RETRIES) {
                request(
                        Tally.newBuilder(tally)
                                .setAttempt(tally.getAttempt() + 1)
                                .setRetries(tally.getRetries() + 1)
                                .build(),
                        Tallies.missing(tally));
            } else {
                String reason = "no answer came to " + (MOST_RETRIES + 1) + " requests, each waited for "
                        + patience.toSeconds() + " s; are attackers running?";
                Tally failed = Tallies.failed(tally, reason);
                Evaluation ended = Evaluation.newBuilder(tally.getEvaluation())
                        .setActive(false)
                        .build();
                tallies()
                        .put(
                                ended.getKey(),
                                Tally.newBuilder(failed).setEvaluation(ended).build());
                for (Mode mode : Mode.values()) {
                    tell(failed, mode, now);
                }
            }
        }
    }
}
