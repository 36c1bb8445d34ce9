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
import dev.romestream.schemas.Topic;
import dev.romestream.schemas.WindowRange;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
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
    private final DatasetPublisher publisher;
    private final RecordSender sender;
    private final KafkaProducer<String, SpecificRecord> producer;
    private final NavigableMap<Integer, DatasetDescriptor> windows = new TreeMap<>();

    private WindowLog(RomeConfig config, DatasetPublisher publisher, RecordSender sender, String stream) {
        TopicNames names = TopicNames.of(config);
        this.topic = names.of(Topic.DATASETS);
        this.publisher = publisher;
        this.sender = sender;
        var settings = config.producer();
        settings.put("transactional.id", names.prefix() + ServiceAccess.STREAMS + "-" + stream);
        this.producer = config.clients().producer("windows", settings, new StringSerializer(), null);
    }

    /** Opens the log of a stream, and fences whoever had opened it before. */
    static WindowLog open(RomeConfig config, DatasetPublisher publisher, RecordSender sender, String stream) {
        WindowLog log = new WindowLog(config, publisher, sender, stream);
        try {
            log.producer.initTransactions();
            log.read(config, stream);
            return log;
        } catch (RuntimeException e) {
            log.close();
            throw e;
        }
    }

    private void read(RomeConfig config, String stream) {
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
        sender.flush();
    }

    private void take(String stream, String key, DatasetDescriptor descriptor) {
        if (!key.startsWith(stream + "@")) {
            return;
        }
        int number = Integer.parseInt(key.substring(stream.length() + 1));
        if (descriptor == null) {
            windows.remove(number);
        } else {
            windows.put(number, descriptor);
        }
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
        return add(publisher.images(id, dataset, progress), window, keep);
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
            windows.remove(old.getWindow().getNumber());
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
