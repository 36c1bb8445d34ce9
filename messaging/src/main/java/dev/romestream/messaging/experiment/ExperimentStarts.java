package dev.romestream.messaging.experiment;

import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.schemas.Experiment;
import java.time.Duration;

/** Starting experiments again: what is told of an earlier run does not count for the next one. */
public final class ExperimentStarts {
    private static final Duration LIMIT = Duration.ofMinutes(1);

    private ExperimentStarts() {}

    /** The experiment as its next run: the first, or the one after the run that its topic has. */
    public static Experiment next(RomeConfig config, Experiment experiment) {
        try (Experiments experiments = new Experiments(config)) {
            experiments.awaitCaughtUp(LIMIT);
            int run = experiments
                    .get(experiment.getId())
                    .map(known -> known.getRun() + 1)
                    .orElse(0);
            return Experiment.newBuilder(experiment).setRun(run).build();
        }
    }
}
