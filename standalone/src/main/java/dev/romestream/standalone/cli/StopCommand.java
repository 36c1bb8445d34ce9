package dev.romestream.standalone.cli;

import dev.romestream.client.experiment.ExperimentControl;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.schemas.DesiredState;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code rome stop ID}. */
@Command(
        name = "stop",
        description = "Stops an experiment, pauses it, or lets it go on, by writing its desired state.",
        mixinStandardHelpOptions = true)
final class StopCommand implements Runnable {
    @Parameters(paramLabel = "ID", description = "The experiment's id, as submit prints it.")
    private String id;

    @Option(names = "--pause", description = "Pause it instead.")
    private boolean pause;

    @Option(names = "--resume", description = "Let it go on instead.")
    private boolean resume;

    @Mixin
    private ClusterOptions cluster;

    @Override
    public void run() {
        cluster.refuseExperimentKeys();
        if (pause && resume) {
            throw new UsageException("--pause and --resume exclude each other.");
        }
        RomeConfig config = cluster.existingCluster();
        DesiredState state = pause ? DesiredState.PAUSE : resume ? DesiredState.RUN : DesiredState.STOP;
        ExperimentControl.setState(config, ExperimentLookup.find(config, id), state);
    }
}
