package dev.romestream.robustness.distill;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.romestream.robustness.attack.AttackSettings;
import dev.romestream.robustness.attack.AttackTask;
import dev.romestream.robustness.augment.Augmentation;
import dev.romestream.robustness.network.Architecture;
import dev.romestream.robustness.network.LabelledImages;
import dev.romestream.robustness.network.NeuralNetwork;
import dev.romestream.robustness.network.Normalization;
import dev.romestream.robustness.network.ThreatModel;
import dev.romestream.robustness.tensor.Scalars;
import dev.romestream.robustness.tensor.Seed;
import dev.romestream.robustness.tensor.Tensors;
import dev.romestream.robustness.train.CurvatureRegularization;
import dev.romestream.robustness.train.StochasticGradientDescent;
import dev.romestream.robustness.train.Training;
import java.util.Optional;

/**
 * Training of a pool's networks on real images, under attack (Madry et al. 2018) or not: every version is a function of these
 * settings, the images, the network's index and its version alone.
 *
 * @param prior the attack on the training images
 * @param steps SGD steps from one version to the next
 */
public record PoolTraining(
        Architecture architecture,
        AttackSettings prior,
        int steps,
        int batch,
        StochasticGradientDescent optimiser,
        Normalization normalization,
        Seed seed,
        Refinements refinements) {

    /** @throws IllegalArgumentException where the networks have batch norm */
    public PoolTraining {
        architecture.requireIndependentImages();
    }

    /**
     * What some methods add.
     *
     * @param versions the last version, to which the learning rate falls to 0 as half a cosine while images are flipped and shifted;
     *     0 for no end, a constant rate, and images as they are
     * @param augmentation of the (perturbed) images, with a draw for each
     * @param averaging of the parameters, step by step: what is kept of the average; 0 for none
     * @param curvature weight of its regularisation; 0 for none
     */
    public record Refinements(int versions, String augmentation, double averaging, double curvature) {
        public static final Refinements NONE = new Refinements(0, Augmentation.NONE, 0, 0);

        /** Of networks that are trained to an end. */
        public static Refinements teacher(int versions, double curvature) {
            return new Refinements(versions, Augmentation.NONE, 0, curvature);
        }
    }

    /** Length of the step along the gradient, in normalised space, after which the gradient is compared, as GUARD has it. */
    private static final double CURVATURE_STEP = 3;

    /** Version 0 of a network; its arrays belong to {@code manager}. */
    public PoolMember initial(NDManager manager, LabelledImages images, int network) {
        NDList parameters = NeuralNetwork.initialParameters(
                manager,
                architecture,
                images.shape(),
                images.classes(),
                seed.with("parameters").with(network));
        NeuralNetwork fresh = new NeuralNetwork(architecture, images.shape(), images.classes(), parameters);
        NDList velocities = new NDList();
        parameters.forEach(parameter -> velocities.add(manager.zeros(parameter.getShape())));
        NDList averages = refinements.averaging() == 0 ? new NDList() : copies(manager, parameters);
        return new PoolMember(fresh, velocities, averages, 0, 0);
    }

    /**
     * The version after {@code previous}, which stays as it is; the new one's arrays belong to {@code manager}.
     *
     * @param version the one that is made
     * @param beforeStep is run before each step; what it throws ends the training
     */
    public PoolMember next(
            NDManager manager,
            LabelledImages images,
            PoolMember previous,
            NetworkSchedule.Version version,
            Runnable beforeStep) {
        long correct = previous.correct();
        long seen = previous.seen();
        Seed root = seed.with("training").with(version.network()).with(version.version());
        StochasticGradientDescent current = optimiser(version.version());
        Augmentation augmentation = new Augmentation(refinements.augmentation());
        NDList averages = copies(manager, previous.averages());
        try (Training training = new Training(
                manager,
                previous.network()
                        .withParameters(copies(manager, previous.network().parameters())),
                copies(manager, previous.velocities()))) {
            for (int step = 0; step < steps; step++) {
                beforeStep.run();
                int[] ids = root.with("images").with(step).sample(batch, images.size());
                int[] labels = images.labels(ids);
                AttackTask task = new AttackTask(
                        prior,
                        images.shape(),
                        bytes(images, ids, root.with("shift").with(step)),
                        labels,
                        Optional.empty(),
                        root.with("attack").with(step));
                try (NDManager scope = manager.newSubManager()) {
                    NDArray perturbed =
                            task.run(scope, training.network(), normalization).images();
                    NDArray input = augmentation.perImage(
                            new ThreatModel(prior.space(), normalization).normalised(perturbed),
                            root.with("augmentation").with(step));
                    correct += hits(training.network().predict(input), labels);
                    seen += labels.length;
                    step(training, current, input, Tensors.oneHot(scope, labels, images.classes()));
                }
                averages = averaged(manager, averages, training.network().parameters());
            }
            training.network().parameters().attach(manager);
            training.velocities().attach(manager);
            return new PoolMember(training.network(), training.velocities(), averages, correct, seen);
        }
    }

    private void step(Training training, StochasticGradientDescent current, NDArray input, NDArray targets) {
        if (refinements.curvature() == 0) {
            training.step(current, input, targets);
        } else {
            var regularised = new CurvatureRegularization(refinements.curvature(), CURVATURE_STEP);
            training.step(current, input, (network, images) -> regularised.loss(network, images, targets));
        }
    }

    /** The averages after a step, in {@code manager}; those before are freed. */
    private NDList averaged(NDManager manager, NDList averages, NDList parameters) {
        NDList next = new NDList(averages.size());
        for (int i = 0; i < averages.size(); i++) {
            try (NDManager scope = manager.newSubManager()) {
                NDArray before = averages.get(i);
                before.attach(scope);
                NDArray now = Tensors.detached(scope, parameters.get(i));
                NDArray mean = before.add(Scalars.mul(now.sub(before), 1 - refinements.averaging()));
                mean.attach(manager);
                next.add(mean);
            }
        }
        return next;
    }

    private StochasticGradientDescent optimiser(int version) {
        int versions = refinements.versions();
        return versions == 0
                ? optimiser
                : optimiser.withLearningRate(
                        optimiser.learningRate() * (1 + Math.cos(Math.PI * (version - 1) / versions)) / 2);
    }

    private byte[] bytes(LabelledImages images, int[] ids, Seed draws) {
        byte[] bytes = images.bytes(ids);
        return refinements.versions() == 0 ? bytes : FlipAndShift.of(bytes, images.shape(), draws);
    }

    private static NDList copies(NDManager manager, NDList arrays) {
        NDList copies = new NDList(arrays.size());
        for (NDArray array : arrays) {
            NDArray copy = array.duplicate();
            copy.attach(manager);
            copies.add(copy);
        }
        return copies;
    }

    private static long hits(int[] predicted, int[] labels) {
        long hits = 0;
        for (int i = 0; i < labels.length; i++) {
            hits += predicted[i] == labels[i] ? 1 : 0;
        }
        return hits;
    }
}
