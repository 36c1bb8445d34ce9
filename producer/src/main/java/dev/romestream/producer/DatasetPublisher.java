package dev.romestream.producer;

import dev.romestream.messaging.topic.RecordSender;
import dev.romestream.schemas.DType;
import dev.romestream.schemas.DatasetDescriptor;
import dev.romestream.schemas.ImageBatch;
import dev.romestream.schemas.RecordChecks;
import dev.romestream.schemas.Split;
import dev.romestream.schemas.Tensor;
import dev.romestream.schemas.Topic;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;

/** Writes a data set to its topics: every batch under its own key, and then the descriptor, so that whoever has it has all. */
final class DatasetPublisher {
    private final RecordSender sender;
    private final int batchSize;
    private final int imagesPerSecond;
    private final BooleanSupplier cancelled;

    /** @param imagesPerSecond 0 for no limit */
    DatasetPublisher(RecordSender sender, int batchSize, int imagesPerSecond, BooleanSupplier cancelled) {
        this.sender = sender;
        this.batchSize = batchSize;
        this.imagesPerSecond = imagesPerSecond;
        this.cancelled = cancelled;
    }

    /** @param progress receives the number of images written */
    void publish(String id, ImageDataset dataset, IntConsumer progress) {
        sender.send(Topic.DATASETS, id, images(id, dataset, progress));
        sender.flush();
    }

    /**
     * Writes the images alone, and returns the descriptor that is to follow.
     *
     * @throws CancellationException where the writing was cancelled
     */
    DatasetDescriptor images(String id, ImageDataset dataset, IntConsumer progress) {
        int size = batchImages(dataset);
        DatasetDescriptor descriptor = descriptor(id, dataset, size);
        long start = System.nanoTime();
        int written = 0;
        for (Split split : Split.values()) {
            ImageDataset.Images images = split == Split.TRAIN ? dataset.train() : dataset.test();
            for (int index = 0; index < batches(images, size); index++) {
                ImageBatch batch = batch(descriptor, dataset, images, split, index, size);
                sender.send(Topic.IMAGE_BATCHES, RecordChecks.batchKey(batch), batch);
                written += batch.getLabels().size();
                progress.accept(written);
                pace(start, written);
                if (cancelled.getAsBoolean()) {
                    throw new CancellationException("the producer is closing");
                }
            }
        }
        sender.flush();
        return descriptor;
    }

    /** The keys of a data set's batches. */
    static Set<String> keys(DatasetDescriptor descriptor) {
        Set<String> keys = new HashSet<>();
        for (Split split : Split.values()) {
            int batches = split == Split.TRAIN ? descriptor.getTrainBatches() : descriptor.getTestBatches();
            for (int index = 0; index < batches; index++) {
                keys.add(RecordChecks.batchKey(descriptor.getId(), descriptor.getFingerprint(), split, index));
            }
        }
        return keys;
    }

    /** What a data set is, in batches of so many images. */
    static DatasetDescriptor descriptor(String id, ImageDataset dataset, int size) {
        return DatasetDescriptor.newBuilder()
                .setId(id)
                .setName(dataset.name())
                .setFingerprint(dataset.fingerprint())
                .setClasses(dataset.classes())
                .setOrders(dataset.orders())
                .setShape(List.of(dataset.channels(), dataset.height(), dataset.width()))
                .setMean(dataset.mean())
                .setStd(dataset.std())
                .setTrainImages(dataset.train().count())
                .setTrainBatches(batches(dataset.train(), size))
                .setTestImages(dataset.test().count())
                .setTestBatches(batches(dataset.test(), size))
                .setTestLabels(
                        dataset.classes().isEmpty()
                                ? List.of()
                                : IntStream.of(dataset.test().labels()).boxed().toList())
                .build();
    }

    /** As many images as configured, but no more than fit into a record. */
    private int batchImages(ImageDataset dataset) {
        int imageBytes = dataset.channels() * dataset.height() * dataset.width();
        return Math.max(1, Math.min(batchSize, Topic.MAX_RECORD_BYTES / 2 / imageBytes));
    }

    private static int batches(ImageDataset.Images images, int size) {
        return (images.count() + size - 1) / size;
    }

    private static ImageBatch batch(
            DatasetDescriptor descriptor,
            ImageDataset dataset,
            ImageDataset.Images images,
            Split split,
            int index,
            int size) {
        int from = index * size;
        int to = Math.min(images.count(), from + size);
        int imageBytes = dataset.channels() * dataset.height() * dataset.width();
        ByteBuffer pixels = ByteBuffer.wrap(images.pixels(), from * imageBytes, (to - from) * imageBytes)
                .slice();
        List<Integer> shape = List.of(to - from, dataset.channels(), dataset.height(), dataset.width());
        return new ImageBatch(
                descriptor.getId(),
                descriptor.getFingerprint(),
                split,
                index,
                new Tensor(shape, DType.UINT8, pixels),
                IntStream.range(from, to).map(i -> images.labels()[i]).boxed().toList(),
                IntStream.range(from, to).boxed().toList(),
                images.keys().isEmpty() ? List.of() : images.keys().subList(from, to));
    }

    private void pace(long start, int written) {
        if (imagesPerSecond > 0) {
            long due = start + (long) (1e9 * written / imagesPerSecond);
            while (!cancelled.getAsBoolean() && System.nanoTime() < due) {
                LockSupport.parkNanos(Math.min(due - System.nanoTime(), 100_000_000));
            }
        }
    }
}
