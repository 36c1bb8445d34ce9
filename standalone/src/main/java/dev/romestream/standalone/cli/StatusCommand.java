package dev.romestream.standalone.cli;

import dev.romestream.client.result.Results;
import dev.romestream.client.table.Comparison;
import dev.romestream.client.table.TableText;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.schemas.AlertState;
import dev.romestream.schemas.RobustnessMetrics;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code rome status ID}. */
@Command(
        name = "status",
        description = "Shows what an experiment is doing, its metrics so far and its alerts; rome watch follows it.",
        mixinStandardHelpOptions = true)
final class StatusCommand implements Runnable {
    @Parameters(paramLabel = "ID", description = "The experiment's id, as list prints it.")
    private String id;

    @Mixin
    private ClusterOptions cluster;

    @Override
    public void run() {
        cluster.refuseExperimentKeys();
        RomeConfig config = cluster.existingCluster();
        ExperimentProgress progress = ExperimentProgress.all(config).stream()
                .filter(one -> one.experiment().getId().equals(id))
                .findFirst()
                .orElseThrow(() -> ExperimentLookup.missing(config, id));
        print(
                "experiment",
                id + ", " + progress.phase().name().toLowerCase(Locale.ROOT) + ", run "
                        + progress.experiment().getRun());
        print(
                "method",
                progress.method() + " on " + progress.dataset() + ", seed "
                        + progress.experiment().getSeed());
        progress.statuses().forEach(status -> print(status.getService(), Monitor.words(status)));
        try (Results results = new Results(config)) {
            results.alerts(id).stream()
                    .filter(alert -> alert.getState() == AlertState.RAISED)
                    .forEach(alert -> System.out.println(Printable.line(AlertFollower.line(alert))));
            List<RobustnessMetrics> metrics = Comparison.newest(results.metrics(id), false);
            Comparison.tables(
                            "experiment",
                            Comparison.byArchitecture(progress.experiment().getName(), metrics))
                    .forEach(table -> System.out.print("\n" + Printable.lines(TableText.terminal(table))));
        }
    }

    private static void print(String what, String words) {
        System.out.println(Printable.line("%-14s  %s".formatted(what, words)));
    }
}
