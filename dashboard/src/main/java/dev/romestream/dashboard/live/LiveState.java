package dev.romestream.dashboard.live;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/**
 * What the pages show: entries, each with the number of the change that made it what it is. Whoever follows asks for the entries
 * that changed after the last change that he knows, and so gets the newest of each, however slow he is. Safe for use by several
 * threads.
 */
public final class LiveState {
    private static final int MOST_REMOVED = 10_000;
    private static final byte[] NOTHING = "null".getBytes(StandardCharsets.UTF_8);
    private static final ObjectMapper JSON = new ObjectMapper();

    /** What an entry tells of. */
    public enum Kind {
        EXPERIMENT,
        FIGURE,
        SNAPSHOT,
        ALERT,
        DEAD_LETTERS,
        SYSTEM;

        /** Its name on the wire. */
        public String word() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    /**
     * An entry.
     *
     * @param experiment that it belongs to; empty where it belongs to none
     * @param change counts all changes
     * @param json its value, in UTF-8; null where it was removed
     */
    public record Entry(Kind kind, String key, String experiment, long change, byte[] json) {
        boolean isRemoved() {
            return json == null;
        }
    }

    /**
     * What changed.
     *
     * @param whole whether what is known is to be forgotten, and this is the beginning of all there is
     * @param more whether more has changed than is in it
     * @param change the last one that is in it
     */
    public record Changes(boolean whole, boolean more, long change, List<Entry> entries) {}

    private record Id(Kind kind, String key) {}

    private final Map<Id, Entry> entries = new HashMap<>();
    private final NavigableMap<Long, Entry> byChange = new TreeMap<>();
    private long last;
    private long forgotten;
    private int removed;

    /** Sets an entry to a value that becomes JSON; nothing changes where it has it already. */
    public void put(Kind kind, String key, String experiment, Object value) {
        try {
            set(kind, key, experiment, JSON.writeValueAsBytes(value));
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("The value of " + kind.word() + " " + key + " does not become JSON.", e);
        }
    }

    /** Removes an entry. */
    public void remove(Kind kind, String key, String experiment) {
        set(kind, key, experiment, null);
    }

    private synchronized void set(Kind kind, String key, String experiment, byte[] json) {
        Id id = new Id(kind, key);
        Entry before = entries.get(id);
        if (before == null ? json == null : Arrays.equals(before.json(), json)) {
            return;
        }
        if (before != null) {
            byChange.remove(before.change());
            removed -= before.isRemoved() ? 1 : 0;
        }
        Entry entry = new Entry(kind, key, experiment, ++last, json);
        entries.put(id, entry);
        byChange.put(entry.change(), entry);
        if (entry.isRemoved() && ++removed > MOST_REMOVED) {
            forgetOldestRemoval();
        }
        notifyAll();
    }

    private void forgetOldestRemoval() {
        byChange.values().stream().filter(Entry::isRemoved).findFirst().ifPresent(entry -> {
            byChange.remove(entry.change());
            entries.remove(new Id(entry.kind(), entry.key()));
            forgotten = entry.change();
            removed--;
        });
    }

    /** The value of an entry, in JSON; {@code null} in JSON where there is none. */
    public synchronized byte[] json(Kind kind, String key) {
        Entry entry = entries.get(new Id(kind, key));
        return entry == null || entry.isRemoved() ? NOTHING : entry.json();
    }

    /** The entries that are wanted, in the order in which they last changed. */
    public List<Entry> all(Predicate<Entry> wanted) {
        return since(0, wanted, Integer.MAX_VALUE).entries();
    }

    /**
     * What changed after a change, the oldest first.
     *
     * @param change 0 for all there is
     * @param most entries that are given at once
     */
    public Changes since(long change, Predicate<Entry> wanted, int most) {
        return since(change, wanted, most, false);
    }

    /** As {@link #since(long, Predicate, int)}; {@code goesOn} where parts of the whole have been given up to the change. */
    public synchronized Changes since(long change, Predicate<Entry> wanted, int most, boolean goesOn) {
        boolean whole = !goesOn && (change <= 0 || change < forgotten || change > last);
        List<Entry> changed = new ArrayList<>();
        for (Entry entry : (whole ? byChange : byChange.tailMap(change, false)).values()) {
            if (!(whole && entry.isRemoved()) && wanted.test(entry)) {
                if (changed.size() == most) {
                    return new Changes(whole, true, changed.get(most - 1).change(), changed);
                }
                changed.add(entry);
            }
        }
        return new Changes(whole, false, last, changed);
    }

    /** Waits until something has changed after a change, at most {@code limit}. */
    public synchronized void awaitChange(long change, Duration limit) throws InterruptedException {
        long deadline = System.nanoTime() + limit.toNanos();
        while (last <= change) {
            long left = deadline - System.nanoTime();
            if (left <= 0) {
                return;
            }
            TimeUnit.NANOSECONDS.timedWait(this, left);
        }
    }
}
