package dev.romestream.robustness.distill;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.romestream.robustness.augment.Augmentation;
import dev.romestream.robustness.network.NeuralNetwork;
import dev.romestream.robustness.tensor.Autograd;
import dev.romestream.robustness.tensor.Seed;
import dev.romestream.robustness.tensor.Tensors;
import dev.romestream.robustness.train.CrossEntropy;
import dev.romestream.robustness.train.StochasticGradientDescent;
import dev.romestream.robustness.train.TrainingSet;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * MTT (Cazenavette et al., CVPR 2022) and, with adversarially trained, averaged experts, MAT (Lai et al. 2025): a student begins with
 * the parameters of an expert after some epoch, takes a few steps on the synthetic images, and is to arrive where the expert was some
 * epochs later: {@code L = ||student_N - expert_(t+M)||^2 / ||expert_t - expert_(t+M)||^2}, with all parameters. The student's learning
 * rate is learned, too.
 */
public final class TrajectoryMatching implements DistillationMethod {
    private final NDManager manager;
    private final NetworkSource experts;
    private final Student student;
    private final StochasticGradientDescent images;
    private final StochasticGradientDescent rates;
    private final Seed seed;

    /**
     * How the student is trained.
     *
     * @param steps of SGD without momentum
     * @param batch synthetic images of a step
     * @param learningRate to begin with
     * @param strategy of the augmentation, with a draw for each image
     */
    public record Student(int steps, int batch, double learningRate, String strategy) {}

    /**
     * A matching of trajectories.
     *
     * @param experts of a {@link TrajectorySchedule}
     * @param images how these are stepped
     * @param rates how the student's learning rate is stepped
     */
    public TrajectoryMatching(
            NDManager parent,
            NetworkSource experts,
            Student student,
            StochasticGradientDescent images,
            StochasticGradientDescent rates,
            Seed seed) {
        this.manager = parent.newSubManager();
        this.experts = experts;
        this.student = student;
        this.images = images;
        this.rates = rates;
        this.seed = seed;
    }

    @Override
    public void step(SyntheticSet set, int iteration) {
        List<PoolMember> stretch = experts.networks(iteration);
        NeuralNetwork start = stretch.get(0).averaged();
        NeuralNetwork goal = stretch.get(1).averaged();
        try (NDManager scope = manager.newSubManager()) {
            if (set.state().isEmpty()) {
                set.begin(new NDList(scope.create(new float[] {(float) student.learningRate()})));
            }
            NDList at = new NDList();
            for (int label = 0; label < set.classes(); label++) {
                at.add(Autograd.leaf(scope, set.images(label)));
            }
            NDList rate = new NDList(Autograd.leaf(scope, set.state().head()));
            NDArray loss = loss(start, goal, set.trainingSet(at), rate.head(), seed.with(iteration));
            NDList gradients = Autograd.last(loss, new NDList(at).addAll(rate));
            for (int label = 0; label < set.classes(); label++) {
                set.update(label, gradients.get(label), images);
            }
            set.updateState(gradients.subNDList(set.classes()), rates);
        }
    }

    /**
     * A scalar, differentiable by what {@code shown} is made of and by the rate.
     *
     * @param rate of the student, one value
     */
    NDArray loss(NeuralNetwork start, NeuralNetwork goal, TrainingSet shown, NDArray rate, Seed draws) {
        NDManager scope = rate.getManager();
        Augmentation augmentation = new Augmentation(student.strategy());
        NDList from = new NDList();
        start.parameters().forEach(parameter -> from.add(Autograd.leaf(scope, parameter)));
        int batches = (shown.size() + student.batch() - 1) / student.batch();
        NDList now = from;
        for (int step = 0; step < student.steps(); step++) {
            int[] ids = batch(shown.size(), step % batches, draws.with("order").with(step / batches));
            NDArray seen = augmentation.perImage(
                    shown.images(scope, ids), draws.with("augmentation").with(step));
            NDArray entropy =
                    CrossEntropy.mean(start.withComputedParameters(now).logits(seen), shown.targets(scope, ids));
            NDList gradients = Autograd.differentiable(entropy, now);
            NDList next = new NDList();
            for (int i = 0; i < now.size(); i++) {
                next.add(now.get(i).sub(gradients.get(i).mul(rate)));
            }
            now = next;
        }
        return squares(now, goal.parameters()).div(squares(from, goal.parameters()));
    }

    private int[] batch(int images, int number, Seed order) {
        if (images <= student.batch()) {
            return IntStream.range(0, images).toArray();
        }
        int from = number * student.batch();
        return Arrays.copyOfRange(order.sample(images, images), from, Math.min(images, from + student.batch()));
    }

    /** The sum of squared differences from constants, in the manager of {@code a}. */
    private static NDArray squares(NDList a, NDList constants) {
        NDArray sum = null;
        for (int i = 0; i < a.size(); i++) {
            NDArray one = a.get(i);
            NDArray part = one.sub(Tensors.detached(one.getManager(), constants.get(i)))
                    .square()
                    .sum();
            sum = sum == null ? part : sum.add(part);
        }
        return sum;
    }

    @Override
    public void close() {
        experts.close();
        manager.close();
    }
}
