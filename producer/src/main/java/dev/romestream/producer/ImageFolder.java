package dev.romestream.producer;

import dev.romestream.schemas.DatasetSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Image files under {@code train/<class>/} and {@code test/<class>/} (or {@code val/}), at any depth; classes in alphabetical
 * order. Hidden files and those that are no images are passed over.
 */
final class ImageFolder {
    private static final Logger log = LoggerFactory.getLogger(ImageFolder.class);
    private static final Set<String> ENDINGS = Set.of("png", "jpg", "jpeg", "bmp", "gif", "tif", "tiff", "webp");
    /** What stands for a letter that is none in the locale of the process. */
    private static final char UNREADABLE = '\uFFFD';

    private static final List<String> TEST_NAMES = List.of("test", "val", "valid");

    private final String name;
    private final Path directory;
    private final Optional<Integer> resize;
    private final List<Path> passedOver = new ArrayList<>();

    private ImageFolder(String name, Path directory, Optional<Integer> resize) {
        this.name = name;
        this.directory = directory;
        this.resize = resize;
    }

    /**
     * Reads a folder.
     *
     * @param spec with the size and the order of labels that are wanted
     * @throws SourceException where it is no such folder, or its images are of several sizes
     */
    static ImageDataset read(DatasetSpec spec, Path directory) {
        ImageDataset sorted = new ImageFolder(spec.getName(), directory, Optional.ofNullable(spec.getResize())).read();
        return new LabelOrder(sorted, sorted.classes()).withNumeric().in(spec.getOrder());
    }

    /**
     * Reads a folder that has its classes' folders itself, into the training split of a data set.
     *
     * @throws SourceException as {@link #read}
     */
    static ImageDataset readClasses(Path directory) {
        ImageFolder folder = new ImageFolder(String.valueOf(directory.getFileName()), directory, Optional.empty());
        Map<String, List<Path>> classes = folder.classes(directory);
        if (classes.size() < 2) {
            throw new SourceException(directory + " has " + classes.size()
                    + " class folders with images; at least two are needed, as <class>/<image>.");
        }
        folder.tellPassedOver();
        List<String> names = List.copyOf(classes.keySet());
        return new ImageFiles(folder.name, directory, folder.resize).read(names, names, classes, Map.of());
    }

    private ImageDataset read() {
        Map<String, List<Path>> train = classes(directory.resolve("train"));
        if (train.size() < 2) {
            throw new SourceException(directory.resolve("train") + " has " + train.size()
                    + " class folders with images; at least two are needed. An image folder has train/<class>/ and"
                    + " test/<class>/.");
        }
        Path testDirectory = TEST_NAMES.stream()
                .map(directory::resolve)
                .filter(Files::isDirectory)
                .findFirst()
                .orElseThrow(() -> new SourceException(directory
                        + " has no folder test (or val); an image folder has train/<class>/ and test/<class>/."));
        Map<String, List<Path>> test = classes(testDirectory);
        List<String> unknown = test.keySet().stream()
                .filter(found -> !train.containsKey(found))
                .toList();
        if (!unknown.isEmpty()) {
            throw new SourceException(testDirectory + " has the classes " + unknown + ", which "
                    + directory.resolve("train") + " lacks; remove them, or give images to train on.");
        }
        List<String> names = List.copyOf(train.keySet());
        names.stream()
                .filter(wanted -> !test.containsKey(wanted))
                .forEach(missing -> log.warn("{} has no images of the class {}", testDirectory, missing));
        tellPassedOver();
        return new ImageFiles(name, directory, resize).read(names, names, train, test);
    }

    private void tellPassedOver() {
        if (!passedOver.isEmpty()) {
            log.warn(
                    "{}: passed over {} files or folders that are hidden, empty or no images, such as {}",
                    directory,
                    passedOver.size(),
                    passedOver.get(0));
        }
    }

    /** Image files by class; none for classes without. */
    private Map<String, List<Path>> classes(Path split) {
        Map<String, List<Path>> classes = new LinkedHashMap<>();
        for (Path folder : list(split)) {
            if (isHidden(folder) || !Files.isDirectory(folder)) {
                passedOver.add(folder);
                continue;
            }
            List<Path> files = files(folder);
            if (files.isEmpty()) {
                passedOver.add(folder);
            } else {
                classes.put(className(folder), files);
            }
        }
        return classes;
    }

    /** Letters that the process cannot read all look alike, and so would classes. */
    private static String className(Path folder) {
        String name = folder.getFileName().toString();
        if (name.indexOf(UNREADABLE) >= 0) {
            throw new SourceException(
                    "The folder " + folder + " has letters in its name that cannot be read in the locale of"
                            + " this process (" + System.getProperty("sun.jnu.encoding")
                            + "). Start it with LC_ALL=C.UTF-8, or rename the folder.");
        }
        return name;
    }

    private List<Path> files(Path folder) {
        try (Stream<Path> found = Files.walk(folder, FileVisitOption.FOLLOW_LINKS)) {
            List<Path> files = new ArrayList<>();
            for (Path file : found.filter(Files::isRegularFile).sorted().toList()) {
                boolean hidden = false;
                for (Path part : folder.relativize(file)) {
                    hidden |= isHidden(part);
                }
                if (hidden || !ENDINGS.contains(ending(file))) {
                    passedOver.add(file);
                } else {
                    files.add(file);
                }
            }
            return files;
        } catch (IOException | UncheckedIOException e) {
            throw new SourceException("Cannot read the folder " + folder + ": " + e.getMessage(), e);
        }
    }

    private static boolean isHidden(Path path) {
        String name = path.getFileName().toString();
        return name.startsWith(".") || name.startsWith("__MACOSX") || name.equalsIgnoreCase("Thumbs.db");
    }

    private static String ending(Path file) {
        String name = file.getFileName().toString();
        return name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
    }

    private static List<Path> list(Path directory) {
        try (Stream<Path> entries = Files.list(directory)) {
            return entries.sorted().toList();
        } catch (IOException e) {
            throw new SourceException(
                    "Cannot read the folder " + directory + "; an image folder has train/<class>/ and test/<class>/.",
                    e);
        }
    }
}
