package dev.romestream.producer;

import dev.romestream.experiments.DatasetIds;
import dev.romestream.messaging.access.ServiceAccess;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.topic.RecordReader;
import dev.romestream.messaging.topic.RecordSender;
import dev.romestream.messaging.topic.Sending;
import dev.romestream.messaging.topic.TopicNames;
import dev.romestream.messaging.topic.TopicReader;
import dev.romestream.schemas.DatasetDescriptor;
import dev.romestream.schemas.ImageBatch;
import dev.romestream.schemas.Split;
import dev.romestream.schemas.Topic;
import dev.romestream.schemas.WindowLabels;
import dev.romestream.schemas.WindowRange;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntConsumer;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * The windows of a stream on their topics. Their descriptors are the one truth about how far the stream has been read: each is written
 * in a transaction, after its images, by the one producer that opened the log last; a former one is fenced. Windows that are left
 * behind are retired, descriptor first.
 */
final class WindowLog implements AutoCloseable {
    private static final Duration CLOSE_LIMIT = Duration.ofSeconds(5);

    private final String topic;
    private final String labelTopic;
    private final DatasetPublisher publisher;
    private final RecordSender sender;
    private final KafkaProducer<String, SpecificRecord> producer;
    private final NavigableMap<Integer, DatasetDescriptor> windows = new TreeMap<>();
    /** Of the test images of each window whose labels come later, in order. */
    private final Map<Integer, List<String>> keys = new HashMap<>();

    private final Map<Integer, List<Integer>> labels = new HashMap<>();

    private WindowLog(RomeConfig config, DatasetPublisher publisher, RecordSender sender, String stream) {
        TopicNames names = TopicNames.of(config);
        this.topic = names.of(Topic.DATASETS);
        this.labelTopic = names.of(Topic.WINDOW_LABELS);
        this.publisher = publisher;
        this.sender = sender;
        var settings = config.producer();
        settings.put("transactional.id", names.prefix() + ServiceAccess.STREAMS + "-" + stream);
        this.producer = config.clients().producer("windows", settings, new StringSerializer(), null);
    }

    /**
     * Opens the log of a stream, and fences whoever had opened it before.
     *
     * @param keyed whether labels come later, by the keys of images
     */
    static WindowLog open(
            RomeConfig config, DatasetPublisher publisher, RecordSender sender, String stream, boolean keyed) {
        WindowLog log = new WindowLog(config, publisher, sender, stream);
        try {
            log.producer.initTransactions();
            log.read(config, stream, keyed);
            return log;
        } catch (RuntimeException e) {
            log.close();
            throw e;
        }
    }

    private void read(RomeConfig config, String stream, boolean keyed) {
        try (var reader = new RecordReader<>(
                config, Topic.DATASETS, DatasetDescriptor.class, (key, value) -> take(stream, key, value))) {
            reader.awaitCaughtUp();
        }
        Set<String> own = new HashSet<>();
        windows.values().forEach(window -> own.addAll(DatasetPublisher.keys(window)));
        Set<String> left = ConcurrentHashMap.newKeySet();
        try (TopicReader reader = new TopicReader(config, Topic.IMAGE_BATCHES, batch -> {
            if (batch.key() != null && batch.key().startsWith(stream + "@") && !own.contains(batch.key())) {
                if (batch.value() == null) {
                    left.remove(batch.key());
                } else {
                    left.add(batch.key());
                }
            }
        })) {
            reader.awaitCaughtUp();
        }
        // of windows that were not finished, or not wholly retired
        left.forEach(key -> sender.tombstone(Topic.IMAGE_BATCHES, key));
        if (keyed) {
            readKeys(config);
            readLabels(config, stream);
        }
        sender.flush();
    }

    private void readKeys(RomeConfig config) {
        Map<String, Integer> numbers = new HashMap<>();
        windows.forEach((number, window) -> numbers.put(window.getId() + "/" + window.getFingerprint(), number));
        Map<Integer, NavigableMap<Integer, List<String>>> batches = new ConcurrentHashMap<>();
        try (var reader = new RecordReader<>(config, Topic.IMAGE_BATCHES, ImageBatch.class, (key, batch) -> {
            Integer number = batch == null ? null : numbers.get(batch.getDataset() + "/" + batch.getFingerprint());
            if (number != null && batch.getSplit() == Split.TEST) {
                batches.computeIfAbsent(number, any -> new TreeMap<>()).put(batch.getIndex(), batch.getKeys());
            }
        })) {
            reader.awaitCaughtUp();
        }
        batches.forEach((number, parts) -> {
            List<String> all = parts.values().stream().flatMap(List::stream).toList();
            if (all.size() == windows.get(number).getTestImages()) {
                keys.put(number, all);
            }
        });
    }

