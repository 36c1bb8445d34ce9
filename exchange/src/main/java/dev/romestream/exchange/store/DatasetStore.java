package dev.romestream.exchange.store;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.romestream.exchange.codec.Dataset;
import dev.romestream.exchange.codec.InvalidRecordException;
import dev.romestream.exchange.codec.NetworkCodec;
import dev.romestream.exchange.codec.TensorCodec;
import dev.romestream.experiments.DatasetIds;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.failure.UnprocessableException;
import dev.romestream.messaging.topic.RecordReader;
import dev.romestream.robustness.network.ImageShape;
import dev.romestream.robustness.network.LabelledImages;
import dev.romestream.schemas.DatasetDescriptor;
import dev.romestream.schemas.DatasetSpec;
import dev.romestream.schemas.ImageBatch;
import dev.romestream.schemas.RecordChecks;
import dev.romestream.schemas.Split;
import dev.romestream.schemas.Topic;
import java.time.Duration;
import java.util.BitSet;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BooleanSupplier;
import org.apache.kafka.common.errors.InterruptException;

/**
 * The data sets of the cluster. Their descriptors are followed; images are read from {@code image-batches} when they are asked
 * for, and let go when they have not been for a while. Safe for use by several threads.
 */
public final class DatasetStore implements AutoCloseable {
    private static final long CHECK_MS = 20;
    private static final int MOST_KEPT = 4;
    private static final Duration KEPT = Duration.ofHours(1);
    private static final Duration LIMIT = Duration.ofMinutes(1);

    private final RomeConfig config;
    private final Map<String, DatasetDescriptor> descriptors = new ConcurrentHashMap<>();
    private final RecordReader<DatasetDescriptor> reader;
    private final Cache<DatasetDescriptor, Dataset> kept =
            Caffeine.newBuilder().maximumSize(MOST_KEPT).expireAfterAccess(KEPT).build();

    public DatasetStore(RomeConfig config) {
        this.config = config;
        this.reader = new RecordReader<>(config, Topic.DATASETS, DatasetDescriptor.class, this::describe);
    }

    private void describe(String id, DatasetDescriptor descriptor) {
        if (descriptor == null) {
            descriptors.remove(id);
        } else {
            descriptors.put(id, descriptor);
        }
    }

    private Optional<DatasetDescriptor> newest(String id) {
        return descriptors.values().stream()
                .filter(descriptor -> DatasetIds.stream(descriptor).equals(id))
                .filter(descriptor -> descriptor.getTrainImages() + descriptor.getTestImages() > 0)
                .max(Comparator.comparingInt(descriptor -> descriptor.getWindow() == null
                        ? 0
                        : descriptor.getWindow().getNumber()));
    }

    /** Waits until every data set is known that is on the topic now. */
    public void awaitCurrent(Duration limit) {
        reader.awaitCurrent(limit);
    }

    /** What is known of a data set, if it is there. */
    public Optional<DatasetDescriptor> descriptor(String id) {
        return Optional.ofNullable(descriptors.get(id));
    }

    /** What is known of the data sets of a specification: of a stream, of its windows that are there. */
    public List<DatasetDescriptor> descriptors(DatasetSpec spec) {
        return descriptors.values().stream()
                .filter(descriptor -> DatasetIds.isOf(descriptor, spec))
                .toList();
    }

    /**
     * The data set with this id, once all of it is there; of a stream, its newest window.
     *
     * @param cancelled ends the wait
     * @throws CancellationException where the wait was cancelled
     */
    public Dataset await(String id, BooleanSupplier cancelled) {
        while (true) {
            reader.throwFailure();
            Optional<Dataset> whole = newest(id).flatMap(descriptor -> load(descriptor, cancelled));
            if (whole.isPresent()) {
                return whole.get();
            }
            pause(cancelled);
        }
    }

    /** Whether an id is that of a window that is not there, as of what has been read. */
    public boolean isRetired(String id) {
        return !DatasetIds.streamOf(id).equals(id) && !descriptors.containsKey(id);
    }

    /**
     * The data set that work names.
     *
     * @throws UnprocessableException where there is none of this id and fingerprint
     */
    public Dataset await(String id, String fingerprint, BooleanSupplier cancelled) {
        if (!isOf(descriptors.get(id), fingerprint)) {
            reader.awaitCurrent(LIMIT);
        }
        while (true) {
            DatasetDescriptor descriptor = descriptors.get(id);
            if (isRetired(id)) {
                throw new UnprocessableException("The window " + id + " was retired before it was read.");
            }
            if (!isOf(descriptor, fingerprint)) {
                throw new UnprocessableException("There is no data set " + id + " of the fingerprint " + fingerprint
                        + "; on the topics is "
                        + (descriptor == null ? "none of this id" : descriptor.getFingerprint()) + ".");
            }
            Optional<Dataset> whole = load(descriptor, cancelled);
            if (whole.isPresent()) {
                return whole.get();
            }
        }
    }

