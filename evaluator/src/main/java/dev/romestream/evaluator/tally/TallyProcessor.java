package dev.romestream.evaluator.tally;

import dev.romestream.evaluator.plan.EvaluationPlan;
import dev.romestream.evaluator.publish.MetricWrites;
import dev.romestream.messaging.streams.Write;
import dev.romestream.schemas.AskedRequest;
import dev.romestream.schemas.AttackProgress;
import dev.romestream.schemas.AttackRequest;
import dev.romestream.schemas.Evaluation;
import dev.romestream.schemas.Mode;
import dev.romestream.schemas.Tally;
import dev.romestream.schemas.TallyEvent;
import dev.romestream.schemas.Topic;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.function.BiFunction;
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
 * later has been taken. Of images without labels, what is complete is kept, and told again where labels come.
 */
public final class TallyProcessor extends ContextualProcessor<String, TallyEvent, String, Write> {
    public static final String PLANS = "tally-plans";
    public static final String STORE = "tallies-by-plan";
    private static final int MOST_ATTEMPTS = 4;
    private static final Duration LABELS = Duration.ofSeconds(2);
    /** Longer than this, no request is in the queue. */
    private static final long RETENTION_MS =
            Topic.ATTACK_REQUESTS.retention().orElseThrow().toMillis();

    private final Duration patience;
    private final OpenRequests gauge;
    private final AwaitedLabels awaited;
    private final Map<String, RequestWindow> open = new HashMap<>();
    /** When the newest of the requests was asked that some attacker has taken. */
    private long newestTaken;

    /** @param labels that have come of a data set's images, by its id and fingerprint; empty where none have */
    public TallyProcessor(Duration patience, OpenRequests gauge, BiFunction<String, String, List<Integer>> labels) {
        this.patience = patience;
        this.gauge = gauge;
        this.awaited = new AwaitedLabels(labels);
    }

