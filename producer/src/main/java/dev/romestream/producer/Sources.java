package dev.romestream.producer;

import dev.romestream.schemas.DatasetSpec;
import java.nio.file.Path;

/** Data sets by their specification. */
final class Sources {
    private final Path directory;

    /** @param directory with the image files; empty where none was configured */
    Sources(String directory) {
        this.directory = directory.isBlank() ? null : Path.of(directory);
    }

    /** @throws SourceException where the name is unknown or the files are not there */
    ImageDataset load(DatasetSpec spec) {
        return switch (spec.getName()) {
            case Shapes10.NAME -> Shapes10.generate();
            case "cifar10" -> Cifar.ten(files(spec));
            case "cifar100" -> Cifar.hundred(files(spec));
            case "folder" -> ImageFolder.read(spec.getName(), files(spec));
            default ->
                throw new SourceException(
                        "dataset.name is '" + spec.getName() + "'; known are shapes10, cifar10, cifar100 and folder.");
        };
    }

    private Path files(DatasetSpec spec) {
        if (directory == null) {
            throw new SourceException("The data set " + spec.getName()
                    + " is read from files, and no directory is configured; give it as data.dir (--data DIR).");
        }
        return spec.getPath() == null ? directory : directory.resolve(spec.getPath());
    }
}