    private static boolean isOf(DatasetDescriptor descriptor, String fingerprint) {
        return descriptor != null && descriptor.getFingerprint().equals(fingerprint);
    }

    private static void pause(BooleanSupplier cancelled) {
        if (cancelled.getAsBoolean()) {
            throw new CancellationException("the wait for a data set was cancelled");
        }
        try {
            Thread.sleep(CHECK_MS);
        } catch (InterruptedException e) {
            throw new InterruptException(e);
        }
    }

    /** Empty where the descriptor was replaced meanwhile. */
    private Optional<Dataset> load(DatasetDescriptor descriptor, BooleanSupplier cancelled) {
        Dataset present = kept.getIfPresent(descriptor);
        if (present != null) {
            return Optional.of(present);
        }
        Collector collector = new Collector(descriptor);
        try (RecordReader<ImageBatch> batches = new RecordReader<>(
                config,
                Topic.IMAGE_BATCHES,
                ImageBatch.class,
                collector::isWanted,
                (key, value) -> collector.accept(value))) {
            while (!collector.isComplete()) {
                batches.throwFailure();
                if (!descriptor.equals(descriptors.get(descriptor.getId()))) {
                    return Optional.empty();
                }
                pause(cancelled);
            }
        }
        Dataset loaded = collector.dataset();
        kept.put(descriptor, loaded);
        return Optional.of(loaded);
    }

    /** Puts the images of one data set in their places. */
    private static final class Collector {
        private final DatasetDescriptor descriptor;
        private final Map<Split, Part> parts = new EnumMap<>(Split.class);

        private static final class Part {
            private final byte[] pixels;
            private final int[] labels;
            private final BitSet batches = new BitSet();
            private final int expected;

            Part(int imageSize, int images, int batches) {
                this.pixels = new byte[Math.multiplyExact(imageSize, images)];
                this.labels = new int[images];
                this.expected = batches;
            }
        }

        Collector(DatasetDescriptor descriptor) {
            this.descriptor = descriptor;
            int size = shape().size();
            parts.put(Split.TRAIN, new Part(size, descriptor.getTrainImages(), descriptor.getTrainBatches()));
            parts.put(Split.TEST, new Part(size, descriptor.getTestImages(), descriptor.getTestBatches()));
        }

        private ImageShape shape() {
            return NetworkCodec.shape(descriptor.getShape());
        }

        boolean isWanted(String key) {
            return key != null && key.startsWith(descriptor.getId() + "/");
        }

        synchronized void accept(ImageBatch batch) {
            if (batch == null
                    || !batch.getDataset().equals(descriptor.getId())
                    || !batch.getFingerprint().equals(descriptor.getFingerprint())) {
                return;
            }
            Part part = parts.get(batch.getSplit());
            int count = batch.getLabels().size();
            int size = shape().size();
            if (batch.getIndex() >= part.expected
                    || !TensorCodec.imageShape("images", batch.getImages(), count)
                            .equals(shape())) {
                throw contradicts(batch, "its index or the shape of its images");
            }
            for (int i = 0; i < count; i++) {
                int id = batch.getImageIds().get(i);
                int label = batch.getLabels().get(i);
                if (id < 0 || id >= part.labels.length) {
                    throw contradicts(batch, "the image id " + id);
                }
                boolean isNone = label == LabelledImages.UNLABELLED
                        && descriptor.getClasses().isEmpty();
                if (!isNone && (label < 0 || label >= descriptor.getClasses().size())) {
                    throw contradicts(batch, "the label " + label);
                }
            }
            byte[] bytes = TensorCodec.bytes("images", batch.getImages());
            for (int i = 0; i < count; i++) {
                int id = batch.getImageIds().get(i);
                part.labels[id] = batch.getLabels().get(i);
                System.arraycopy(bytes, i * size, part.pixels, id * size, size);
            }
            part.batches.set(batch.getIndex());
        }

        private InvalidRecordException contradicts(ImageBatch batch, String what) {
            return new InvalidRecordException("ImageBatch " + RecordChecks.batchKey(batch) + ": " + what
                    + " contradicts the data set's descriptor.");
        }

        synchronized boolean isComplete() {
            return parts.values().stream().allMatch(part -> part.batches.cardinality() == part.expected);
        }

        synchronized Dataset dataset() {
            return new Dataset(descriptor, images(Split.TRAIN), images(Split.TEST));
        }

        private LabelledImages images(Split split) {
            Part part = parts.get(split);
            return new LabelledImages(shape(), descriptor.getClasses().size(), part.pixels, part.labels);
        }
    }

    @Override
    public void close() {
        reader.close();
    }
}
