package dev.romestream.evaluator;

import dev.romestream.exchange.DatasetStore;
import dev.romestream.exchange.NetworkCodec;
import dev.romestream.exchange.SuiteCodec;
import dev.romestream.messaging.experiment.StatusReporter;
import dev.romestream.messaging.topic.RecordSender;
import dev.romestream.robustness.attack.Suite;
import dev.romestream.schemas.EvaluationContext;
import dev.romestream.schemas.EvaluationSpec;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.Mode;
import dev.romestream.schemas.Topic;
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
    static int figures(EvaluationSpec spec) {
        return spec.getVictims().getCount() * figuresOfVictim(spec);
    }

    private static int figuresOfVictim(EvaluationSpec spec) {
        return spec.getSuites().size() * Mode.values().length;
    }

    /** Images of the test split that are attacked. */
    static int images(EvaluationSpec spec, DatasetStore.Dataset dataset) {
        int all = dataset.test().size();
        return spec.getImages() == null ? all : Math.min(all, spec.getImages());
    }

    /** Outcomes of a snapshot's evaluation, over victims, suites, modes and attacks. */
    static long outcomes(EvaluationSpec spec, DatasetStore.Dataset dataset) {
        long perVictim = 0;
        for (Suite suite : SuiteCodec.decode(spec)) {
            perVictim += EvaluationPlan.cells(suite).stream()
                    .mapToLong(cell -> cell.getModes().size())
                    .sum();
        }
        return perVictim * images(spec, dataset) * spec.getVictims().getCount();
    }

    /** @param cancelled ends the work between two victims */
    void begin(
            Experiment experiment,
            Snapshots.Snapshot snapshot,
            DatasetStore.Dataset dataset,
            StatusReporter status,
            BooleanSupplier cancelled) {
        EvaluationSpec spec = experiment.getEvaluation();
        List<Suite> suites = SuiteCodec.decode(spec);
        int victims = spec.getVictims().getCount();
        int epochs = spec.getVictims().getEpochs();
        for (int victim = 0; victim < victims && !cancelled.getAsBoolean(); victim++) {
            String id = VictimTrainer.id(snapshot, victim);
            if (progress.complete(experiment.getId(), id) == figuresOfVictim(spec)) {
                continue;
            }
            status.begin(
                    "training victim " + (victim + 1) + " of " + victims + " on snapshot " + snapshot.number(),
                    "epochs",
                    0,
                    epochs);
            var network = trainer.train(experiment, snapshot, victim, done -> status.progress(done, epochs));
            sender.send(Topic.NETWORKS, NetworkCodec.key(id, 0), network);
            sender.flush();
            for (Suite suite : suites) {
                EvaluationPlan.requests(
                        context(experiment, snapshot, dataset, id, suite),
                        dataset.test(),
                        spec.getRequestSize(),
                        VictimTrainer.seed(experiment, snapshot, victim),
                        request -> sender.send(Topic.ATTACK_REQUESTS, id, request.getId(), request));
            }
            sender.flush();
        }
    }

    private static EvaluationContext context(
            Experiment experiment,
            Snapshots.Snapshot snapshot,
            DatasetStore.Dataset dataset,
            String victim,
            Suite suite) {
        return EvaluationContext.newBuilder()
                .setExperiment(experiment.getId())
                .setMethod(snapshot.manifest().getMethod())
                .setSnapshot(snapshot.number())
                .setIteration(snapshot.manifest().getIteration())
                .setFinal$(snapshot.manifest().getFinal$())
                .setVictim(victim)
                .setSuite(suite.name())
                .setDataset(dataset.descriptor().getId())
                .setFingerprint(dataset.descriptor().getFingerprint())
                .setClasses(dataset.test().classes())
                .setImages(images(experiment.getEvaluation(), dataset))
                .setPlan(EvaluationPlan.cells(suite))
                .setCell(0)
                .build();
    }
}
