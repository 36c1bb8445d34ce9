package dev.romestream.distiller;

import dev.romestream.exchange.experiment.DistillationDefaults;
import dev.romestream.robustness.distill.MultiFormation;
import dev.romestream.robustness.distill.NetworkSchedule;
import dev.romestream.schemas.AttackSpec;
import dev.romestream.schemas.DatasetDescriptor;
import dev.romestream.schemas.DistillationSpec;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.GradientSpec;
import dev.romestream.schemas.Pool;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What sets cost, in gradient evaluations: a forward and a backward pass over one image. A forward pass alone counts a third, and a
 * pass back through a gradient as much as the gradient again. Networks count alike, whatever their size.
 */
public final class DistillationCost {
    private static final double FORWARD = 1 / 3.0;
    /** The gradient, the one at its end, and the way back through the second. */
    private static final double CURVATURE_GRADIENTS = 4;

    private DistillationCost() {}

    /** A distillation, and of how many classes. */
    record Workload(DistillationSpec spec, int classes) {
        /** Images that the synthetic set is as networks see it. */
        double synthetic() {
            return images(spec, classes);
        }

        /** Real images of an iteration. */
        double real() {
            return (double) classes * spec.getRealBatch();
        }
    }

    /** Images that a synthetic set is as networks see it: of a mosaic, four. */
    public static double images(DistillationSpec spec, int classes) {
        return (double) classes * spec.getImagesPerClass() * (spec.getMultiFormation() ? MultiFormation.IMAGES : 1);
    }

    /** Of a method that lets networks see the synthetic images alone. */
    static double ofSynthetic(Workload workload) {
        return workload.synthetic();
    }

    /** Of a method that compares embeddings of real and synthetic images. */
    static double ofEmbeddings(Workload workload) {
        return workload.synthetic() + FORWARD * workload.real();
    }

    static double ofGradients(Workload workload) {
        GradientSpec loops = workload.spec().getGradients();
        double matched = loops.getOuter() * (workload.real() + 2 * workload.synthetic());
        return matched + (loops.getOuter() - 1.0) * loops.getInner() * workload.synthetic();
    }

    static double ofTrajectories(Workload workload) {
        var student = workload.spec().getTrajectories();
        return 2.0 * student.getSteps() * Math.min(student.getStudentBatch(), workload.synthetic());
    }

    /** The images are attacked twice: to be cut into batches, and in each batch. */
    static double ofContrast(Workload workload) {
        return workload.synthetic()
                * (2.0 * workload.spec().getContrast().getAttack().getSteps() + 2);
    }

    /**
     * What the set of an experiment costs, part by part: its own, and those of the networks and priors that it uses. Parts of the same
     * name are made once for all experiments.
     */
    public static Map<String, Double> of(Experiment experiment, DatasetDescriptor dataset) {
        DistillationSpec spec = DistillationDefaults.fill(experiment.getDistillation());
        int iterations = DistillationDefaults.iterations(spec);
        Workload workload = new Workload(spec, dataset.getClasses().size());
        Map<String, Double> parts = new TreeMap<>();
        parts.put(
                "images of " + DistillationRun.specification(experiment, spec, dataset),
                iterations * Methods.cost(workload));
        Methods.networks(experiment, dataset, List.of()).ifPresent(networks -> {
            parts.putAll(pool(networks, iterations));
            if (Methods.needsPriors(spec)) {
                parts.put(
                        "priors of " + networks.pool().getId() + ", " + spec.getRealBatch() + " of a class, "
                                + spec.getAugmentation(),
                        iterations
                                * workload.real()
                                * (spec.getPrior().getAttack().getSteps() + FORWARD));
            }
        });
        DistillationRun.choosers(experiment, dataset)
                .forEach(teacher -> parts.merge(name(teacher), cost(teacher), Math::max));
        DistillationRun.teachers(experiment, dataset)
                .forEach(teacher -> parts.merge(name(teacher), cost(teacher), Math::max));
        return parts;
    }

    private static Map<String, Double> pool(Methods.Networks networks, int iterations) {
        Map<Integer, Integer> last = new HashMap<>();
        for (int iteration = 0; iteration < iterations; iteration++) {
            for (NetworkSchedule.Version matched : networks.schedule().matched(iteration)) {
                last.merge(matched.network(), matched.version(), Math::max);
            }
        }
        Map<String, Double> parts = new TreeMap<>();
        last.forEach((network, version) ->
                parts.put(Pools.networkId(networks.pool(), network), version * trained(networks.pool())));
        return parts;
    }

    private static String name(Pools.Teacher teacher) {
        return Pools.networkId(teacher.pool(), teacher.number());
    }

    private static double cost(Pools.Teacher teacher) {
        return teacher.pool().getVersions() * trained(teacher.pool());
    }

    /** From one version of a network to the next. */
    private static double trained(Pool pool) {
        AttackSpec attack = pool.getPrior();
        double image = pool.getCurvature() > 0 ? CURVATURE_GRADIENTS : 1.0 + attack.getSteps();
        return (double) pool.getTrainSteps() * pool.getBatch() * image;
    }
}
