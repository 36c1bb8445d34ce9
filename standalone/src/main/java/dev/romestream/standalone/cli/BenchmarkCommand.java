package dev.romestream.standalone.cli;

import dev.romestream.client.experiment.ExperimentFile;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.config.Settings;
import dev.romestream.producer.Datasets;
import dev.romestream.schemas.DatasetDescriptor;
import dev.romestream.schemas.DatasetSpec;
import dev.romestream.schemas.Experiment;
import dev.romestream.standalone.benchmark.Benchmark;
import dev.romestream.standalone.benchmark.BenchmarkFolder;
import dev.romestream.standalone.benchmark.Budget;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code rome benchmark FILE --out DIR}. */
@Command(
        name = "benchmark",
        description = "Measures every experiment of a file, and writes a comparison over its seeds and victims."
                + " What was measured before is not measured again.",
        mixinStandardHelpOptions = true)
final class BenchmarkCommand implements Runnable {
    @Parameters(paramLabel = "FILE", description = "Experiment file (YAML) with sweeps; see docs/results.md.")
    private Path file;

    @Option(names = "--data", paramLabel = "DIR", description = "Directory with the image files.")
    private Path data;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            required = true,
            description =
                    "Where each experiment's results are kept, and results.csv, results.md and leaderboard.html are written.")
    private Path out;

    @Option(
            names = "--at-once",
            paramLabel = "N",
            defaultValue = "6",
            description = "Experiments that are under way at a time (default: ${DEFAULT-VALUE}).")
    private int atOnce;

    @Option(
            names = "--dry-run",
            description =
                    "Prints what there is to do and what it costs, writes the page of what has been measured, and ends.")
    private boolean dryRun;

    @Option(
            names = "--rate",
            paramLabel = "N",
            description = "Gradient evaluations a second to reckon with (default: this machine's, measured).")
    private Double rate;

    @Mixin
    private ClusterOptions cluster;

    @Mixin
    private DashboardOptions dashboard;

    @Override
    public void run() {
        if (atOnce < 1) {
            throw new UsageException("--at-once is " + atOnce + "; the least is 1.");
        }
        if (rate != null && !(rate > 0)) {
            throw new UsageException("--rate is " + rate + "; it must be above 0.");
        }
        Map<String, Experiment> experiments = new LinkedHashMap<>();
        ExperimentFile.read(file, cluster.experimentKeys(), List.of())
                .forEach(experiment -> experiments.putIfAbsent(experiment.getId(), experiment));
        if (experiments.values().stream().anyMatch(experiment -> experiment.getDistillation() == null)) {
            throw new UsageException("A benchmark compares distilled sets, and the file has an experiment without a"
                    + " 'distillation'.");
        }
        BenchmarkFolder folder = folder(experiments.values());
        List<Experiment> missing = experiments.values().stream()
                .filter(experiment -> !folder.isMeasured(experiment))
                .toList();
        System.err.printf(
                "%d experiments, of which %d are measured already.%n",
                experiments.size(), experiments.size() - missing.size());
        DatasetSizes sizes = new DatasetSizes(ExperimentRunner.config(cluster, data));
        missing.stream().findFirst().ifPresent(first -> tellBudget(missing, first, sizes));
        try {
            if (!missing.isEmpty() && !dryRun) {
                ExperimentRunner.withServices(cluster, data, dashboard, (config, trouble) -> new BenchmarkRunner(
                                config, folder, missing, atOnce)
                        .run(trouble));
            }
        } finally {
            report(folder, experiments.values(), sizes);
        }
        List<String> failures = missing.stream()
                .flatMap(experiment -> folder.failure(experiment).stream()
                        .map(failure -> experiment.getName() + " failed: " + failure))
                .toList();
        if (!dryRun && !failures.isEmpty()) {
            throw new FailureException(
                    String.join("\n", failures) + "\nThe same command tries again what has not been measured.");
        }
    }

    private BenchmarkFolder folder(Collection<Experiment> experiments) {
        try {
            BenchmarkFolder folder = new BenchmarkFolder(out);
            List<String> lost = folder.inCsvAlone(experiments);
            if (!lost.isEmpty()) {
                throw new UsageException(
                        "results.csv in %s has figures of %d experiments that are not in %s, %s one of them, and their"
                                        .formatted(out, lost.size(), file, lost.get(0))
                                + " folders are gone; writing it anew would lose them. Move the file, or use another --out.");
            }
            return folder;
        } catch (IllegalArgumentException e) {
            throw new UsageException(out + ": " + e.getMessage() + " Move the file, or use another --out.");
        }
    }

    private void tellBudget(List<Experiment> missing, Experiment first, DatasetSizes sizes) {
        Optional<DatasetDescriptor> dataset = sizes.of(first);
        if (dataset.isEmpty()) {
            System.err.println("What it costs is not known, because "
                    + first.getDataset().getName() + " is not there to be counted.");
            return;
        }
        Budget budget = Budget.of(missing, dataset.get());
        double perSecond = rate == null ? Budget.measuredRate(first, dataset.get(), sizes.device()) : rate;
        System.err.println(budget.describe(perSecond)
                + (rate == null ? " (That is this machine, measured for two seconds; --rate is for another.)" : ""));
    }

    private static void report(BenchmarkFolder folder, Collection<Experiment> experiments, DatasetSizes sizes) {
        if (Benchmark.report(folder, experiments, sizes::of)) {
            System.err.println("Results are in " + folder.directory()
                    + ": leaderboard.html, results.md, and results.csv with a line a victim.");
        }
    }

    /** Descriptions of the experiments' data sets: of their files, or else of the official ones. */
    private static final class DatasetSizes {
        private final RomeConfig config;
        private final Map<DatasetSpec, Optional<DatasetDescriptor>> known = new HashMap<>();

        DatasetSizes(RomeConfig config) {
            this.config = config;
        }

        Optional<DatasetDescriptor> of(Experiment experiment) {
            return known.computeIfAbsent(experiment.getDataset(), spec -> Datasets.known(config, spec));
        }

        String device() {
            return config.string(Settings.ENGINE_DEVICE);
        }
    }
}
