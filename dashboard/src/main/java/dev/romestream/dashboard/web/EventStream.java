package dev.romestream.dashboard.web;

import com.fasterxml.jackson.databind.node.TextNode;
import dev.romestream.dashboard.live.LiveState;
import dev.romestream.dashboard.live.LiveState.Changes;
import dev.romestream.dashboard.live.LiveState.Entry;
import dev.romestream.dashboard.live.LiveState.Kind;
import io.javalin.http.TooManyRequestsResponse;
import io.javalin.http.sse.SseClient;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One stream for each page that is open: first what there is, then what changed since the last message, a few times a second at
 * most. Nothing is queued for a client: one that is slow finds the newest state when it is ready for more.
 */
final class EventStream {
    private static final int MOST_CLIENTS = 200;
    private static final long LEAST_INTERVAL_MS = 200;
    private static final Logger log = LoggerFactory.getLogger(EventStream.class);
    private static final Duration CLOSE_LIMIT = Duration.ofSeconds(2);
    /** A page says that it is not live where it hears nothing for ten seconds. */
    private static final Duration HEARTBEAT = Duration.ofSeconds(4);
    /** Of one message: more come in several. */
    private static final int MOST_ENTRIES = 200;

    private final LiveState state;
    private final AtomicInteger clients = new AtomicInteger();
    private final Set<Thread> serving = ConcurrentHashMap.newKeySet();
    /** Change numbers mean something to this process alone. */
    private final String epoch = UUID.randomUUID().toString();

    private volatile boolean closed;

    EventStream(LiveState state) {
        this.state = state;
    }

    /** Serves a client until it leaves, on this thread. */
    @SuppressWarnings("Interruption") // the thread is lent, and what ended this work is none of its next one's
    void serve(SseClient client) {
        if (clients.incrementAndGet() > MOST_CLIENTS) {
            clients.decrementAndGet();
            throw new TooManyRequestsResponse("There are " + MOST_CLIENTS + " streams, and no more are served.");
        }
        serving.add(Thread.currentThread());
        try {
            send(client);
        } catch (InterruptedException e) {
            log.debug("The dashboard closes", e);
        } finally {
            serving.remove(Thread.currentThread());
            client.close();
            clients.decrementAndGet();
        }
    }

    private void send(SseClient client) throws InterruptedException {
        Predicate<Entry> wanted =
                wanted(client.ctx().queryParam("experiments"), client.ctx().queryParam("only"));
        long known = knownChange(client.ctx().header("Last-Event-ID"));
        long sent = System.nanoTime() - HEARTBEAT.toNanos();
        boolean goesOn = false;
        while (!closed && !client.terminated()) {
            Changes changes = state.since(known, wanted, MOST_ENTRIES, goesOn);
            goesOn = changes.more();
            boolean due = System.nanoTime() - sent >= HEARTBEAT.toNanos();
            if (changes.whole() || !changes.entries().isEmpty()) {
                client.sendEvent(
                        changes.whole() ? "state" : "changes", json(changes.entries()), epoch + ":" + changes.change());
            } else if (due) {
                // without data, browsers dispatch no event
                client.sendEvent("alive", "{}");
            }
            known = changes.change();
            if (!changes.more()) {
                if (due || !changes.entries().isEmpty()) {
                    sent = System.nanoTime();
                    Thread.sleep(LEAST_INTERVAL_MS);
                }
                state.awaitChange(known, HEARTBEAT);
            }
        }
    }

    /** Whole lines of all experiments; of what belongs to one, that of those that are asked for. */
    private static Predicate<Entry> wanted(String experiments, String only) {
        Set<String> ids = words(experiments);
        Set<String> kinds = words(only);
        return entry -> (kinds.isEmpty() || kinds.contains(entry.kind().word()))
                && (entry.kind() == Kind.EXPERIMENT
                        || entry.experiment().isEmpty()
                        || ids.contains("*")
                        || ids.contains(entry.experiment()));
    }

    /** What stands between commas. */
    private static Set<String> words(String parameter) {
        return parameter == null || parameter.isEmpty() ? Set.of() : new HashSet<>(Arrays.asList(parameter.split(",")));
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
    private static String json(List<Entry> entries) {
        StringBuilder array = new StringBuilder("[");
        for (Entry entry : entries) {
            array.append(array.length() > 1 ? "," : "")
                    .append("{\"kind\":\"")
                    .append(entry.kind().word())
                    .append("\",\"key\":")
                    .append(TextNode.valueOf(entry.key()))
                    .append(",\"value\":")
                    .append(entry.json() == null ? "null" : new String(entry.json(), StandardCharsets.UTF_8))
                    .append('}');
        }
        return array.append(']').toString();
    }

    int clients() {
        return clients.get();
    }

    /** Lets every client go, and waits until they have gone, for a moment. */
    void close() {
        closed = true;
        serving.forEach(Thread::interrupt);
        long deadline = System.nanoTime() + CLOSE_LIMIT.toNanos();
        while (clients.get() > 0 && System.nanoTime() < deadline) {
            LockSupport.parkNanos(1_000_000);
        }
    }
}
