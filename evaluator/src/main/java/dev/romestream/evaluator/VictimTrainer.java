package dev.romestream.evaluator;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.romestream.exchange.NetworkCodec;
import dev.romestream.exchange.TensorCodec;
import dev.romestream.robustness.distill.SyntheticSet;
import dev.romestream.robustness.network.Normalization;
import dev.romestream.robustness.tensor.Seed;
import dev.romestream.robustness.train.StochasticGradientDescent;
import dev.romestream.robustness.train.VictimTraining;
import dev.romestream.schemas.DistillationSpec;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.Network;
import dev.romestream.schemas.SnapshotClass;
import dev.romestream.schemas.VictimSpec;
import java.util.Arrays;
import java.util.function.IntConsumer;

/** Trains victims on snapshots. */
final class VictimTrainer {
    private final NDManager manager;

    VictimTrainer(NDManager manager) {
        this.manager = manager;
    }

    /** The id of a victim. */
    static String id(Snapshots.Snapshot snapshot, int victim) {
        return snapshot.experiment() + "/" + snapshot.number() + "/victim-" + victim;
    }

    /** The seed of a victim: of the experiment's, the snapshot and the victim's number. */
    static Seed seed(Experiment experiment, Snapshots.Snapshot snapshot, int victim) {
        return new Seed(experiment.getSeed())
                .with("victim")
                .with(snapshot.number())
                .with(victim);
    }

    Network train(Experiment experiment, Snapshots.Snapshot snapshot, VictimPlan plan, IntConsumer progress) {
        DistillationSpec distillation = experiment.getDistillation();
        VictimSpec spec = plan.spec();
        VictimTraining training = new VictimTraining(
                plan.architecture(),
                spec.getEpochs(),
                spec.getBatch(),
                new StochasticGradientDescent(spec.getLearningRate(), spec.getMomentum(), spec.getWeightDecay()),
                distillation.getAugmentation());
        var normalization = new Normalization(
                snapshot.manifest().getMean(), snapshot.manifest().getStd());
        try (NDManager scope = manager.newSubManager()) {
            NDList classes = new NDList();
            int perClass = 0;
            for (SnapshotClass part : snapshot.classes()) {
                NDArray stored = TensorCodec.decode(scope, "images", part.getImages());
                NDArray expanded =
                        SyntheticSet.expanded(stored, snapshot.manifest().getMultiFormation());
                perClass = Math.toIntExact(expanded.getShape().get(0));
                classes.add(expanded);
            }
            int[] labels = new int[perClass * classes.size()];
            for (int label = 0; label < classes.size(); label++) {
                Arrays.fill(labels, label * perClass, (label + 1) * perClass, label);
            }
            var network = training.train(
                    scope,
                    NDArrays.concat(classes, 0),
                    labels,
                    classes.size(),
                    seed(experiment, snapshot, plan.number()),
                    progress);
            return NetworkCodec.victim(id(snapshot, plan.number()), 0, network, normalization);
        }
    }
}
