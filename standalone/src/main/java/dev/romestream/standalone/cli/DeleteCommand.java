package dev.romestream.standalone.cli;

import dev.romestream.client.experiment.ExperimentControl;
import dev.romestream.client.result.Results;
import dev.romestream.messaging.config.RomeConfig;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code rome delete ID}. */
@Command(
        name = "delete",
        description =
                "Removes an experiment: its plans, victims, checkpoints and statuses, and what is requested for it."
                        + " Its metrics, snapshots and alerts stay, unless --results is given.",
        mixinStandardHelpOptions = true)
final class DeleteCommand implements Runnable {
    @Parameters(paramLabel = "ID", description = "The experiment's id, as submit prints it.")
    private String id;

    @Option(names = "--results", description = "Remove its metrics, snapshots and alerts, too.")
    private boolean results;

    @Option(names = "--yes", description = "Do not ask.")
    private boolean yes;

    @Mixin
    private ClusterOptions cluster;

    @Override
    public void run() {
        cluster.refuseExperimentKeys();
        RomeConfig config = cluster.existingCluster();
        String name = ExperimentControl.find(config, id)
                .map(experiment -> experiment.getName())
                .orElseGet(() -> removedBefore(config));
        if (yes || isConfirmed(name)) {
            ExperimentControl.remove(config, id, results);
            System.out.println("Deleted " + id + (results ? " and its results." : "; its results stay."));
        } else {
            System.out.println("Nothing is deleted.");
        }
    }

    /** Results may have stayed of one that is gone. */
    private String removedBefore(RomeConfig config) {
        if (results) {
            try (Results kept = new Results(config)) {
                if (!kept.metrics(id).isEmpty() || kept.images(id).isPresent()) {
                    return "results of an experiment that was deleted";
                }
            }
        }
        return ExperimentLookup.find(config, id).getName();
    }

    private boolean isConfirmed(String name) {
        if (!Terminal.isThere()) {
            throw new UsageException("There is no terminal to ask at; --yes deletes without asking.");
        }
        String what = results ? "with its metrics, snapshots and alerts" : "without its metrics, snapshots and alerts";
        String answer = Terminal.readLine("Delete %s (%s), %s? [y/N] ".formatted(id, name, what));
        return answer != null && answer.strip().equalsIgnoreCase("y");
    }
}
