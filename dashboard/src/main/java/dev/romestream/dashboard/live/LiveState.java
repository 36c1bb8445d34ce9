package dev.romestream.dashboard.live;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
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

    /** What an entry tells of. */
    public enum Kind {
        EXPERIMENT,
        STATUS,
        FIGURE,
        SNAPSHOT,
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
     * @param value null where it was removed
     */
    public record Entry(Kind kind, String key, String experiment, long change, Object value) {}

    /**
     * What changed.
     *
     * @param whole whether this is all there is, and what is not here is gone
     * @param change the last one that is in it
     */
    public record Changes(boolean whole, long change, List<Entry> entries) {}

    private record Id(Kind kind, String key) {}

    private final Map<Id, Entry> entries = new HashMap<>();
    private final NavigableMap<Long, Entry> byChange = new TreeMap<>();
    private long last;
    private long forgotten;
    private int removed;

    /** Sets an entry; nothing changes where it has this value already. */
    public synchronized void put(Kind kind, String key, String experiment, Object value) {
        Id id = new Id(kind, key);
        Entry before = entries.get(id);
        if (before == null ? value == null : Objects.equals(before.value(), value)) {
            return;
        }
        if (before != null) {
            byChange.remove(before.change());
            removed -= before.value() == null ? 1 : 0;
        }
        Entry entry = new Entry(kind, key, experiment, ++last, value);
        entries.put(id, entry);
        byChange.put(entry.change(), entry);
        if (value == null && ++removed > MOST_REMOVED) {
            forgetOldestRemoval();
        }
        notifyAll();
    }

    /** Removes an entry. */
    public void remove(Kind kind, String key, String experiment) {
        put(kind, key, experiment, null);
    }

    private void forgetOldestRemoval() {
        byChange.values().stream()
                .filter(entry -> entry.value() == null)
                .findFirst()
                .ifPresent(entry -> {
                    byChange.remove(entry.change());
                    entries.remove(new Id(entry.kind(), entry.key()));
                    forgotten = entry.change();
                    removed--;
                });
    }

    /** The value of an entry, or null. */
    public synchronized Object get(Kind kind, String key) {
        Entry entry = entries.get(new Id(kind, key));
        return entry == null ? null : entry.value();
    }

    /** The values that are wanted, in the order in which they last changed. */
    public List<Object> values(Predicate<Entry> wanted) {
        return since(0, wanted).entries().stream().map(Entry::value).toList();
    }

    /**
     * What changed after a change.
     *
     * @param change 0 for all there is
     */
    public synchronized Changes since(long change, Predicate<Entry> wanted) {
        boolean whole = change <= 0 || change < forgotten || change > last;
        List<Entry> changed = (whole ? byChange : byChange.tailMap(change, false))
                .values().stream()
                        .filter(entry -> !(whole && entry.value() == null) && wanted.test(entry))
                        .toList();
        return new Changes(whole, last, changed);
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
