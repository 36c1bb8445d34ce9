package dev.romestream.exchange;

import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.topic.RecordChecks;
import dev.romestream.messaging.topic.RecordReader;
import dev.romestream.robustness.network.ImageShape;
import dev.romestream.robustness.network.LabelledImages;
import dev.romestream.robustness.network.Normalization;
import dev.romestream.schemas.DatasetDescriptor;
import dev.romestream.schemas.ImageBatch;
import dev.romestream.schemas.Split;
import dev.romestream.schemas.Topic;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import org.apache.kafka.common.errors.InterruptException;

/** The data sets of the cluster, collected from {@code datasets} and {@code image-batches}. Safe for use by several threads. */
public final class DatasetStore implements AutoCloseable {
    private static final long CHECK_MS = 200;

    private final Map<String, DatasetDescriptor> descriptors = new HashMap<>();
    private final Map<SplitKey, Map<Integer, ImageBatch>> batches = new HashMap<>();
    private final Map<SplitKey, LabelledImages> assembled = new HashMap<>();
    private final RecordReader<DatasetDescriptor> descriptorReader;
    private final RecordReader<ImageBatch> batchReader;

    private record SplitKey(String dataset, String fingerprint, Split split) {}

    /** A data set, whole. */
    public record Dataset(DatasetDescriptor descriptor, LabelledImages train, LabelledImages test) {
        public Normalization normalization() {
            return new Normalization(descriptor.getMean(), descriptor.getStd());
        }
    }

    public DatasetStore(RomeConfig config) {
        this.descriptorReader =
                new RecordReader<>(config, Topic.DATASETS, DatasetDescriptor.class, (key, value) -> describe(value));
        this.batchReader =
                new RecordReader<>(config, Topic.IMAGE_BATCHES, ImageBatch.class, (key, value) -> collect(value));
    }

    private synchronized void describe(DatasetDescriptor descriptor) {
        if (descriptor != null) {
            descriptors.put(descriptor.getId(), descriptor);
            notifyAll();
        }
    }

    private synchronized void collect(ImageBatch batch) {
        if (batch != null) {
            SplitKey key = new SplitKey(batch.getDataset(), batch.getFingerprint(), batch.getSplit());
            if (!assembled.containsKey(key)) {
                batches.computeIfAbsent(key, any -> new TreeMap<>()).put(batch.getIndex(), batch);
                notifyAll();
            }
        }
    }

    /**
     * The data set, when all of it is there.
     *
     * @param cancelled ends the wait
     * @throws TimeoutException where no image arrives for as long as {@code patience}, or the wait was cancelled
     */
    public Dataset await(String id, Duration patience, BooleanSupplier cancelled) throws TimeoutException {
        long lastArrival = System.nanoTime();
        int arrived = -1;
        while (true) {
            descriptorReader.throwFailure();
            batchReader.throwFailure();
            synchronized (this) {
                Optional<Dataset> dataset = assemble(id);
                if (dataset.isPresent()) {
                    return dataset.get();
                }
                int now = batches.values().stream().mapToInt(Map::size).sum();
                if (now != arrived) {
                    arrived = now;
                    lastArrival = System.nanoTime();
                }
                if (cancelled.getAsBoolean() || System.nanoTime() - lastArrival > patience.toNanos()) {
                    throw new TimeoutException("The data set " + id + " did not arrive whole on image-batches; is a"
                            + " producer running, and does it have the files?");
                }
                try {
                    wait(CHECK_MS);
                } catch (InterruptedException e) {
                    throw new InterruptException(e);
                }
            }
        }
    }

    private synchronized Optional<Dataset> assemble(String id) {
        DatasetDescriptor descriptor = descriptors.get(id);
        if (descriptor == null) {
            return Optional.empty();
        }
        Optional<LabelledImages> train =
                split(descriptor, Split.TRAIN, descriptor.getTrainBatches(), descriptor.getTrainImages());
        Optional<LabelledImages> test =
                split(descriptor, Split.TEST, descriptor.getTestBatches(), descriptor.getTestImages());
        return train.flatMap(a -> test.map(b -> new Dataset(descriptor, a, b)));
    }

    private Optional<LabelledImages> split(DatasetDescriptor descriptor, Split split, int expected, int images) {
        SplitKey key = new SplitKey(descriptor.getId(), descriptor.getFingerprint(), split);
        if (!assembled.containsKey(key)) {
            Map<Integer, ImageBatch> parts = batches.getOrDefault(key, Map.of());
            if (parts.size() < expected) {
                return Optional.empty();
            }
            assembled.put(key, join(descriptor, parts, images));
            batches.remove(key);
        }
        return Optional.of(assembled.get(key));
    }

    private static LabelledImages join(DatasetDescriptor descriptor, Map<Integer, ImageBatch> parts, int images) {
        ImageShape shape = NetworkCodec.shape(descriptor.getShape());
        byte[] pixels = new byte[images * shape.size()];
        int[] labels = new int[images];
        for (ImageBatch batch : parts.values()) {
            int count = batch.getLabels().size();
            byte[] bytes = TensorCodec.decodeImages("images", batch.getImages(), count);
            for (int i = 0; i < count; i++) {
                int id = batch.getImageIds().get(i);
                if (id < 0 || id >= images) {
                    throw new InvalidRecordException("ImageBatch " + RecordChecks.batchKey(batch) + " has the image id "
                            + id + "; the split has images 0 to " + (images - 1) + ".");
                }
                labels[id] = batch.getLabels().get(i);
                System.arraycopy(bytes, i * shape.size(), pixels, id * shape.size(), shape.size());
            }
        }
        return new LabelledImages(shape, descriptor.getClasses().size(), pixels, labels);
    }

    @Override
    public void close() {
        descriptorReader.close();
        batchReader.close();
    }
}
