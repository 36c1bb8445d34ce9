package dev.romestream.standalone.network;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** The networks in a folder, reported when they come or change: once a file is the same at two looks, and not while it is written. */
public final class ModelFolder {
    /** Between two looks. */
    public static final long INTERVAL_MS = 1000;

    private final Path directory;
    private final Map<Path, State> seen = new HashMap<>();
    private final Map<Path, State> reported = new HashMap<>();

    private record State(long size, FileTime changed) {}

    public ModelFolder(Path directory) {
        this.directory = directory;
    }

    /**
     * The files that are new or changed since they were last reported.
     *
     * @throws UncheckedIOException where the folder is away; another look may find it
     */
    public List<Path> settled() {
        List<Path> settled = new ArrayList<>();
        for (Path file : files()) {
            State now;
            try {
                now = new State(Files.size(file), Files.getLastModifiedTime(file));
            } catch (NoSuchFileException e) {
                continue; // gone since the look
            } catch (IOException e) {
                throw new UncheckedIOException("Cannot look at " + file + ": " + e.getMessage(), e);
            }
            if (now.equals(seen.put(file, now)) && !now.equals(reported.put(file, now))) {
                settled.add(file);
            }
        }
        return settled;
    }

    /** Whether every file that was seen has been reported. */
    public boolean isSettled() {
        return seen.equals(reported);
    }

    private List<Path> files() {
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(file -> ModelFile.ENDINGS.stream()
                            .anyMatch(ending -> file.toString().endsWith(ending)))
                    .filter(Files::isRegularFile)
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "The folder " + directory + " cannot be read; it is looked at again until it can: " + e, e);
        }
    }
}
