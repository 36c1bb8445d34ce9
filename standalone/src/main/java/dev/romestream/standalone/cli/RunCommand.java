package dev.romestream.standalone.cli;

import dev.romestream.client.experiment.ExperimentFile;
import dev.romestream.schemas.Experiment;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code rome run FILE}. */
@Command(
        name = "run",
        description =
                "Runs an experiment file (or a sweep) to completion, in one process or on a cluster; on a stream, until"
                        + " Ctrl-C.",
        mixinStandardHelpOptions = true)
final class RunCommand implements Runnable {
    @Parameters(paramLabel = "FILE", description = "Experiment file (YAML); see docs/experiments.md.")
    private Path file;

    @Option(names = "--data", paramLabel = "DIR", description = "Directory with the image files.")
    private Path data;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            description = "Where metrics.json, synthetic.npz, synthetic.png and experiment.yaml are written.")
    private Path out;

    @Option(
            names = "--suite",
            paramLabel = "NAME|FILE",
            description =
                    "A built-in suite or a suite file (YAML), in place of the experiment file's; may be given again.")
    private List<String> suites = List.of();

    @Option(
            names = "--windows",
            paramLabel = "N",
            description = "Of an experiment on a stream: end after so many windows. Without it, it runs until Ctrl-C.")
    private Integer windows;

    @Mixin
    private ClusterOptions cluster;

    @Mixin
    private DashboardOptions dashboard;

    @Override
    public void run() {
        List<Experiment> experiments = ExperimentFile.read(file, cluster.experimentKeys(), suites);
        if (experiments.stream().anyMatch(experiment -> experiment.getDistillation() == null)) {
            throw new UsageException(
                    "The experiment file has no 'distillation', so it would wait for networks for ever;"
                            + " use submit, or evaluate and monitor, for networks of your own.");
        }
        boolean stream = experiments.stream()
                .anyMatch(experiment -> experiment.getDataset().getWindow() != null);
        if (windows != null && (!stream || windows < 1)) {
            throw new UsageException("--windows is " + windows
                    + "; it goes with an experiment on a stream (dataset.window), and the least allowed is 1.");
        }
        Optional<Path> results = Optional.ofNullable(out);
        ExperimentRunner.withServices(cluster, data, dashboard, (config, trouble) -> {
            if (stream) {
                ExperimentRunner.runStream(config, experiments, Optional.ofNullable(windows), results, trouble);
            } else {
                ExperimentRunner.run(config, experiments, results, trouble);
            }
        });
    }
}
