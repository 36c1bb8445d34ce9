package dev.romestream.producer;

import dev.romestream.schemas.DatasetSpec;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Data sets by their specification. */
final class Sources {
    private static final List<String> NAMES =
            List.of(Shapes10.NAME, "cifar10", "cifar100", "folder", "mnist", "fashion-mnist", "tiny-imagenet");
    private static final Logger log = LoggerFactory.getLogger(Sources.class);

    private final Path directory;

    /** @param directory with the image files; empty where none was configured */
    Sources(String directory) {
        this.directory = directory.isBlank() ? null : Path.of(directory);
    }

    /** @throws SourceException where the name is unknown or the files are not there, or not to be read */
    ImageDataset load(DatasetSpec spec) {
        try {
            return read(spec);
        } catch (SourceException e) {
            throw e;
        } catch (RuntimeException e) {
            log.error("The data set {} cannot be read", spec.getName(), e);
            throw new SourceException("The data set " + spec.getName() + " cannot be read: " + e, e);
        }
    }

    private ImageDataset read(DatasetSpec spec) {
        return switch (spec.getName()) {
            case Shapes10.NAME -> Shapes10.generate();
            case "cifar10" -> Cifar.ten(files(spec));
            case "cifar100" -> Cifar.hundred(files(spec));
            case "folder" -> ImageFolder.read(spec.getName(), files(spec), Optional.ofNullable(spec.getResize()));
            case "tiny-imagenet" -> TinyImageNet.read(files(spec), Optional.ofNullable(spec.getResize()));
            case "mnist" -> Idx.mnist(files(spec));
            case "fashion-mnist" -> Idx.fashionMnist(files(spec));
            default ->
                throw new SourceException(
                        "dataset.name is '" + spec.getName() + "'; known are " + String.join(", ", NAMES) + ".");
        };
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
