package dev.romestream.standalone.benchmark;

import dev.romestream.client.experiment.ExperimentFile;
import dev.romestream.client.result.MetricsFile;
import dev.romestream.client.result.Results;
import dev.romestream.client.result.WholeFile;
import dev.romestream.schemas.Experiment;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What is kept of a benchmark: a folder for each experiment that has ended, as {@code rome run --out} writes it, and
 * {@code results.csv} with their figures. The file is enough: an experiment whose folder is gone counts as measured by it.
 */
public final class BenchmarkFolder {
    private static final String CSV = "results.csv";
    private static final String PAGE = "results.md";
    private static final String LEADERBOARD = "leaderboard.html";
    private static final String METRICS = "metrics.json";
    private static final String FAILURE = "failure.txt";

    private final Path directory;
    private final Map<String, List<BenchmarkRow>> earlier;

    /**
     * The folder.
     *
     * @throws IllegalArgumentException if it has a {@code results.csv} that is none
     */
    public BenchmarkFolder(Path directory) {
        this.directory = directory;
        Path file = directory.resolve(CSV);
        this.earlier = Files.isRegularFile(file)
                ? BenchmarkRow.parse(read(file)).stream()
                        .collect(Collectors.groupingBy(
                                BenchmarkRow::experiment, LinkedHashMap::new, Collectors.toList()))
                : Map.of();
    }

    public Path directory() {
        return directory;
    }

    /** Whether the experiment has been measured. */
    public boolean isMeasured(Experiment experiment) {
        return hasMetrics(experiment.getId()) || earlier.containsKey(experiment.getId());
    }

    /** The experiments other than these whose figures are in {@code results.csv} alone. */
    public List<String> inCsvAlone(Collection<Experiment> besides) {
        Set<String> known = besides.stream().map(Experiment::getId).collect(Collectors.toSet());
        return earlier.keySet().stream()
                .filter(id -> !known.contains(id) && !hasMetrics(id))
                .toList();
    }

    /**
     * The victims of an experiment; none, if it has not been measured.
     *
     * @param gradients that its set cost, asked of what {@code results.csv} does not know
     */
    List<BenchmarkRow> rows(Experiment experiment, LongSupplier gradients) {
        return hasMetrics(experiment.getId())
                ? BenchmarkRow.of(
                        experiment, MetricsFile.read(of(experiment.getId()).resolve(METRICS)), gradients.getAsLong())
                : earlier.getOrDefault(experiment.getId(), List.of());
    }

    private boolean hasMetrics(String experiment) {
        return Files.isRegularFile(of(experiment).resolve(METRICS));
    }

    private Path of(String experiment) {
        return directory.resolve("experiments").resolve(experiment);
    }

    /** Why the experiment failed when it was last tried, if it did. */
    public Optional<String> failure(Experiment experiment) {
        Path file = of(experiment.getId()).resolve(FAILURE);
        return Files.isRegularFile(file) ? Optional.of(read(file).strip()) : Optional.empty();
    }

    /** Keeps what an experiment gave: all of it, or nothing. */
    public void keep(Results results, Experiment experiment) {
        replace(experiment, folder -> results.write(folder, List.of(experiment)));
    }

    /** Notes that an experiment failed; it is tried again by whoever asks only for what has been measured. */
    public void keepFailure(Experiment experiment, String failure) {
        replace(experiment, folder -> {
            WholeFile.write(folder.resolve("experiment.yaml"), ExperimentFile.write(experiment));
            WholeFile.write(folder.resolve(FAILURE), failure + "\n");
        });
    }

    /** Writes {@code results.csv}, and the pages that follow from it. */
    void write(String csv, String page, String leaderboard) {
        write(Path.of(CSV), csv);
        write(Path.of(PAGE), page);
        write(Path.of(LEADERBOARD), leaderboard);
    }

    private void write(Path file, String text) {
        try {
            Files.createDirectories(directory);
            WholeFile.write(directory.resolve(file), text);
        } catch (IOException e) {
            throw cannotWrite(e);
        }
    }

    private interface Writer {
        void write(Path folder) throws IOException;
    }

    private void replace(Experiment experiment, Writer writer) {
        Path folder = of(experiment.getId());
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
