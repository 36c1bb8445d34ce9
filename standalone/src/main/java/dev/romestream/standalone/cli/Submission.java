package dev.romestream.standalone.cli;

import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.topic.RecordSender;
import dev.romestream.schemas.DesiredState;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.Topic;
import java.util.List;

/** Writing to the experiments topic: all that starting and stopping an experiment takes. */
final class Submission {
    private Submission() {}

    static void submit(RomeConfig config, List<Experiment> experiments) {
        try (RecordSender sender = new RecordSender(config)) {
            experiments.forEach(experiment -> sender.send(Topic.EXPERIMENTS, experiment.getId(), experiment));
            sender.flush();
        }
    }

    /** Writes the experiment again with another desired state. */
    static void setState(RomeConfig config, Experiment experiment, DesiredState state) {
        submit(
                config,
                List.of(Experiment.newBuilder(experiment).setDesiredState(state).build()));
    }
}
