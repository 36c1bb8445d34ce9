package dev.romestream.standalone.cli;

import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.experiment.Experiments;
import dev.romestream.schemas.Experiment;
import java.time.Duration;

/** Finding an experiment on its topic. */
final class ExperimentLookup {
    private static final Duration LIMIT = Duration.ofMinutes(1);

    private ExperimentLookup() {}

    /** @throws FailureException where there is none */
    static Experiment find(RomeConfig config, String id) {
        try (Experiments experiments = new Experiments(config)) {
            experiments.awaitCaughtUp(LIMIT);
            return experiments
                    .get(id)
                    .orElseThrow(() -> new FailureException(
                            "There is no experiment '" + id + "' on " + config.bootstrapServers() + "."));
        }
    }
}
