package dev.romestream.evaluator;

import dev.romestream.messaging.streams.Write;
import dev.romestream.robustness.attack.Attacks;
import dev.romestream.schemas.AskedRequest;
import dev.romestream.schemas.AttackProgress;
import dev.romestream.schemas.AttackRequest;
import dev.romestream.schemas.Evaluation;
import dev.romestream.schemas.Mode;
import dev.romestream.schemas.RobustnessMetrics;
import dev.romestream.schemas.Tally;
import dev.romestream.schemas.TallyEvent;
import dev.romestream.schemas.Topic;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * Owns the plan of each evaluation: asks for its attacks in a {@link RequestWindow}, folds outcomes into its tally and forwards what has
 * changed. What an attacker took and does not finish within the patience is asked for again, and after the last attempt has failed. A
 * request that is still in the queue is waited for, however long the queue is; it counts as lost where one that was asked for a patience
 * later has been taken.
 */
final class TallyProcessor extends ContextualProcessor<String, TallyEvent, String, Write> {
    static final String PLANS = "tally-plans";
    static final String STORE = "tallies-by-plan";
    private static final int MOST_ATTEMPTS = 4;
    /** Longer than this, no request is in the queue. */
    private static final long RETENTION_MS =
            Topic.ATTACK_REQUESTS.retention().orElseThrow().toMillis();

    private final Duration patience;
    private final OpenRequests gauge;
    private final Map<String, RequestWindow> open = new HashMap<>();
    /** When the newest of the requests was asked that some attacker has taken. */
    private long newestTaken;

    TallyProcessor(Duration patience, OpenRequests gauge) {
        this.patience = patience;
        this.gauge = gauge;
    }

    @Override
    public void init(ProcessorContext<String, Write> given) {
        super.init(given);
        long now = given.currentSystemTimeMs();
        try (KeyValueIterator<String, Tally> all = tallies().all()) {
            all.forEachRemaining(entry -> {
                if (!entry.value.getComplete()) {
                    // what was heard of them is not known any more
                    entry.value.getAsked().forEach(asked -> window(entry.key).heard(asked.getId(), "", now));
                    gauge.set(entry.key, entry.value.getAsked().size());
                }
            });
        }
        given.schedule(patience.dividedBy(4), PunctuationType.WALL_CLOCK_TIME, this::look);
    }

    private KeyValueStore<String, Tally> tallies() {
        return context().getStateStore(STORE);
    }

    private KeyValueStore<String, Evaluation> plans() {
        return context().getStateStore(PLANS);
    }

    private RequestWindow window(String key) {
        return open.computeIfAbsent(key, any -> new RequestWindow());
    }

    @Override
    public void process(Record<String, TallyEvent> record) {
        Object change = record.value().getChange();
        if (change == null) {
            remove(record);
        } else if (change instanceof Evaluation evaluation) {
            planned(evaluation);
        } else if (change instanceof AttackProgress progress) {
            Tally tally = tallies().get(record.key());
            if (tally != null && !tally.getComplete() && tally.getPlan().equals(progress.getPlan())) {
                Evaluation evaluation = plans().get(record.key());
                if (evaluation.getActive()) {
                    Tallies.asked(tally, progress.getRequest())
                            .ifPresent(asked -> progressed(
                                    evaluation,
                                    tally,
                                    asked,
                                    progress,
                                    context().currentSystemTimeMs()));
                }
            }
        }
    }

    private void remove(Record<String, TallyEvent> record) {
        Evaluation evaluation = plans().delete(record.key());
        tallies().delete(record.key());
        close(record.key());
        if (evaluation != null && Write.isReplaced(record.headers())) {
            figures(evaluation).forEach(this::tombstone);
        }
    }

