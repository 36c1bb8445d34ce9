package dev.romestream.standalone.cli;

import dev.romestream.client.experiment.ExperimentFile;
import dev.romestream.schemas.Experiment;
import dev.romestream.standalone.benchmark.BenchmarkFolder;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
            description = "Where each experiment's results are kept, and results.csv and results.md are written.")
    private Path out;

    @Option(
            names = "--at-once",
            paramLabel = "N",
            defaultValue = "6",
            description = "Experiments that are under way at a time (default: ${DEFAULT-VALUE}).")
    private int atOnce;

    @Mixin
    private ClusterOptions cluster;

    @Override
    public void run() {
        if (atOnce < 1) {
            throw new UsageException("--at-once is " + atOnce + "; the least is 1.");
        }
        Map<String, Experiment> experiments = new LinkedHashMap<>();
        ExperimentFile.read(file, cluster.experimentKeys(), List.of())
                .forEach(experiment -> experiments.putIfAbsent(experiment.getId(), experiment));
        if (experiments.values().stream().anyMatch(experiment -> experiment.getDistillation() == null)) {
            throw new UsageException("A benchmark compares distilled sets, and the file has an experiment without a"
                    + " 'distillation'.");
        }
        BenchmarkFolder folder = new BenchmarkFolder(out);
        List<Experiment> missing = experiments.values().stream()
                .filter(experiment -> !folder.isMeasured(experiment))
                .toList();
        System.err.printf(
                "%d experiments, of which %d are measured already.%n",
                experiments.size(), experiments.size() - missing.size());
        if (!missing.isEmpty()) {
            ExperimentRunner.withServices(
                    cluster, data, (config, trouble) -> new BenchmarkRunner(config, folder, missing, atOnce)
                            .run(trouble));
        }
    }
}
