package dev.romestream.standalone.cli;

import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.experiment.ExperimentStarts;
import dev.romestream.messaging.topic.RecordSender;
import dev.romestream.schemas.DesiredState;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.Topic;
import java.util.List;

/** Writing to the experiments topic: all that starting and stopping an experiment takes. */
final class Submission {
    private Submission() {}

    /** Writes the experiments, each as its next run, and returns them so. */
    static List<Experiment> start(RomeConfig config, List<Experiment> experiments) {
        List<Experiment> next = experiments.stream()
                .map(experiment -> ExperimentStarts.next(config, experiment))
                .toList();
        submit(config, next);
        return next;
    }

    static void submit(RomeConfig config, List<Experiment> experiments) {
        try (RecordSender sender = new RecordSender(config)) {
            experiments.forEach(experiment -> sender.send(Topic.EXPERIMENTS, experiment.getId(), experiment));
            sender.flush();
        }
    }

    /** Writes the experiment again with another desired state; one that was stopped begins its next run. */
    static void setState(RomeConfig config, Experiment experiment, DesiredState state) {
        boolean starts = state == DesiredState.RUN && experiment.getDesiredState() == DesiredState.STOP;
        submit(
                config,
                List.of(Experiment.newBuilder(experiment)
                        .setDesiredState(state)
                        .setRun(experiment.getRun() + (starts ? 1 : 0))
                        .build()));
    }
}
