package dev.romestream.producer;

import dev.romestream.experiments.WindowSettings;
import dev.romestream.schemas.OffsetRange;
import dev.romestream.schemas.Split;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * A window that is being filled: which records are in it, and when it ends. It knows neither brokers nor a clock: the records alone
 * decide, in the order in which they come.
 */
final class WindowAssembly {
    private static final int FEWEST_CLASSES = 2;
    private static final int MOST_MARKS = 10;
    private static final int MOST_GAPS = 100;

    private final WindowSettings settings;
    private final ImageRecords records;
    /** Empty until the stream's first window has ended. */
    private final List<String> classes;

    private final NavigableMap<Integer, Long> from;
    private final NavigableMap<Integer, Long> next;
    private final List<OffsetRange> missed = new ArrayList<>();
    private final TakenImages taken;
    private final Map<String, Integer> counts = new HashMap<>();
    /** Of partitions that have come to the window's end: the record time with which the next one begins there. */
    private final Map<Integer, Long> cut = new HashMap<>();

    private final Set<String> marks = new LinkedHashSet<>();
    private OptionalLong begin;
    private OptionalLong end = OptionalLong.empty();
    private OptionalLong firstTime = OptionalLong.empty();
    private OptionalLong lastTime = OptionalLong.empty();
    private long images;
    private long late;
    private long refused;
    private long gaps;
    private long missedOffsets;

    /**
     * A window without records.
     *
     * @param records with the size of the stream's images, where that is known
     * @param classes in label order; empty where they are to be those of this window
     * @param from the offset of each partition with which it begins
     * @param begin record time from which its records should be; empty where that is not known, or images are counted
     */
    WindowAssembly(
            WindowSettings settings,
            ImageRecords records,
            List<String> classes,
            Map<Integer, Long> from,
            OptionalLong begin) {
        this.settings = settings;
        this.records = records;
        this.classes = classes;
        this.from = new TreeMap<>(from);
        this.next = new TreeMap<>(from);
        this.begin = begin;
        this.taken = new TakenImages(settings.sample().orElse(Integer.MAX_VALUE));
        settings.everyMs().ifPresent(every -> begin.ifPresent(time -> end = OptionalLong.of(time + every)));
    }

    /**
     * Takes a record in, unless the window ends before it.
     *
     * @param nowMs by the clock, for records that are stamped ahead of it
     * @return whether it was taken; the partition's next record is this one otherwise
     * @throws SourceException where it is passed over, because it is no image for the stream
     */
    boolean take(ConsumerRecord<String, byte[]> record, long nowMs) {
        long time = record.timestamp();
        boolean ahead = time - nowMs > settings.future().toMillis();
        if (!ahead && end.isPresent() && time >= end.getAsLong()) {
            cut.put(record.partition(), time);
            return false;
        }
        next.put(record.partition(), record.offset() + 1);
        if (marks.size() < MOST_MARKS) {
            ImageRecords.mark(record).ifPresent(marks::add);
        }
        try {
            if (ahead) {
                throw new SourceException(
                        ImageRecords.origin(record) + " has a record time " + Duration.ofMillis(time - nowMs)
                                + " ahead of the clock; allowed is " + settings.future() + " (dataset.window.future).");
            }
            add(record);
        } catch (SourceException e) {
            refused++;
            throw e;
        }
        return true;
    }

    private void add(ConsumerRecord<String, byte[]> record) {
        if (settings.labelled()) {
            ImageRecords.Head head = records.head(record);
            requireKnown(head.label(), record);
            taken.add(record, head.split().orElseGet(() -> split(record)), head.label(), records);
            counts.merge(head.label(), 1, Integer::sum);
        } else {
            ImageRecords.requireImage(record);
            if (settings.labelTopic().isPresent()) {
                ImageRecords.requireKey(record);
            }
            taken.add(record, Split.TEST, Objects.requireNonNullElse(record.key(), ""), records);
        }
        long time = record.timestamp();
        if (settings.everyMs().isPresent() && end.isEmpty()) {
            long every = settings.everyMs().getAsLong();
            end = OptionalLong.of((Math.floorDiv(time, every) + 1) * every);
        }
        images++;
        if (begin.isPresent() && time < begin.getAsLong()) {
            late++;
        }
        firstTime = OptionalLong.of(Math.min(time, firstTime.orElse(time)));
        lastTime = OptionalLong.of(Math.max(time, lastTime.orElse(time)));
    }

