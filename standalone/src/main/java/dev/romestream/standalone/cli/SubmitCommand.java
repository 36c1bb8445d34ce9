package dev.romestream.standalone.cli;

import dev.romestream.client.experiment.ExperimentControl;
import dev.romestream.client.experiment.ExperimentFile;
import dev.romestream.schemas.Experiment;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code rome submit FILE}. */
@Command(
        name = "submit",
        description = "Writes an experiment file's experiments to the experiments topic, and prints their ids.",
        mixinStandardHelpOptions = true)
final class SubmitCommand implements Runnable {
    @Parameters(paramLabel = "FILE", description = "Experiment file (YAML).")
    private Path file;

    @Option(
            names = "--suite",
            paramLabel = "NAME|FILE",
            description =
                    "A built-in suite or a suite file (YAML), in place of the experiment file's; may be given again.")
    private List<String> suites = List.of();

    @Mixin
    private ClusterOptions cluster;

    @Override
    public void run() {
        List<Experiment> experiments = ExperimentFile.read(file, cluster.experimentKeys(), suites);
        ExperimentControl.start(cluster.existingCluster(), experiments);
        experiments.forEach(experiment -> System.out.println(experiment.getId()));
    }
}
