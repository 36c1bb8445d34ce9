package dev.romestream.client.experiment;

import dev.romestream.experiments.Experiments;
import dev.romestream.experiments.Removal;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.topic.RecordSender;
import dev.romestream.schemas.DesiredState;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.Topic;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Reading from and writing to the experiments topic: all that finding, starting and stopping an experiment takes. */
public final class ExperimentControl {
    private static final Duration LIMIT = Duration.ofMinutes(1);

    private ExperimentControl() {}

    /** The newest record of an experiment. */
    public static Optional<Experiment> find(RomeConfig config, String id) {
        try (Experiments experiments = new Experiments(config)) {
            experiments.awaitCaughtUp(LIMIT);
            return experiments.get(id);
        }
    }

    /** The experiment as its next run: the first, or the one after the run that its topic has. */
    public static Experiment nextRun(RomeConfig config, Experiment experiment) {
        return nextRuns(config, List.of(experiment)).get(0);
    }

    /** Ids of the experiments of a name, or that begin with it. */
    public static List<String> named(RomeConfig config, String name) {
        try (Experiments known = new Experiments(config)) {
            known.awaitCaughtUp(LIMIT);
            return known.all().stream()
                    .filter(experiment -> experiment.getName().equals(name)
                            || experiment.getId().startsWith(name))
                    .map(Experiment::getId)
                    .sorted()
                    .toList();
        }
    }

    private static List<Experiment> nextRuns(RomeConfig config, List<Experiment> experiments) {
        try (Experiments known = new Experiments(config)) {
            known.awaitCaughtUp(LIMIT);
            return experiments.stream()
                    .map(experiment -> Experiment.newBuilder(experiment)
                            .setRun(known.get(experiment.getId())
                                    .map(before -> before.getRun() + 1)
                                    .orElse(0))
                            .setSubmitted(System.currentTimeMillis())
                            .build())
                    .toList();
        }
    }

    /** Writes the experiments, each as its next run, and returns them so. */
    public static List<Experiment> start(RomeConfig config, List<Experiment> experiments) {
        List<Experiment> next = nextRuns(config, experiments);
        write(config, next);
        return next;
    }

    /** Writes the experiment again with another desired state; one that was stopped begins its next run. */
    public static void setState(RomeConfig config, Experiment experiment, DesiredState state) {
        boolean starts = state == DesiredState.RUN && experiment.getDesiredState() == DesiredState.STOP;
        Experiment changed = Experiment.newBuilder(experiment)
                .setDesiredState(state)
                .setRun(experiment.getRun() + (starts ? 1 : 0))
                .setSubmitted(starts ? System.currentTimeMillis() : experiment.getSubmitted())
                .build();
        write(config, List.of(changed));
    }

    /**
     * Removes an experiment: its plans, tallies, victims, checkpoints and statuses, and what was requested for it.
     *
     * @param results whether its metrics, snapshots and alerts go, too
     */
    public static void remove(RomeConfig config, String id, boolean results) {
        try (RecordSender sender = new RecordSender(config)) {
            new Removal(id, results).send(sender);
        }
    }

    private static void write(RomeConfig config, List<Experiment> experiments) {
        try (RecordSender sender = new RecordSender(config)) {
            experiments.forEach(experiment -> sender.send(Topic.EXPERIMENTS, experiment.getId(), experiment));
            sender.flush();
        }
    }
}
