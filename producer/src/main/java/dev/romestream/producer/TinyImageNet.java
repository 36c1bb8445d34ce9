package dev.romestream.producer;

import dev.romestream.schemas.DatasetSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Tiny ImageNet (CS231n 2015) as it comes out of its archive: {@code wnids.txt}, {@code words.txt},
 * {@code train/<wnid>/images/*.JPEG}, labelled in the order of these folders' names, and {@code val/images/*.JPEG} with their classes in {@code val/val_annotations.txt}. The
 * validation images are the test split, because the official test images have no labels.
 */
final class TinyImageNet {
    private TinyImageNet() {}

    /** The folder itself, or the archive's below it. */
    static Path find(Path path) {
        return Stream.of(path, path.resolve("tiny-imagenet-200"))
                .filter(folder -> Files.exists(folder.resolve("wnids.txt")))
                .findFirst()
                .orElse(path);
    }

    static ImageDataset read(DatasetSpec spec, Path directory) {
        List<String> listed = lines(directory.resolve("wnids.txt"));
        if (listed.size() < 2) {
            throw new SourceException(
                    directory.resolve("wnids.txt") + " names " + listed.size() + " classes; at least two are needed.");
        }
        List<String> ids = listed.stream().sorted().toList();
        Map<String, List<Path>> train = new LinkedHashMap<>();
        ids.forEach(id ->
                train.put(id, images(directory.resolve("train").resolve(id).resolve("images"))));
        Map<String, List<Path>> test = new LinkedHashMap<>();
        Path validation = directory.resolve("val");
        for (String line : lines(validation.resolve("val_annotations.txt"))) {
            String[] fields = line.split("\t");
            if (fields.length < 2 || !train.containsKey(fields[1])) {
                throw new SourceException(validation.resolve("val_annotations.txt") + " has the line '" + line
                        + "', which is no image's name and the id of a class in wnids.txt.");
            }
            test.computeIfAbsent(fields[1], any -> new ArrayList<>())
                    .add(validation.resolve("images").resolve(Path.of(fields[0]).getFileName()));
        }
        ImageDataset sorted = new ImageFiles("tiny-imagenet", directory, Optional.ofNullable(spec.getResize()))
                .read(ids, names(directory, ids), train, test);
        return new LabelOrder(sorted, ids).with("wnids", listed).in(spec.getOrder());
    }

    private static List<Path> images(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            List<Path> images = files.filter(file -> file.toString().endsWith(".JPEG"))
                    .sorted()
                    .toList();
            if (images.isEmpty()) {
                throw new SourceException(folder + " holds no .JPEG files.");
            }
            return images;
        } catch (IOException e) {
            throw unreadable(folder, e);
        }
    }

    /** The first word of each class; its id where {@code words.txt} has none. */
    private static List<String> names(Path directory, List<String> ids) {
        Path file = directory.resolve("words.txt");
        Map<String, String> words = new HashMap<>();
        if (Files.exists(file)) {
            lines(file).stream()
                    .map(line -> line.split("\t"))
                    .filter(fields -> fields.length > 1)
                    .forEach(fields -> words.put(fields[0], fields[1].split(",")[0].strip()));
        }
        List<String> names = ids.stream().map(id -> words.getOrDefault(id, id)).toList();
        // what several classes are called says nothing
        return IntStream.range(0, ids.size())
                .mapToObj(i -> Collections.frequency(names, names.get(i)) == 1
                        ? names.get(i)
                        : names.get(i) + " (" + ids.get(i) + ")")
                .toList();
    }

    private static List<String> lines(Path file) {
        try (Stream<String> lines = Files.lines(file)) {
            return lines.filter(line -> !line.isBlank()).toList();
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    private static SourceException unreadable(Path path, IOException e) {
        return new SourceException(
                "Cannot read " + path
                        + "; give the directory tiny-imagenet-200 of the archive, or the one it is in, as data.dir (--data).",
                e);
    }
}
