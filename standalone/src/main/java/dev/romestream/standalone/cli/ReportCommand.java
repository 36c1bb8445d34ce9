package dev.romestream.standalone.cli;

import dev.romestream.client.report.ReportPage;
import dev.romestream.client.result.Results;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.schemas.Experiment;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code rome report ID... --out DIR}. */
@Command(
        name = "report",
        description =
                "Writes report.html, one file to send around: figures, charts, images and files of experiments side by side,"
                        + " as the topics hold them. (run --out and export write it, too.)",
        mixinStandardHelpOptions = true)
final class ReportCommand implements Runnable {
    @Parameters(
            paramLabel = "ID",
            arity = "1..*",
            description = "Ids of experiments, as submit prints them; differences are to the first.")
    private List<String> ids;

    @Option(names = "--out", paramLabel = "DIR", required = true, description = "Where to write.")
    private Path out;

    @Mixin
    private ClusterOptions cluster;

    @Override
    public void run() {
        cluster.refuseExperimentKeys();
        RomeConfig config = cluster.existingCluster();
        List<Experiment> experiments =
                ids.stream().map(id -> ExperimentLookup.find(config, id)).toList();
        Path file = out.resolve("report.html");
        try (Results results = new Results(config)) {
            Files.createDirectories(out);
            ReportPage.write(file, results, experiments);
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot write " + file + ": " + e.getMessage(), e);
        }
        System.out.println(file);
    }
}
