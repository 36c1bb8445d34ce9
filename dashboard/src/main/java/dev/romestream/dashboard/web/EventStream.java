package dev.romestream.dashboard.web;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.romestream.dashboard.live.LiveState;
import dev.romestream.dashboard.live.LiveState.Changes;
import dev.romestream.dashboard.live.LiveState.Entry;
import dev.romestream.dashboard.live.LiveState.Kind;
import io.javalin.http.TooManyRequestsResponse;
import io.javalin.http.sse.SseClient;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;

/**
 * One stream for each page that is open: first what there is, then what changed since the last message, a few times a second at
 * most. Nothing is queued for a client: one that is slow finds the newest state when it is ready for more.
 */
final class EventStream {
    private static final int MOST_CLIENTS = 200;
    private static final long LEAST_INTERVAL_MS = 200;
    private static final Duration HEARTBEAT = Duration.ofSeconds(10);
    private static final ObjectMapper JSON = new ObjectMapper();

    private final LiveState state;
    private final AtomicInteger clients = new AtomicInteger();
    /** Change numbers mean something to this process alone. */
    private final String epoch = UUID.randomUUID().toString();

    private volatile boolean closed;

    EventStream(LiveState state) {
        this.state = state;
    }

    /** Serves a client until it leaves, on this thread. */
    void serve(SseClient client) {
        if (clients.incrementAndGet() > MOST_CLIENTS) {
            clients.decrementAndGet();
            throw new TooManyRequestsResponse("There are " + MOST_CLIENTS + " streams, and no more are served.");
        }
        try {
            send(client);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            clients.decrementAndGet();
            client.close();
        }
    }

    private void send(SseClient client) throws InterruptedException {
        Predicate<Entry> wanted =
                wanted(client.ctx().queryParam("experiments"), client.ctx().queryParam("only"));
        long known = knownChange(client.ctx().header("Last-Event-ID"));
        long sent = System.nanoTime() - HEARTBEAT.toNanos();
        while (!closed && !client.terminated()) {
            Changes changes = state.since(known, wanted);
            boolean due = System.nanoTime() - sent >= HEARTBEAT.toNanos();
            if (changes.whole() || !changes.entries().isEmpty()) {
                client.sendEvent(changes.whole() ? "state" : "changes", json(changes), epoch + ":" + changes.change());
            } else if (due) {
                client.sendComment("still there");
            }
            if (due || !changes.entries().isEmpty()) {
                sent = System.nanoTime();
                Thread.sleep(LEAST_INTERVAL_MS);
            }
            known = changes.change();
            state.awaitChange(known, HEARTBEAT);
        }
    }

    /** Whole lines of all experiments; of what belongs to one, that of those that are asked for. */
    private static Predicate<Entry> wanted(String experiments, String only) {
        Set<String> ids = experiments == null || experiments.isEmpty()
                ? Set.of()
                : Set.copyOf(List.of(experiments.split(",")).stream().distinct().toList());
        Set<String> kinds = only == null || only.isEmpty()
                ? Set.of()
                : Set.copyOf(List.of(only.split(",")).stream().distinct().toList());
        return entry -> (kinds.isEmpty() || kinds.contains(entry.kind().word()))
                && (entry.kind() == Kind.EXPERIMENT
                        || entry.experiment().isEmpty()
                        || ids.contains("*")
                        || ids.contains(entry.experiment()));
    }

    private long knownChange(String lastEventId) {
        return Optional.ofNullable(lastEventId)
                .filter(id -> id.startsWith(epoch + ":"))
                .map(id -> id.substring(epoch.length() + 1))
                .filter(number -> number.matches("[0-9]{1,18}"))
                .map(Long::valueOf)
                .orElse(0L);
    }

    /** An array of {kind, key, value}; value null where an entry is gone. */
    static String json(Changes changes) {
        List<Map<String, Object>> entries = changes.entries().stream()
                .map(entry -> {
                    Map<String, Object> values = new LinkedHashMap<>();
                    values.put("kind", entry.kind().word());
                    values.put("key", entry.key());
                    values.put("value", entry.value());
                    return values;
                })
                .toList();
        try {
            return JSON.writeValueAsString(entries);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    int clients() {
        return clients.get();
    }

    /** Lets every client go. */
    void close() {
        closed = true;
    }
}
