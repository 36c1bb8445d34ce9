package dev.romestream.evaluator;

import dev.romestream.exchange.DatasetStore;
import dev.romestream.exchange.NetworkCodec;
import dev.romestream.exchange.NetworkRecords;
import dev.romestream.messaging.experiment.StatusReporter;
import dev.romestream.messaging.topic.RecordSender;
import dev.romestream.schemas.EvaluationContext;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.NetworkVersion;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;

/** Trains the victims of a snapshot, publishes them and asks for the attacks on them. What is complete already is left alone. */
final class SnapshotEvaluation {
    private final RecordSender sender;
    private final VictimTrainer trainer;
    private final Progress progress;

    SnapshotEvaluation(RecordSender sender, VictimTrainer trainer, Progress progress) {
        this.sender = sender;
        this.trainer = trainer;
        this.progress = progress;
    }

    /** Metrics records that a snapshot's evaluation ends with. */
    static int figures(Experiment experiment) {
        return VictimPlan.of(experiment).size() * AttackPlanner.figuresOfVictim(experiment.getEvaluation());
    }

    /** Outcomes of a snapshot's evaluation, over victims, suites, modes and attacks. */
    long outcomes(Experiment experiment, Snapshots.Snapshot snapshot, DatasetStore.Dataset dataset) {
        var planner = new AttackPlanner(sender, experiment.getEvaluation(), dataset);
        List<NetworkVersion> networks = networks(snapshot, VictimPlan.of(experiment));
        return networks.stream()
                .mapToLong(network -> planner.outcomes(network, networks))
                .sum();
    }

    private static List<NetworkVersion> networks(Snapshots.Snapshot snapshot, List<VictimPlan> plans) {
        return plans.stream()
                .map(plan -> new NetworkVersion(VictimTrainer.id(snapshot, plan.number()), 0))
                .toList();
    }

    /** @param cancelled ends the work between two victims */
    void begin(
            Experiment experiment,
            Snapshots.Snapshot snapshot,
            DatasetStore.Dataset dataset,
            StatusReporter status,
            BooleanSupplier cancelled) {
        var planner = new AttackPlanner(sender, experiment.getEvaluation(), dataset);
        EvaluationContext about = context(experiment, snapshot);
        List<VictimPlan> plans = VictimPlan.of(experiment);
        int figures = AttackPlanner.figuresOfVictim(experiment.getEvaluation());
        List<AttackPlanner.Victim> victims = new ArrayList<>();
        for (VictimPlan plan : plans) {
            if (cancelled.getAsBoolean()) {
                return;
            }
            String id = VictimTrainer.id(snapshot, plan.number());
            if (progress.complete(experiment.getId(), id) == figures) {
                continue;
            }
            int epochs = plan.spec().getEpochs();
            status.begin(
                    "training victim " + (plan.number() + 1) + " of " + plans.size() + " on snapshot "
                            + snapshot.number(),
                    "epochs",
                    0,
                    epochs);
            var network = trainer.train(experiment, snapshot, plan, done -> status.progress(done, epochs));
            NetworkRecords.send(sender, network);
            sender.flush();
            var victim = new AttackPlanner.Victim(
                    new NetworkVersion(id, 0),
                    NetworkCodec.architecture(network),
                    VictimTrainer.seed(experiment, snapshot, plan.number()));
            planner.ask(about, victim);
            victims.add(victim);
        }
        List<NetworkVersion> sources = networks(snapshot, plans);
        victims.forEach(victim -> planner.askTransfers(about, victim, sources));
    }

    /** Without what the planner adds for a victim and a suite. */
    private static EvaluationContext context(Experiment experiment, Snapshots.Snapshot snapshot) {
        return EvaluationContexts.of(
                experiment,
                snapshot.manifest().getMethod(),
                snapshot.number(),
                snapshot.manifest().getIteration(),
                snapshot.manifest().getFinal$());
    }
}
