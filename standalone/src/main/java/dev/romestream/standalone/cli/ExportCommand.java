package dev.romestream.standalone.cli;

import dev.romestream.client.result.Results;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.schemas.Experiment;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code rome export ID --out DIR}. */
@Command(
        name = "export",
        description = "Writes what the topics hold of an experiment: metrics, newest images, the file as run.",
        mixinStandardHelpOptions = true)
final class ExportCommand implements Runnable {
    @Parameters(paramLabel = "ID", description = "The experiment's id, as submit prints it.")
    private String id;

    @Option(names = "--out", paramLabel = "DIR", required = true, description = "Where to write.")
    private Path out;

    @Mixin
    private ClusterOptions cluster;

    @Override
    public void run() {
        cluster.refuseExperimentKeys();
        RomeConfig config = cluster.existingCluster();
        Experiment experiment = ExperimentLookup.find(config, id);
        try (Results results = new Results(config)) {
            ExperimentRunner.write(results, out, List.of(experiment));
        }
    }
}
