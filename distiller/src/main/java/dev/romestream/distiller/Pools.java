package dev.romestream.distiller;

import dev.romestream.exchange.codec.AttackCodec;
import dev.romestream.exchange.codec.NetworkCodec;
import dev.romestream.exchange.identity.Digest;
import dev.romestream.robustness.attack.AttackSettings;
import dev.romestream.robustness.attack.Attacks;
import dev.romestream.robustness.distill.PoolTraining;
import dev.romestream.robustness.network.Normalization;
import dev.romestream.robustness.network.ThreatModel;
import dev.romestream.robustness.tensor.Seed;
import dev.romestream.robustness.train.StochasticGradientDescent;
import dev.romestream.schemas.AttackSpec;
import dev.romestream.schemas.DatasetDescriptor;
import dev.romestream.schemas.DistillationSpec;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.LabelSpec;
import dev.romestream.schemas.NetworkSpec;
import dev.romestream.schemas.Pool;
import dev.romestream.schemas.PoolSpec;
import dev.romestream.schemas.TrajectorySpec;
import java.util.ArrayList;
import java.util.List;

/** Pools: all that determines the networks of one, and the id that follows from it. */
final class Pools {
    private static final AttackSpec NO_ATTACK =
            AttackCodec.encode(AttackSettings.control(Attacks.NONE, ThreatModel.Space.PIXEL));

    private Pools() {}

    /**
     * The pool of an experiment whose networks are trained under the prior's attack. Experiments that agree in all of its fields share it.
     *
     * @param carried networks that the first of its own begin with
     */
    static Pool underAttack(Experiment experiment, DatasetDescriptor dataset, List<String> carried) {
        return pool(experiment, dataset, experiment.getDistillation().getPrior().getAttack(), carried);
    }

    /** The pool of an experiment whose networks are trained on images as they are. */
    static Pool natural(Experiment experiment, DatasetDescriptor dataset, List<String> carried) {
        return pool(experiment, dataset, NO_ATTACK, carried);
    }

    private static Pool pool(
            Experiment experiment, DatasetDescriptor dataset, AttackSpec attack, List<String> carried) {
        DistillationSpec distillation = experiment.getDistillation();
        PoolSpec spec = distillation.getPool();
        return identified(builder(dataset, distillation.getNetwork(), attack)
                .setTrainSteps(spec.getTrainSteps())
                .setBatch(spec.getBatch())
                .setLearningRate(spec.getLearningRate())
                .setMomentum(spec.getMomentum())
                .setWeightDecay(spec.getWeightDecay())
                .setSeed(seed(spec.getSeed() == null ? experiment.getSeed() : spec.getSeed(), dataset, carried))
                .setCarried(carried));
    }

    /** A pool that goes on draws its fresh networks, and whom it matches, anew. */
    private static long seed(long seed, DatasetDescriptor dataset, List<String> carried) {
        return carried.isEmpty()
                ? seed
                : new Seed(seed).with("window").with(dataset.getFingerprint()).value();
    }

    /** The experts of an experiment; robust ones are trained under attack, and their parameters averaged. */
    static Pool experts(Experiment experiment, DatasetDescriptor dataset, boolean robust) {
        DistillationSpec distillation = experiment.getDistillation();
        TrajectorySpec spec = distillation.getTrajectories();
        return identified(builder(dataset, distillation.getNetwork(), robust ? spec.getAttack() : NO_ATTACK)
                .setTrainSteps(epoch(dataset, spec.getBatch()))
                .setBatch(Math.min(spec.getBatch(), dataset.getTrainImages()))
                .setLearningRate(spec.getLearningRate())
                .setMomentum(spec.getMomentum())
                .setWeightDecay(spec.getWeightDecay())
                .setSeed(spec.getSeed() == null ? experiment.getSeed() : spec.getSeed())
                .setAugmentation(distillation.getAugmentation())
                .setAveraging(robust ? spec.getAveraging() : 0)
                .setTrajectory(true));
    }

    private static Pool.Builder builder(DatasetDescriptor dataset, NetworkSpec network, AttackSpec attack) {
        return Pool.newBuilder()
                .setId("")
                .setDataset(dataset.getId())
                .setFingerprint(dataset.getFingerprint())
                .setNetwork(network)
                .setPrior(attack);
    }

    private static Pool identified(Pool.Builder builder) {
        Pool pool = builder.build();
        pool.setId(id(pool));
        return pool;
    }

    /** Steps in which as many images are drawn as there are. */
    private static int epoch(DatasetDescriptor dataset, int batch) {
        return Math.max(1, (dataset.getTrainImages() + batch - 1) / batch);
    }

    /** The teachers of an experiment, each with its number: those that are trained naturally, and those that are not. */
    static List<Teacher> teachers(Experiment experiment, DatasetDescriptor dataset) {
        LabelSpec spec = experiment.getDistillation().getLabels();
        List<Teacher> teachers = new ArrayList<>();
        Pool natural = naturalTeachers(experiment, dataset);
        Pool adversarial = teachers(experiment, dataset, spec.getAttack(), 0);
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

    /** Teachers that are trained on images as they are; those of GUARD with a regularised curvature. */
    static Pool naturalTeachers(Experiment experiment, DatasetDescriptor dataset) {
        return teachers(experiment, dataset, NO_ATTACK, Methods.curvature(experiment.getDistillation()));
    }

    private static Pool teachers(
            Experiment experiment, DatasetDescriptor dataset, AttackSpec attack, double curvature) {
        DistillationSpec distillation = experiment.getDistillation();
        LabelSpec spec = distillation.getLabels();
        NetworkSpec network = spec.getNetwork() == null ? distillation.getNetwork() : spec.getNetwork();
        return identified(builder(dataset, network, attack)
                .setTrainSteps(epoch(dataset, spec.getBatch()))
                .setBatch(Math.min(spec.getBatch(), dataset.getTrainImages()))
                .setLearningRate(spec.getLearningRate())
                .setMomentum(spec.getMomentum())
                .setWeightDecay(spec.getWeightDecay())
                .setSeed(spec.getSeed() == null ? experiment.getSeed() : spec.getSeed())
                .setVersions(spec.getEpochs())
                .setCurvature(curvature));
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
                new PoolTraining.Refinements(
                        pool.getVersions(), pool.getAugmentation(), pool.getAveraging(), pool.getCurvature()));
    }
}
