package dev.romestream.standalone.cli;

import dev.romestream.client.experiment.ExperimentControl;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.schemas.Experiment;

/** Finding the experiment that a command names. */
final class ExperimentLookup {
    private ExperimentLookup() {}

    /** @throws FailureException where there is none */
    static Experiment find(RomeConfig config, String id) {
        return ExperimentControl.find(config, id).orElseThrow(() -> missing(config, id));
    }

    static FailureException missing(RomeConfig config, String id) {
        return new FailureException("There is no experiment '" + id + "' on " + config.bootstrapServers()
                + "; rome list shows those that there are.");
    }
}