    @Override
    public void init(ProcessorContext<String, Write> context) {
        super.init(context);
        long now = context.currentSystemTimeMs();
        try (KeyValueIterator<String, Tally> all = tallies().all()) {
            all.forEachRemaining(entry -> {
                awaited.add(plans().get(entry.key), entry.value);
                if (!entry.value.getComplete()) {
                    // what was heard of them is not known any more
                    entry.value.getAsked().forEach(asked -> window(entry.key).heard(asked.getId(), "", now));
                    gauge.set(entry.key, entry.value.getAsked().size());
                }
            });
        }
        context.schedule(LABELS, PunctuationType.WALL_CLOCK_TIME, at -> tellLabels());
        context.schedule(patience.dividedBy(4), PunctuationType.WALL_CLOCK_TIME, this::look);
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
            MetricWrites.tombstones(figures(evaluation), List.of()).forEach(this::forward);
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
            MetricWrites.tombstones(figures(before), figures(evaluation)).forEach(this::forward);
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
                tell(evaluation, restarted, List.of(Mode.values()));
            }
        }
    }

    private static List<Write> figures(Evaluation evaluation) {
        return MetricWrites.of(evaluation, Tallies.empty(evaluation), List.of(Mode.values()));
    }

    private void progressed(Evaluation evaluation, Tally tally, AskedRequest asked, AttackProgress progress, long now) {
        RequestWindow window = window(evaluation.getKey());
        window.heard(asked.getId(), progress.getAttacker(), now);
        newestTaken = Math.max(newestTaken, asked.getAskedAt());
        Tally after = Tallies.progressed(evaluation, tally, asked, progress);
        boolean changed = !after.equals(tally);
        if (after.getAsked().size() < tally.getAsked().size()) {
            window.forget(asked.getId());
        }
        if (changed || window.admits(evaluation, tally, now)) {
            keep(evaluation, after);
        }
        if (changed) {
            List<Mode> modes = evaluation.getAttacks().get(asked.getAttack()).getModes();
            tell(evaluation, after, modes);
        }
    }

    /** Asks for what is missing, as far as the window goes, and keeps the tally: of a complete one, only that it is. */
    private void keep(Evaluation evaluation, Tally tally) {
        String key = evaluation.getKey();
        if (Tallies.isComplete(evaluation, tally)) {
            close(key);
            Tally ended = Tallies.ended(tally, EvaluationPlan.isPredicted(evaluation));
            tallies().put(key, ended);
            awaited.add(evaluation, ended);
            return;
        }
        Tally kept = evaluation.getActive() ? asking(evaluation, tally) : tally;
        tallies().put(key, kept);
        awaited.add(evaluation, kept);
        gauge.set(key, kept.getAsked().size());
    }

    private Tally asking(Evaluation evaluation, Tally tally) {
        long now = context().currentSystemTimeMs();
        RequestWindow window = window(evaluation.getKey());
        if (!window.admits(evaluation, tally, now)) {
            return tally;
        }
        Tally asking = tally;
        for (EvaluationPlan.Slot slot : Tallies.missing(evaluation, tally)) {
            if (!window.admits(evaluation, asking, now)) {
                break;
            }
            asking = ask(evaluation, asking, slot, evaluation.getRun() * MOST_ATTEMPTS, now);
        }
        return asking;
    }

    private Tally ask(Evaluation evaluation, Tally tally, EvaluationPlan.Slot slot, int attempt, long now) {
        AttackRequest request = EvaluationPlan.request(evaluation, slot, attempt, now);
        request.setLabels(Predictions.labels(evaluation, tally, slot));
        forward(new Write(Topic.ATTACK_REQUESTS, request.getId(), request));
        return Tallies.asking(tally, new AskedRequest(request.getId(), slot.attack(), slot.from(), attempt, now));
    }

    private void tellLabels() {
        awaited.news().forEach((key, labels) -> {
            Tally tally = tallies().get(key);
            if (!labels.equals(tally.getLabels())) {
                Tally labelled = Tally.newBuilder(tally).setLabels(labels).build();
                tallies().put(key, labelled);
                tell(plans().get(key), labelled, List.of(Mode.values()));
            }
        });
    }

    private void close(String key) {
        open.remove(key);
        awaited.remove(key);
        gauge.set(key, 0);
    }

    private void forward(Write write) {
        context().forward(write.at(context().currentSystemTimeMs()));
    }

    private void tell(Evaluation evaluation, Tally tally, List<Mode> modes) {
        MetricWrites.of(evaluation, tally, modes).forEach(this::forward);
    }

    /** Asks again for what an attacker took and did not finish, and for what was lost. */
    private void look(long now) {
        for (String key : List.copyOf(open.keySet())) {
            Tally tally = tallies().get(key);
            Evaluation evaluation = plans().get(key);
            if (tally != null && evaluation != null && evaluation.getActive() && !tally.getComplete()) {
                tally.getAsked().forEach(asked -> lookAt(evaluation, asked, now));
            }
        }
    }

    /** Nobody has failed at what nobody took. */
    private void lookAt(Evaluation evaluation, AskedRequest asked, long now) {
        OptionalLong heard = window(evaluation.getKey()).heardAt(asked.getId());
        boolean silent = heard.isPresent() && now - heard.getAsLong() >= patience.toMillis();
        boolean lost = heard.isEmpty()
                && (newestTaken - asked.getAskedAt() >= patience.toMillis()
                        || now - asked.getAskedAt() >= RETENTION_MS);
        Tally tally = tallies().get(evaluation.getKey());
        if (!(silent || lost) || !tally.getAsked().contains(asked)) {
            return;
        }
        int attempt = asked.getAttempt() + (silent ? 1 : 0);
        if (silent && attempt % MOST_ATTEMPTS == 0) {
            String reason = "no answer came to " + MOST_ATTEMPTS + " requests, each waited for " + patience.toSeconds()
                    + " s after an attacker had taken it";
            Tally failed = Tallies.failed(evaluation, tally, asked, reason);
            keep(evaluation, failed);
            tell(evaluation, failed, List.of(Mode.values()));
            return;
        }
        tallies().put(evaluation.getKey(), ask(evaluation, tally, Tallies.slot(asked), attempt, now));
        window(evaluation.getKey()).forget(asked.getId());
    }

    @Override
    public void close() {
        open.keySet().forEach(key -> gauge.set(key, 0));
    }
}
