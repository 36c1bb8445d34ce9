package dev.romestream.producer;

import dev.romestream.schemas.Split;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** Images of a topic, of which each is as likely as any other to be among those that are kept; the same topic gives the same ones. */
final class TakenImages {
    private static final Comparator<Taken> LAST_FIRST =
            Comparator.comparingLong(Taken::priority).reversed();
    private static final Comparator<Taken> IN_ORDER =
            Comparator.comparingInt(Taken::partition).thenComparingLong(Taken::offset);

    private final PriorityQueue<Taken> queue = new PriorityQueue<>(LAST_FIRST);
    private final int most;
    private long bytes;

    /** @param priority the smallest are kept */
    private record Taken(int partition, long offset, long priority, Split split, String label, byte[] pixels) {}

    /** @param most that are kept */
    TakenImages(int most) {
        this.most = most;
    }

    /** Takes an image, or passes it over unread; what is no image is refused in either case where it is read. */
    void add(ConsumerRecord<String, byte[]> record, Split split, String label, ImageRecords images) {
        long priority = ImageRecords.random(record).nextLong();
        boolean full = queue.size() >= most;
        if (full && queue.peek().priority() <= priority) {
            return;
        }
        byte[] pixels = images.pixels(record);
        queue.add(new Taken(record.partition(), record.offset(), priority, split, label, pixels));
        bytes += pixels.length;
        if (full) {
            bytes -= queue.remove().pixels().length;
        }
    }

    long bytes() {
        return bytes;
    }

    int count(Split split) {
        return (int) queue.stream().filter(taken -> taken.split() == split).count();
    }

    /** Names of the classes of a split. */
    Set<String> labels(Split split) {
        return queue.stream()
                .filter(taken -> taken.split() == split)
                .map(Taken::label)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** Those of a split, in the order of the topic, with their keys in place of labels. */
    ImageDataset.Images keyed(Split split) {
        ImageDataset.Images images = images(split, List.of());
        return new ImageDataset.Images(
                images.pixels(),
                images.labels(),
                ordered(split).stream().map(Taken::label).toList());
    }

    private List<Taken> ordered(Split split) {
        return queue.stream()
                .filter(one -> one.split() == split)
                .sorted(IN_ORDER)
                .toList();
    }

    /** Those of a split, in the order of the topic; -1 is the label of an image whose class has no name among {@code classes}. */
    ImageDataset.Images images(Split split, List<String> classes) {
        List<Taken> taken = ordered(split);
        int imageBytes = taken.isEmpty() ? 0 : taken.get(0).pixels().length;
        byte[] pixels = new byte[Math.multiplyExact(taken.size(), imageBytes)];
        int[] labels = new int[taken.size()];
        for (int i = 0; i < labels.length; i++) {
            labels[i] = classes.indexOf(taken.get(i).label());
            System.arraycopy(taken.get(i).pixels(), 0, pixels, i * imageBytes, imageBytes);
        }
        return new ImageDataset.Images(pixels, labels);
    }
}