    private void requireKnown(String label, ConsumerRecord<?, ?> record) {
        if (!classes.isEmpty() && !classes.contains(label)) {
            throw new SourceException(
                    ImageRecords.origin(record) + " is of the class '" + label + "', which the stream has not; it has "
                            + String.join(", ", classes) + " (those of its first window, or dataset.window.classes).");
        }
    }

    private Split split(ConsumerRecord<?, ?> record) {
        var random = ImageRecords.random(record);
        random.nextLong(); // by which it is taken or not
        return random.nextDouble() < settings.test() ? Split.TEST : Split.TRAIN;
    }

    /** A partition that came later. */
    void add(int partition) {
        from.put(partition, 0L);
        next.put(partition, 0L);
    }

    /** Offsets of a partition that are no longer there. */
    void miss(int partition, long to) {
        gaps++;
        missedOffsets += to - next.get(partition);
        if (missed.size() < MOST_GAPS) {
            missed.add(new OffsetRange(partition, next.get(partition), to));
        }
        next.put(partition, to);
    }

    /** Whether a partition has come to the window's end. */
    boolean isCut(int partition) {
        return cut.containsKey(partition);
    }

    /**
     * Whether it has ended. Of record time, it has where every partition has come to its end, or is not waited for; where it has no
     * images then, or too few of a class, it goes on to the end of the next period, and partitions are cut no longer.
     *
     * @param idle partitions that are not waited for
     */
    boolean isComplete(Collection<Integer> idle) {
        if (isFull()) {
            if (settings.labelled() && counts.size() < FEWEST_CLASSES && classes.isEmpty()) {
                throw new SourceException("The first " + images + " images of the stream are all of the class '"
                        + counts.keySet().iterator().next() + "'; needed are two classes (or dataset.window.classes, or"
                        + " a larger dataset.window.maximum).");
            }
            return true;
        }
        if (settings.images().isPresent()) {
            return images >= settings.images().getAsInt() && hasEnough();
        }
        boolean isWaiting =
                next.keySet().stream().anyMatch(partition -> !cut.containsKey(partition) && !idle.contains(partition));
        if (cut.isEmpty() || isWaiting) {
            return false;
        }
        if (images > 0 && hasEnough()) {
            return true;
        }
        long every = settings.everyMs().getAsLong();
        long newEnd = (Math.floorDiv(Collections.min(cut.values()), every) + 1) * every;
        if (images == 0) {
            begin = OptionalLong.of(newEnd - every);
        }
        end = OptionalLong.of(newEnd);
        cut.values().removeIf(time -> time < newEnd);
        return false;
    }

    private boolean isFull() {
        return images >= settings.maximum() || taken.bytes() > Integer.MAX_VALUE / 2;
    }

    private boolean hasEnough() {
        if (!settings.labelled()) {
            return true;
        }
        Collection<String> all = classes.isEmpty() ? counts.keySet() : classes;
        return all.size() >= FEWEST_CLASSES
                && all.stream().allMatch(label -> counts.getOrDefault(label, 0) >= settings.minimum());
    }

    /** The time with which the next window begins; empty where images are counted. */
    OptionalLong nextBegin() {
        if (end.isEmpty()) {
            return end;
        }
        return isFull() ? OptionalLong.of(end.getAsLong() - settings.everyMs().getAsLong()) : end;
    }

    /** The names of the classes, in label order; none where images have no labels. */
    List<String> classes() {
        return classes.isEmpty() ? List.copyOf(new TreeSet<>(counts.keySet())) : classes;
    }

    ImageDataset.Images split(Split split) {
        return settings.labelTopic().isPresent() ? taken.keyed(split) : taken.images(split, classes());
    }

    List<OffsetRange> ranges() {
        List<OffsetRange> ranges = new ArrayList<>();
        from.forEach((partition, first) -> ranges.add(new OffsetRange(partition, first, next.get(partition))));
        return ranges;
    }

    /** The first gaps. */
    List<OffsetRange> missed() {
        return missed;
    }

    long gaps() {
        return gaps;
    }

    /** Offsets in all gaps. */
    long missedOffsets() {
        return missedOffsets;
    }

    /** The offset of a partition that is to be read next. */
    long next(int partition) {
        return next.get(partition);
    }

    Set<Integer> partitions() {
        return next.keySet();
    }

    /** What its records say has changed with them, in the order in which they came. */
    List<String> marks() {
        return List.copyOf(marks);
    }

    ImageRecords records() {
        return records;
    }

    OptionalLong firstTime() {
        return firstTime;
    }

    OptionalLong lastTime() {
        return lastTime;
    }

    long images() {
        return images;
    }

    long late() {
        return late;
    }

    long refused() {
        return refused;
    }
}
