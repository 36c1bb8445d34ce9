package dev.romestream.distiller;

import ai.djl.ndarray.NDManager;
import dev.romestream.exchange.AttackCodec;
import dev.romestream.exchange.DatasetStore;
import dev.romestream.exchange.Digest;
import dev.romestream.exchange.NetworkCodec;
import dev.romestream.messaging.experiment.StatusReporter;
import dev.romestream.robustness.distill.Alignment;
import dev.romestream.robustness.distill.DistillationMethod;
import dev.romestream.robustness.distill.DistributionMatching;
import dev.romestream.robustness.distill.InlinePriors;
import dev.romestream.robustness.distill.PoolSchedule;
import dev.romestream.robustness.distill.PoolTraining;
import dev.romestream.robustness.distill.PriorPlan;
import dev.romestream.robustness.distill.PriorSource;
import dev.romestream.robustness.distill.RandomSelection;
import dev.romestream.robustness.distill.Rome;
import dev.romestream.robustness.distill.SyntheticSet;
import dev.romestream.robustness.tensor.Seed;
import dev.romestream.robustness.train.StochasticGradientDescent;
import dev.romestream.schemas.DistillationSpec;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.Pool;
import dev.romestream.schemas.PoolSpec;
import dev.romestream.schemas.PriorMode;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/** One experiment's distillation, from its start or its newest checkpoint to its last iteration. */
final class DistillationRun {
    private final Experiment experiment;
    private final DistillationSpec spec;
    private final DatasetStore.Dataset dataset;
    private final String specification;
    private final Seed seed;

    /** Makes the stream of priors for a run. */
    interface PriorStreams {
        PriorSource open(Pool pool, PoolSchedule schedule, PriorPlan plan, int iterations);
    }

    /** Is told of the synthetic set at each snapshot. */
    interface SnapshotListener {
        void snapshot(int snapshot, int iteration, boolean last, SyntheticSet set);
    }

    /** @throws IllegalArgumentException where the specification makes no sense */
    DistillationRun(Experiment experiment, DatasetStore.Dataset dataset) {
        this.experiment = experiment;
        this.spec = DistillationDefaults.fill(experiment.getDistillation());
        this.dataset = dataset;
        this.seed = new Seed(experiment.getSeed());
        this.specification = new Digest()
                .add(spec)
                .add(experiment.getSeed())
                .add(dataset.descriptor().getFingerprint())
                .hex();
        var shape = dataset.train().shape();
        if (spec.getMultiFormation() && (shape.height() % 2 != 0 || shape.width() % 2 != 0)) {
            throw new IllegalArgumentException(
                    "distillation.multiFormation needs images of even height and width; those" + " of "
                            + dataset.descriptor().getId() + " are " + shape.height() + " x " + shape.width() + ".");
        }
    }

    /** Digest of all that determines the synthetic set. */
    String specification() {
        return specification;
    }

    DistillationSpec spec() {
        return spec;
    }

    /**
     * Runs to the end.
     *
     * @param gate is asked before each iteration; false ends the run
     * @return whether the last iteration was reached
     */
    boolean run(
            NDManager manager,
            Optional<Checkpoints.Resumable> resumable,
            PriorStreams streams,
            StatusReporter status,
            BooleanSupplier gate,
            SnapshotListener listener) {
        try (NDManager scope = manager.newSubManager();
                DistillationMethod method = method(scope, streams)) {
            int iterations = method.iterates() ? spec.getIterations() : 0;
            int start = resumable.map(Checkpoints.Resumable::iteration).orElse(0);
            if (resumable.isPresent() && start >= iterations) {
                return true;
            }
            try (SyntheticSet set = resumable
                    .map(from -> from.restore(scope, spec.getMultiFormation()))
                    .orElseGet(() -> SyntheticSet.ofRealImages(
                            scope,
                            dataset.train(),
                            dataset.normalization(),
                            spec.getImagesPerClass(),
                            spec.getMultiFormation(),
                            seed))) {
                return iterate(method, set, start, iterations, status, gate, listener);
            }
        }
    }

    private boolean iterate(
            DistillationMethod method,
            SyntheticSet set,
            int start,
            int iterations,
            StatusReporter status,
            BooleanSupplier gate,
            SnapshotListener listener) {
        int every = spec.getSnapshotEvery() == null ? Math.max(1, iterations) : spec.getSnapshotEvery();
        status.begin("distilling with " + spec.getMethod(), "iterations", start, iterations);
        for (int iteration = start; iteration < iterations; iteration++) {
            if (!gate.getAsBoolean()) {
                return false;
            }
            method.step(set, iteration);
            int done = iteration + 1;
            if (done % every == 0 || done == iterations) {
                listener.snapshot((done + every - 1) / every - 1, done, done == iterations, set);
            }
            status.progress(done, iterations);
        }
        if (iterations == 0) {
            listener.snapshot(0, 0, true, set);
        }
        return true;
    }

    private DistillationMethod method(NDManager manager, PriorStreams streams) {
        StochasticGradientDescent optimiser =
                new StochasticGradientDescent(spec.getLearningRate(), spec.getMomentum(), 0);
        PriorPlan plan = new PriorPlan(
                dataset.train(),
                AttackCodec.decode(spec.getPrior().getAttack()),
                spec.getRealBatch(),
                spec.getAugmentation(),
                seed);
        return switch (spec.getMethod()) {
            case DistillationDefaults.RANDOM -> new RandomSelection();
            case DistillationDefaults.DM ->
                new DistributionMatching(
                        manager,
                        NetworkCodec.decode(spec.getNetwork()),
                        plan,
                        dataset.normalization(),
                        optimiser,
                        seed.with("dm"));
            case DistillationDefaults.ROME -> {
                var objective = new Rome.Objective(
                        spec.getAlpha(),
                        spec.getCeWeight(),
                        Alignment.valueOf(spec.getAlignment().name()));
                yield new Rome(manager, priors(manager, streams, plan), plan, objective, optimiser);
            }
            default -> throw new IllegalStateException("A method without an implementation: " + spec.getMethod());
        };
    }

    private PriorSource priors(NDManager manager, PriorStreams streams, PriorPlan plan) {
        Pool pool = Pools.of(experiment, dataset.descriptor());
        PoolTraining training = Pools.training(pool, dataset.normalization());
        PoolSpec rule = spec.getPool();
        PoolSchedule schedule = new PoolSchedule(
                new PoolSchedule.Rule(
                        rule.getSize(), rule.getInitial(), rule.getGenerateInterval(), rule.getTrainedPerIteration()),
                training.seed().with("schedule"));
        return spec.getPrior().getMode() == PriorMode.INLINE
                ? new InlinePriors(manager, schedule, training, plan)
                : streams.open(pool, schedule, plan, spec.getIterations());
    }
}