    private void readLabels(RomeConfig config, String stream) {
        Set<String> left = ConcurrentHashMap.newKeySet();
        try (var reader = new RecordReader<>(config, Topic.WINDOW_LABELS, WindowLabels.class, (key, value) -> {
            number(stream, key).ifPresent(number -> {
                boolean isOf = value != null
                        && windows.containsKey(number)
                        && windows.get(number).getFingerprint().equals(value.getFingerprint());
                if (isOf) {
                    labels.put(number, value.getLabels());
                    left.remove(key);
                } else if (value == null) {
                    labels.remove(number);
                    left.remove(key);
                } else {
                    left.add(key);
                }
            });
        })) {
            reader.awaitCaughtUp();
        }
        left.forEach(key -> sender.tombstone(Topic.WINDOW_LABELS, key));
    }

    /** The number of a stream's window; empty where the id is another data set's. */
    private static Optional<Integer> number(String stream, String id) {
        return id.startsWith(stream + "@")
                ? Optional.of(Integer.valueOf(id.substring(stream.length() + 1)))
                : Optional.empty();
    }

    private void take(String stream, String key, DatasetDescriptor descriptor) {
        number(stream, key).ifPresent(number -> {
            if (descriptor == null) {
                windows.remove(number);
            } else {
                windows.put(number, descriptor);
            }
        });
    }

    /** Keys of the test images of those windows that are there and whose labels come later, in order. */
    Map<Integer, List<String>> keys() {
        return Collections.unmodifiableMap(keys);
    }

    /** The labels that have come of a window, -1 where none has; empty where there are none. */
    Optional<List<Integer>> labels(int window) {
        return Optional.ofNullable(labels.get(window));
    }

    /** The least record time of the images that are there. */
    OptionalLong firstTime() {
        return windows.values().stream()
                .map(window -> window.getWindow().getFirstTime())
                .filter(Objects::nonNull)
                .mapToLong(Long::longValue)
                .min();
    }

    /** Writes the labels that have come of a window, as long as nobody else reads the stream. */
    void label(int number, List<Integer> now) {
        DatasetDescriptor window = windows.get(number);
        producer.beginTransaction();
        Sending.await(producer.send(new ProducerRecord<>(
                labelTopic, window.getId(), new WindowLabels(window.getId(), window.getFingerprint(), now))));
        producer.commitTransaction();
        labels.put(number, now);
    }

    /** The newest window, or the beginning of a stream that has none yet; empty where there is neither. */
    Optional<DatasetDescriptor> last() {
        return Optional.ofNullable(windows.lastEntry()).map(entry -> entry.getValue());
    }

    /** Says where a stream begins. */
    DatasetDescriptor begin(WindowRange window, int keep) {
        DatasetDescriptor descriptor = DatasetDescriptor.newBuilder()
                .setId(DatasetIds.window(window.getStream(), window.getNumber()))
                .setName(window.getTopic() + "@" + window.getNumber())
                .setFingerprint("")
                .setClasses(List.of())
                .setShape(List.of())
                .setMean(List.of())
                .setStd(List.of())
                .setTrainImages(0)
                .setTrainBatches(0)
                .setTestImages(0)
                .setTestBatches(0)
                .build();
        return add(descriptor, window, keep);
    }

    /**
     * Writes a window, images first, and retires those that are left behind.
     *
     * @param keep windows whose images stay
     * @param progress receives the number of images written
     */
    DatasetDescriptor add(ImageDataset dataset, WindowRange window, int keep, IntConsumer progress) {
        String id = DatasetIds.window(window.getStream(), window.getNumber());
        DatasetDescriptor added = add(publisher.images(id, dataset, progress), window, keep);
        if (!dataset.test().keys().isEmpty()) {
            keys.put(window.getNumber(), dataset.test().keys());
        }
        return added;
    }

    private DatasetDescriptor add(DatasetDescriptor descriptor, WindowRange window, int keep) {
        descriptor.setWindow(window);
        List<DatasetDescriptor> retired =
                new ArrayList<>(windows.headMap(window.getNumber() - keep, true).values());
        producer.beginTransaction();
        Sending.await(producer.send(new ProducerRecord<>(topic, descriptor.getId(), descriptor)));
        for (DatasetDescriptor old : retired) {
            Sending.await(producer.send(new ProducerRecord<>(topic, old.getId(), null)));
        }
        producer.commitTransaction();
        windows.put(window.getNumber(), descriptor);
        retired.forEach(old -> {
            int number = old.getWindow().getNumber();
            windows.remove(number);
            keys.remove(number);
            if (labels.remove(number) != null) {
                sender.tombstone(Topic.WINDOW_LABELS, old.getId());
            }
            DatasetPublisher.keys(old).forEach(key -> sender.tombstone(Topic.IMAGE_BATCHES, key));
        });
        sender.flush();
        return descriptor;
    }

    @Override
    public void close() {
        producer.close(CLOSE_LIMIT);
    }
}
