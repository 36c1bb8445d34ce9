package dev.romestream.producer;

import dev.romestream.experiments.DatasetIds;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.config.Settings;
import dev.romestream.messaging.failure.Backoff;
import dev.romestream.schemas.DatasetSpec;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.apache.kafka.common.KafkaException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Data sets by their specification. */
final class Sources {
    private static final List<String> NAMES = List.of(
            Shapes10.NAME,
            "cifar10",
            "cifar100",
            "folder",
            "mnist",
            "fashion-mnist",
            "tiny-imagenet",
            DatasetIds.TOPIC);
    private static final Set<String> RESIZED = Set.of("folder", "tiny-imagenet", DatasetIds.TOPIC);
    /** Those whose classes are folders, which tools number in several ways. */
    private static final Set<String> ORDERED = Set.of("folder", "tiny-imagenet");

    private static final Duration FOR_EVER = Duration.ofMillis(-1);
    private static final Logger log = LoggerFactory.getLogger(Sources.class);

    private final RomeConfig config;
    private final Path directory;
    private final BooleanSupplier cancelled;

    /** @param cancelled ends what takes long */
    Sources(RomeConfig config, BooleanSupplier cancelled) {
        this.config = config;
        String path = config.string(Settings.DATA_DIR);
        this.directory = path.isBlank() ? null : Path.of(path);
        this.cancelled = cancelled;
    }

    /**
     * Reads a data set.
     *
     * @param tell is told what takes long
     * @throws SourceException where the name is unknown or the files are not there, or not to be read
     */
    ImageDataset load(DatasetSpec spec, Consumer<String> tell) {
        try {
            return read(spec, tell);
        } catch (SourceException | KafkaException | CancellationException e) {
            throw e;
        } catch (RuntimeException e) {
            log.error("The data set {} cannot be read", spec.getName(), e);
            throw new SourceException("The data set " + spec.getName() + " cannot be read: " + e, e);
        }
    }

    private ImageDataset read(DatasetSpec spec, Consumer<String> tell) {
        if (spec.getImages() != null && !spec.getName().equals(DatasetIds.TOPIC)) {
            throw new SourceException("dataset.images is of a topic, and has no use with " + spec.getName()
                    + "; evaluation.images takes a share of the test images.");
        }
        if (spec.getResize() != null && !RESIZED.contains(spec.getName())) {
            throw new SourceException(
                    "dataset.resize has no use with " + spec.getName() + ", whose images are all of one size.");
        }
        if (!spec.getOrder().isEmpty() && !ORDERED.contains(spec.getName())) {
            throw new SourceException("dataset.order (--labels-order) has no use with " + spec.getName()
                    + ", whose labels are those of its official files.");
        }
        return switch (spec.getName()) {
            case Shapes10.NAME -> Shapes10.generate();
            case "cifar10" -> Cifar.ten(official(spec, tell));
            case "cifar100" -> Cifar.hundred(official(spec, tell));
            case "folder" -> ImageFolder.read(spec, files(spec));
            case DatasetIds.TOPIC ->
                Backoff.await(
                        config.outages(), "the brokers", FOR_EVER, () -> new TopicImages(config, spec, tell, cancelled)
                                .read());
            case "tiny-imagenet" -> TinyImageNet.read(spec, TinyImageNet.find(files(spec)));
            case "mnist" -> Idx.mnist(official(spec, tell));
            case "fashion-mnist" -> Idx.fashionMnist(official(spec, tell));
            default ->
                throw new SourceException(
                        "dataset.name is '" + spec.getName() + "'; known are " + String.join(", ", NAMES) + ".");
        };
    }

    /** The folder with a data set's official files; they are fetched where that is wanted. */
    private Path official(DatasetSpec spec, Consumer<String> tell) {
        Path path = files(spec);
        OfficialFiles known = OfficialFiles.BY_NAME.get(spec.getName());
        Optional<Path> found = known.find(path);
        if (found.isEmpty() && config.flag(Settings.DATA_DOWNLOAD)) {
            return known.fetch(path, tell, cancelled);
        }
        return found.orElseThrow(() -> new SourceException(path + " has not the files of " + spec.getName()
                + ", nor has a folder " + String.join(" or ", known.folders())
                + " below it. Give the directory with the official files as data.dir (--data), or have them fetched there"
                + " (data.download=true)."));
    }

    private Path files(DatasetSpec spec) {
        if (directory == null) {
            throw new SourceException("The data set " + spec.getName()
                    + " is read from files, and no directory is configured; give it as data.dir (--data DIR).");
        }
        if (spec.getPath() == null) {
            return directory;
        }
        Path files = directory.resolve(spec.getPath()).normalize();
        if (!files.startsWith(directory.normalize())) {
            throw new SourceException("dataset.path is '" + spec.getPath() + "', which leads out of the directory "
                    + directory + " (data.dir); give a path below it.");
        }
        return files;
    }
}
