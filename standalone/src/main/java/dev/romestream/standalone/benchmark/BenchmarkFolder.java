package dev.romestream.standalone.benchmark;

import dev.romestream.client.experiment.ExperimentFile;
import dev.romestream.client.result.Results;
import dev.romestream.schemas.Experiment;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** What is kept of a benchmark: a folder for each experiment that has ended, as {@code rome run --out} writes it. */
public final class BenchmarkFolder {
    private static final String METRICS = "metrics.json";
    private static final String FAILURE = "failure.txt";

    private final Path directory;

    public BenchmarkFolder(Path directory) {
        this.directory = directory;
    }

    public Path directory() {
        return directory;
    }

    /** Where the results of an experiment are. */
    public Path of(Experiment experiment) {
        return directory.resolve("experiments").resolve(experiment.getId());
    }

    /** Whether the experiment has been measured. */
    public boolean isMeasured(Experiment experiment) {
        return Files.isRegularFile(of(experiment).resolve(METRICS));
    }

    /** The metrics records of an experiment that has been measured, as JSON. */
    public String metrics(Experiment experiment) {
        return read(of(experiment).resolve(METRICS));
    }

    /** Why the experiment failed when it was last tried, if it did. */
    public Optional<String> failure(Experiment experiment) {
        Path file = of(experiment).resolve(FAILURE);
        return Files.isRegularFile(file) ? Optional.of(read(file).strip()) : Optional.empty();
    }

    /** Keeps what an experiment gave: all of it, or nothing. */
    public void keep(Results results, Experiment experiment) {
        replace(experiment, folder -> results.write(folder, List.of(experiment)));
    }

    /** Notes that an experiment failed; it is tried again by whoever asks only for what has been measured. */
    public void keepFailure(Experiment experiment, String failure) {
        replace(experiment, folder -> {
            Files.writeString(folder.resolve("experiment.yaml"), ExperimentFile.write(experiment));
            Files.writeString(folder.resolve(FAILURE), failure + "\n");
        });
    }

    /** Writes a file beside the experiments' folders. */
    public void write(String file, String text) {
        try {
            Files.createDirectories(directory);
            Files.writeString(directory.resolve(file), text);
        } catch (IOException e) {
            throw cannotWrite(e);
        }
    }

    private interface Writer {
        void write(Path folder) throws IOException;
    }

    private void replace(Experiment experiment, Writer writer) {
        Path folder = of(experiment);
        Path unfinished = folder.resolveSibling("unfinished-" + experiment.getId());
        try {
            remove(unfinished);
            Files.createDirectories(unfinished);
            writer.write(unfinished);
            remove(folder);
            Files.move(unfinished, folder, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw cannotWrite(e);
        }
    }

    private static void remove(Path folder) throws IOException {
        if (Files.exists(folder)) {
            try (Stream<Path> files = Files.walk(folder)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot read " + file + ": " + e.getMessage(), e);
        }
    }

    private UncheckedIOException cannotWrite(IOException e) {
        return new UncheckedIOException("Cannot write the results to " + directory + ": " + e.getMessage(), e);
    }
}
