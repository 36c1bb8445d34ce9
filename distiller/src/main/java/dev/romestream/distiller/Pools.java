package dev.romestream.distiller;

import dev.romestream.exchange.codec.AttackCodec;
import dev.romestream.exchange.codec.Digest;
import dev.romestream.exchange.codec.InvalidRecordException;
import dev.romestream.exchange.codec.NetworkCodec;
import dev.romestream.robustness.attack.AttackSpec;
import dev.romestream.robustness.distill.PoolTraining;
import dev.romestream.robustness.network.Normalization;
import dev.romestream.robustness.network.ThreatModel;
import dev.romestream.robustness.tensor.Seed;
import dev.romestream.robustness.train.StochasticGradientDescent;
import dev.romestream.schemas.DatasetDescriptor;
import dev.romestream.schemas.DistillationSpec;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.Pool;
import dev.romestream.schemas.PoolSpec;

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

    /** The id that follows from the other fields. */
    static String id(Pool pool) {
        Pool anonymous = Pool.newBuilder(pool).setId("").build();
        return "pool-" + new Digest().add(anonymous).shortHex();
    }

    /** The id of one network of a pool. */
    static String networkId(Pool pool, int network) {
        return pool.getId() + "/" + network;
    }

    /**
     * How the networks of a pool are trained.
     *
     * @throws InvalidRecordException where the pool's attack works in another space than its networks
     */
    static PoolTraining training(Pool pool, Normalization normalization) {
        AttackSpec prior = AttackCodec.decode(pool.getPrior());
        if (prior.space() != ThreatModel.Space.NORMALISED) {
            throw new InvalidRecordException("prior.attack.space is " + prior.space()
                    + "; priors are crafted on augmented, normalised images: use normalised.");
        }
        return new PoolTraining(
                NetworkCodec.decode(pool.getNetwork()),
                prior,
                pool.getTrainSteps(),
                pool.getBatch(),
                new StochasticGradientDescent(pool.getLearningRate(), pool.getMomentum(), pool.getWeightDecay()),
                normalization,
                new Seed(pool.getSeed()));
    }
}
