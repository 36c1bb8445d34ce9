package dev.romestream.distiller;

import dev.romestream.exchange.codec.AttackCodec;
import dev.romestream.exchange.codec.Digest;
import dev.romestream.exchange.codec.NetworkCodec;
import dev.romestream.robustness.attack.AttackSpec;
import dev.romestream.robustness.attack.Attacks;
import dev.romestream.robustness.distill.PoolTraining;
import dev.romestream.robustness.network.Normalization;
import dev.romestream.robustness.network.ThreatModel;
import dev.romestream.robustness.tensor.Seed;
import dev.romestream.robustness.train.StochasticGradientDescent;
import dev.romestream.schemas.DatasetDescriptor;
import dev.romestream.schemas.DistillationSpec;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.LabelSpec;
import dev.romestream.schemas.Pool;
import dev.romestream.schemas.PoolSpec;
import java.util.ArrayList;
import java.util.List;

/** Pools: all that determines the networks of one, and the id that follows from it. */
final class Pools {
    private Pools() {}

    /** The pool of an experiment. Experiments that agree in all of its fields share it. */
    static Pool of(Experiment experiment, DatasetDescriptor dataset) {
        DistillationSpec distillation = experiment.getDistillation();
        PoolSpec spec = distillation.getPool();
        Pool pool = Pool.newBuilder()
                .setId("")
                .setDataset(dataset.getId())
                .setFingerprint(dataset.getFingerprint())
                .setNetwork(distillation.getNetwork())
                .setPrior(distillation.getPrior().getAttack())
                .setTrainSteps(spec.getTrainSteps())
                .setBatch(spec.getBatch())
                .setLearningRate(spec.getLearningRate())
                .setMomentum(spec.getMomentum())
                .setWeightDecay(spec.getWeightDecay())
                .setSeed(spec.getSeed() == null ? experiment.getSeed() : spec.getSeed())
                .build();
        pool.setId(id(pool));
        return pool;
    }

    /** The teachers of an experiment, each with its number: those that are trained naturally, and those that are not. */
    static List<Teacher> teachers(Experiment experiment, DatasetDescriptor dataset) {
        LabelSpec spec = experiment.getDistillation().getLabels();
        List<Teacher> teachers = new ArrayList<>();
        var none = AttackCodec.encode(AttackSpec.control(Attacks.NONE, ThreatModel.Space.PIXEL));
        Pool natural = teachers(experiment, dataset, none);
        Pool adversarial = teachers(experiment, dataset, spec.getAttack());
        for (int i = 0; i < spec.getNatural(); i++) {
            teachers.add(new Teacher(natural, i));
        }
        for (int i = 0; i < spec.getAdversarial(); i++) {
            teachers.add(new Teacher(adversarial, i));
        }
        return teachers;
    }

    /** One network of a pool of teachers. */
    record Teacher(Pool pool, int number) {
        String key(int version) {
            return NetworkCodec.key(networkId(pool, number), version);
        }
    }

    private static Pool teachers(
            Experiment experiment, DatasetDescriptor dataset, dev.romestream.schemas.AttackSpec attack) {
        LabelSpec spec = experiment.getDistillation().getLabels();
        Pool pool = Pool.newBuilder()
                .setId("")
                .setDataset(dataset.getId())
                .setFingerprint(dataset.getFingerprint())
                .setNetwork(
                        spec.getNetwork() == null ? experiment.getDistillation().getNetwork() : spec.getNetwork())
                .setPrior(attack)
                .setTrainSteps(Math.max(1, (dataset.getTrainImages() + spec.getBatch() - 1) / spec.getBatch()))
                .setBatch(Math.min(spec.getBatch(), dataset.getTrainImages()))
                .setLearningRate(spec.getLearningRate())
                .setMomentum(spec.getMomentum())
                .setWeightDecay(spec.getWeightDecay())
                .setSeed(spec.getSeed() == null ? experiment.getSeed() : spec.getSeed())
                .setVersions(spec.getEpochs())
                .build();
        pool.setId(id(pool));
        return pool;
    }

    /** The id that follows from the other fields. */
    static String id(Pool pool) {
        Pool anonymous = Pool.newBuilder(pool).setId("").build();
        return "pool-" + new Digest().add(anonymous).shortHex();
    }

    /** The id of one network of a pool. */
    static String networkId(Pool pool, int network) {
        return pool.getId() + "/" + network;
    }

    /** How the networks of a pool are trained. */
    static PoolTraining training(Pool pool, Normalization normalization) {
        return new PoolTraining(
                NetworkCodec.decode(pool.getNetwork()),
                AttackCodec.decode(pool.getPrior()),
                pool.getTrainSteps(),
                pool.getBatch(),
                new StochasticGradientDescent(pool.getLearningRate(), pool.getMomentum(), pool.getWeightDecay()),
                normalization,
                new Seed(pool.getSeed()),
                pool.getVersions());
    }
}