    private void planned(Evaluation evaluation) {
        String key = evaluation.getKey();
        Evaluation before = plans().get(key);
        Tally tally = tallies().get(key);
        plans().put(key, evaluation);
        if (before == null || tally == null) {
            keep(evaluation, Tallies.empty(evaluation));
        } else if (!tally.getPlan().equals(evaluation.getPlan())) {
            Map<String, Topic> gone = figures(before);
            gone.keySet().removeAll(figures(evaluation).keySet());
            gone.forEach(this::tombstone);
            close(key);
            keep(evaluation, Tallies.empty(evaluation));
        } else if (!tally.getComplete()
                && (before.getRun() != evaluation.getRun() || before.getActive() != evaluation.getActive())) {
            close(key);
            Tally restarted = before.getRun() == evaluation.getRun()
                    ? Tally.newBuilder(tally).setAsked(List.of()).build()
                    : Tallies.restarted(tally);
            boolean mended = !restarted.getAttacks().equals(tally.getAttacks());
            keep(evaluation, restarted);
            if (mended) {
                tell(evaluation, restarted, List.of(Mode.values()), context().currentSystemTimeMs());
            }
        }
    }

    /** Keys of an evaluation's figures, and where they stand. */
    private static Map<String, Topic> figures(Evaluation evaluation) {
        Map<String, Topic> figures = new TreeMap<>();
        for (Mode mode : Mode.values()) {
            if (hasMode(evaluation, mode)) {
                String key = key(evaluation, mode);
                figures.put(key, Topic.ROBUSTNESS_LATEST);
                FlatFigures.of(MetricsCalculation.of(evaluation, Tallies.empty(evaluation), mode))
                        .keySet()
                        .forEach(figure -> figures.put(key + "/" + figure, Topic.ROBUSTNESS_FLAT));
            }
        }
        return figures;
    }

