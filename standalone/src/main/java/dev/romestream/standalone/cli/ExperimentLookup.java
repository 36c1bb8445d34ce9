package dev.romestream.standalone.cli;

import dev.romestream.client.experiment.ExperimentControl;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.schemas.Experiment;
import java.util.List;

/** Finding the experiment that a command names. */
final class ExperimentLookup {
    private static final int MOST_NAMED = 3;

    private ExperimentLookup() {}

    /** @throws FailureException where there is none */
    static Experiment find(RomeConfig config, String id) {
        return ExperimentControl.find(config, id).orElseThrow(() -> missing(config, id));
    }

    static FailureException missing(RomeConfig config, String id) {
        List<String> named = ExperimentControl.named(config, id);
        return new FailureException("There is no experiment '" + id + "' on " + config.bootstrapServers()
                + (named.isEmpty()
                        ? "; rome list shows those that there are."
                        : ". Did you mean " + String.join(" or ", named.subList(0, Math.min(MOST_NAMED, named.size())))
                                + "?"));
    }
}
