package dev.romestream.evaluator.victim;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.romestream.exchange.codec.Dataset;
import dev.romestream.exchange.codec.InvalidRecordException;
import dev.romestream.exchange.codec.NetworkCodec;
import dev.romestream.exchange.codec.TensorCodec;
import dev.romestream.exchange.experiment.DistillationDefaults;
import dev.romestream.exchange.experiment.Victim;
import dev.romestream.exchange.store.DatasetStore;
import dev.romestream.exchange.store.SnapshotStore;
import dev.romestream.experiments.StatusReporter;
import dev.romestream.messaging.topic.RecordSender;
import dev.romestream.robustness.distill.SyntheticSet;
import dev.romestream.robustness.network.Normalization;
import dev.romestream.robustness.tensor.Tensors;
import dev.romestream.robustness.train.AdversarialTraining;
import dev.romestream.robustness.train.ClassifierTraining;
import dev.romestream.robustness.train.ClassifierTraining.BatchLoss;
import dev.romestream.robustness.train.StochasticGradientDescent;
import dev.romestream.robustness.train.TrainingSet;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.Network;
import dev.romestream.schemas.SnapshotClass;
import dev.romestream.schemas.SnapshotManifest;
import dev.romestream.schemas.TrainingRegime;
import dev.romestream.schemas.TrainingSpec;
import dev.romestream.schemas.VictimSpec;
import dev.romestream.schemas.VictimTraining;
import java.util.List;
import java.util.function.BooleanSupplier;

/** Trains a victim on a snapshot. */
record VictimTrainer(NDManager manager, SnapshotStore snapshots, DatasetStore datasets, RecordSender sender) {
    private static final String SERVICE = "victim-trainer";

    /**
     * The trained network.
     *
     * @param step called after each epoch; ends the training by what it throws
     * @param cancelled whether nobody waits for it any more
     */
    Network network(Experiment experiment, VictimTraining task, Runnable step, BooleanSupplier cancelled) {
        List<Victim> victims = Victim.of(experiment);
        if (task.getVictim() >= victims.size()) {
            throw new InvalidRecordException("Victim " + task.getVictim() + " is asked for; the experiment "
                    + experiment.getId() + " has " + victims.size() + ".");
        }
        Victim victim = victims.get(task.getVictim());
        VictimSpec spec = victim.spec();
        var normalization = new Normalization(
                task.getManifest().getMean(), task.getManifest().getStd());
        var training = new ClassifierTraining(
                victim.architecture(),
                spec.getEpochs(),
                spec.getBatch(),
                new StochasticGradientDescent(spec.getLearningRate(), spec.getMomentum(), spec.getWeightDecay()),
                experiment.getDistillation().getAugmentation(),
                loss(spec.getTraining(), normalization));
        StatusReporter status = new StatusReporter(sender, experiment, SERVICE);
        status.begin(
                "training victim " + (task.getVictim() + 1) + " of " + victims.size() + " on snapshot "
                        + task.getSnapshot(),
                "epochs",
                0,
                spec.getEpochs());
        try (NDManager scope = manager.newSubManager()) {
            var network = training.train(
                    scope,
                    trainingSet(scope, experiment, task, normalization, cancelled),
                    Victim.seed(experiment, task.getSnapshot(), task.getVictim()),
                    done -> {
                        step.run();
                        status.progress(done, spec.getEpochs());
                    });
            return NetworkCodec.victim(
                    Victim.id(experiment, task.getSnapshot(), task.getVictim()), 0, network, normalization);
        }
    }

    private static BatchLoss loss(TrainingSpec spec, Normalization normalization) {
        if (spec.getRegime() == TrainingRegime.NATURAL) {
            return ClassifierTraining.NATURAL;
        }
        return new AdversarialTraining(
                AdversarialTraining.Regime.valueOf(spec.getRegime().name()),
                spec.getEpsilon(),
                spec.getStepSize(),
                spec.getSteps(),
                spec.getBeta(),
                normalization)::loss;
    }

    private TrainingSet trainingSet(
            NDManager scope,
            Experiment experiment,
            VictimTraining task,
            Normalization normalization,
            BooleanSupplier cancelled) {
        SnapshotManifest manifest = task.getManifest();
        if (DistillationDefaults.isWhole(manifest.getMethod())) {
            Dataset dataset = datasets.await(manifest.getDataset(), manifest.getFingerprint(), cancelled);
            return TrainingSet.of(dataset.train(), normalization);
        }
        NDList images = new NDList();
        NDList targets = new NDList();
        for (SnapshotClass part : snapshots.classes(experiment.getId(), task.getSnapshot(), manifest.getClasses())) {
            if (part.getImages().getShape().get(0) == 0) {
                continue; // of soft labels, a class may be nobody's likeliest
            }
            NDArray stored = TensorCodec.decode(scope, "images", part.getImages());
            NDArray expanded = SyntheticSet.expanded(stored, manifest.getMultiFormation());
            images.add(expanded);
            targets.add(targets(
                    scope,
                    part,
                    manifest.getClasses(),
                    stored.getShape().get(0),
                    expanded.getShape().get(0)));
        }
        return TrainingSet.of(NDArrays.concat(images, 0), NDArrays.concat(targets, 0));
    }

    /** A row for each image as networks see it: mosaics may have one for each of their quarters, or one for all. */
    private static NDArray targets(NDManager scope, SnapshotClass part, int classes, long stored, long images) {
        if (part.getSoftLabels() == null) {
            return Tensors.oneHot(scope, part.getLabel(), images, classes);
        }
        NDArray rows = TensorCodec.decode(scope, "softLabels", part.getSoftLabels());
        Shape shape = rows.getShape();
        if (shape.equals(new Shape(images, classes))) {
            return rows;
        }
        if (!shape.equals(new Shape(stored, classes))) {
            throw new InvalidRecordException("A snapshot's class has soft labels of shape " + shape + "; its " + stored
                    + " stored images and " + classes + " classes take " + new Shape(stored, classes) + ".");
        }
        return rows.tile(new long[] {images / stored, 1});
    }
}