    private void tombstone(String key, Topic topic) {
        forward(new Write(topic, key, null), context().currentSystemTimeMs());
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

    private void progressed(Evaluation evaluation, Tally tally, AskedRequest asked, AttackProgress progress, long now) {
        RequestWindow window = window(evaluation.getKey());
        window.heard(asked.getId(), progress.getAttacker(), now);
        newestTaken = Math.max(newestTaken, asked.getAskedAt());
        Tally after = tally;
        if (progress.getOutcome() != null) {
            String failure = progress.getOutcome().getFailure();
            if (failure == null) {
                after = Tallies.counted(evaluation, tally, asked, progress.getOutcome());
            } else if (progress.getAttempt() == asked.getAttempt()) {
                after = Tallies.failed(tally, asked, failure);
            }
        }
        boolean changed = !after.equals(tally);
        if (after.getAsked().size() < tally.getAsked().size()) {
            window.forget(asked.getId());
        }
        if (changed || window.admits(evaluation, tally, now)) {
            keep(evaluation, after);
        }
        if (changed) {
            List<Mode> modes = evaluation.getAttacks().get(asked.getAttack()).getModes();
            tell(evaluation, after, modes, now);
        }
    }

    /** Asks for what is missing, as far as the window goes, and keeps the tally: of a complete one, only that it is. */
    private void keep(Evaluation evaluation, Tally tally) {
        String key = evaluation.getKey();
        if (Tallies.isComplete(evaluation, tally)) {
            close(key);
            tallies()
                    .put(
                            key,
                            Tally.newBuilder(tally)
                                    .setComplete(true)
                                    .setAttacks(List.of())
                                    .setAsked(List.of())
                                    .build());
            return;
        }
        Tally kept = evaluation.getActive() ? asking(evaluation, tally) : tally;
        tallies().put(key, kept);
        gauge.set(key, kept.getAsked().size());
    }

    private Tally asking(Evaluation evaluation, Tally tally) {
        long now = context().currentSystemTimeMs();
        RequestWindow window = window(evaluation.getKey());
        Tally asking = Tally.newBuilder(tally).build();
        if (!window.admits(evaluation, asking, now)) {
            return asking;
        }
        for (EvaluationPlan.Slot slot : Tallies.missing(evaluation, tally)) {
            if (!window.admits(evaluation, asking, now)) {
                break;
            }
            AttackRequest request = EvaluationPlan.request(evaluation, slot, evaluation.getRun() * MOST_ATTEMPTS, now);
            asking.setAsked(with(
                    asking.getAsked(),
                    new AskedRequest(request.getId(), slot.attack(), slot.from(), request.getAttempt(), now)));
            forward(new Write(Topic.ATTACK_REQUESTS, request.getId(), request), now);
        }
        return asking;
    }

    private static List<AskedRequest> with(List<AskedRequest> asked, AskedRequest another) {
        List<AskedRequest> all = new ArrayList<>(asked);
        all.add(another);
        return all;
    }

    private void close(String key) {
        open.remove(key);
        gauge.set(key, 0);
    }

    private void forward(Write write, long timestamp) {
        context().forward(write.at(timestamp));
    }

    private void tell(Evaluation evaluation, Tally tally, List<Mode> modes, long timestamp) {
        for (Mode mode : modes) {
            if (hasMode(evaluation, mode)) {
                RobustnessMetrics metrics = MetricsCalculation.of(evaluation, tally, mode);
                String key = key(evaluation, mode);
                forward(new Write(Topic.ROBUSTNESS_METRICS, evaluation.getExperiment(), metrics), timestamp);
                forward(new Write(Topic.ROBUSTNESS_LATEST, key, metrics), timestamp);
                FlatFigures.of(metrics)
                        .forEach((figure, row) ->
                                forward(new Write(Topic.ROBUSTNESS_FLAT, key + "/" + figure, row), timestamp));
            }
        }
    }

    /** Asks again for what an attacker took and did not finish, and for what was lost. */
    private void look(long now) {
        for (String key : List.copyOf(open.keySet())) {
            Tally tally = tallies().get(key);
            Evaluation evaluation = plans().get(key);
            if (tally != null && evaluation != null && evaluation.getActive() && !tally.getComplete()) {
                lookAt(evaluation, tally, window(key), now);
            }
        }
    }

    private void lookAt(Evaluation evaluation, Tally tally, RequestWindow window, long now) {
        for (AskedRequest asked : tally.getAsked()) {
            OptionalLong heard = window.heardAt(asked.getId());
            boolean silent = heard.isPresent() && now - heard.getAsLong() >= patience.toMillis();
            boolean lost = heard.isEmpty()
                    && (newestTaken - asked.getAskedAt() >= patience.toMillis()
                            || now - asked.getAskedAt() >= RETENTION_MS);
            if (silent || lost) {
                // nobody has failed at what nobody took
                again(evaluation, tallies().get(evaluation.getKey()), asked, silent ? 1 : 0, now);
            }
        }
    }

    private void again(Evaluation evaluation, Tally tally, AskedRequest overdue, int failed, long now) {
        int attempt = overdue.getAttempt() + failed;
        if (!tally.getAsked().contains(overdue)) {
            return; // the evaluation has ended with another one
        }
        if (failed > 0 && attempt % MOST_ATTEMPTS == 0) {
            String reason = "no answer came to " + MOST_ATTEMPTS + " requests, each waited for " + patience.toSeconds()
                    + " s after an attacker had taken it";
            Tally ended = Tallies.ended(evaluation, tally, overdue, reason);
            keep(evaluation, ended);
            tell(evaluation, ended, List.of(Mode.values()), now);
            return;
        }
        AttackRequest request = EvaluationPlan.request(evaluation, Tallies.slot(overdue), attempt, now);
        Tally asking = Tally.newBuilder(tally).build();
        asking.setAsked(with(
                tally.getAsked().stream()
                        .filter(asked -> !asked.equals(overdue))
                        .toList(),
                AskedRequest.newBuilder(overdue)
                        .setAttempt(attempt)
                        .setAskedAt(now)
                        .build()));
        tallies().put(evaluation.getKey(), asking);
        window(evaluation.getKey()).forget(overdue.getId());
        forward(new Write(Topic.ATTACK_REQUESTS, request.getId(), request), now);
    }

    @Override
    public void close() {
        open.keySet().forEach(key -> gauge.set(key, 0));
    }
}
