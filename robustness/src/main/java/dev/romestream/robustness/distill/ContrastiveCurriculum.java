package dev.romestream.robustness.distill;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import dev.romestream.robustness.attack.Attack;
import dev.romestream.robustness.attack.AttackSettings;
import dev.romestream.robustness.attack.Attacks;
import dev.romestream.robustness.augment.Augmentation;
import dev.romestream.robustness.network.NeuralNetwork;
import dev.romestream.robustness.network.Normalization;
import dev.romestream.robustness.network.ThreatModel;
import dev.romestream.robustness.tensor.Autograd;
import dev.romestream.robustness.tensor.Scalars;
import dev.romestream.robustness.tensor.Seed;
import dev.romestream.robustness.tensor.Tensors;
import dev.romestream.robustness.train.CrossEntropy;
import dev.romestream.robustness.train.StochasticGradientDescent;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * C2R (Li et al., ICML 2026), a reconstruction from what is public of it: a network of an adversarially trained pool attacks the
 * synthetic images; those it fools most come first in batches, and each batch's images are stepped on
 * {@code L = (1 - eta) * mean CE(f(x), y) + eta * contrast(x, x')}.
 *
 * @see #contrast
 */
public final class ContrastiveCurriculum implements DistillationMethod {
    private final NDManager manager;
    private final NetworkSource pool;
    private final AttackSettings attack;
    private final Normalization normalization;
    private final Terms terms;
    private final String strategy;
    private final StochasticGradientDescent optimiser;
    private final Seed seed;

    /**
     * Weights of the loss, and how much of the set it sees at a time.
     *
     * @param eta weight of the contrast
     * @param temperature of the contrast
     * @param batch stored images
     */
    public record Terms(double eta, double temperature, int batch) {}

    /** @param attack on the synthetic images */
    public ContrastiveCurriculum(
            NDManager parent,
            NetworkSource pool,
            AttackSettings attack,
            Normalization normalization,
            Terms terms,
            String strategy,
            StochasticGradientDescent optimiser,
            Seed seed) {
        this.manager = parent.newSubManager();
        this.pool = pool;
        this.attack = attack;
        this.normalization = normalization;
        this.terms = terms;
        this.strategy = strategy;
        this.optimiser = optimiser;
        this.seed = seed;
    }

    /** A stored image: its class, and its place there. */
    private record Place(int label, int position) {}

    @Override
    public void step(SyntheticSet set, int iteration) {
        NeuralNetwork network = pool.networks(iteration).get(0).network();
        Seed root = seed.with(iteration);
        try (NDManager scope = manager.newSubManager()) {
            NDList stored = set.stored(scope);
            Place[] order = hardestFirst(network, set, stored, root);
            NDList gradients = new NDList();
            stored.forEach(images -> gradients.add(images.zerosLike()));
            for (int from = 0; from < order.length; from += terms.batch()) {
                Place[] batch = Arrays.copyOfRange(order, from, Math.min(order.length, from + terms.batch()));
                add(gradients, network, set, stored, batch, root.with("batch").with(from));
            }
            for (int label = 0; label < set.classes(); label++) {
                set.update(label, gradients.get(label), optimiser);
            }
        }
    }

    /** Stored images by the largest of their scores under attack, the largest first. */
    private Place[] hardestFirst(NeuralNetwork network, SyntheticSet set, NDList stored, Seed root) {
        double[][] scores = new double[set.classes()][];
        for (int label = 0; label < set.classes(); label++) {
            NDArray shown = SyntheticSet.expanded(stored.get(label), set.multiFormation());
            int[] labels = labels(label, shown);
            NDArray perturbed =
                    perturbed(network, shown, labels, root.with("attack").with(label));
            double[] each = scores(network.logits(perturbed), labels);
            scores[label] =
                    new double[Math.toIntExact(stored.get(label).getShape().get(0))];
            for (int i = 0; i < each.length; i++) {
                int position = i % scores[label].length;
                scores[label][position] = Math.max(scores[label][position], each[i]);
            }
        }
        return IntStream.range(0, scores.length)
                .boxed()
                .flatMap(label -> IntStream.range(0, scores[label].length).mapToObj(i -> new Place(label, i)))
                .sorted(Comparator.comparingDouble((Place place) -> -scores[place.label()][place.position()]))
                .toArray(Place[]::new);
    }

    /** {@code max(0, 1 - margin)}, where the margin is the label's logit less the largest other one. */
    static double[] scores(NDArray logits, int[] labels) {
        float[] values = logits.toFloatArray();
        int classes = values.length / labels.length;
        double[] scores = new double[labels.length];
        for (int i = 0; i < labels.length; i++) {
            double other = Double.NEGATIVE_INFINITY;
            for (int k = 0; k < classes; k++) {
                other = k == labels[i] ? other : Math.max(other, values[i * classes + k]);
            }
            scores[i] = Math.max(0, 1 - (values[i * classes + labels[i]] - other));
        }
        return scores;
    }

    private static int[] labels(int label, NDArray images) {
        int[] labels = new int[Math.toIntExact(images.getShape().get(0))];
        Arrays.fill(labels, label);
        return labels;
    }

    /** Normalised images under attack, normalised. */
    private NDArray perturbed(NeuralNetwork network, NDArray images, int[] labels, Seed draws) {
        ThreatModel threat = new ThreatModel(attack.space(), normalization);
        NDArray start = detached(threat.fromNormalised(images));
        Attack.Perturbation made = Attacks.create(attack).perturb(threat.view(network), start, labels, draws);
        return Tensors.detached(images.getManager(), threat.normalised(made.images()));
    }

    private void add(
            NDList gradients, NeuralNetwork network, SyntheticSet set, NDList stored, Place[] batch, Seed draws) {
        Augmentation augmentation = new Augmentation(strategy);
        NDList at = new NDList();
        NDList shown = new NDList();
        int[] labels = new int[0];
        for (Place place : batch) {
            NDArray leaf =
                    Autograd.leaf(stored.get(place.label()).get(place.position() + ":" + (place.position() + 1)));
            NDArray seen = SyntheticSet.expanded(leaf, set.multiFormation());
            at.add(leaf);
            shown.add(seen);
            int[] own = labels(place.label(), seen);
            labels = IntStream.concat(Arrays.stream(labels), Arrays.stream(own)).toArray();
        }
        NDArray images = augmentation.siamese(NDArrays.concat(shown, 0), draws);
        NDArray perturbed = perturbed(network, images, labels, draws.with("attack"));
        NDArray loss = loss(network, images, images.add(perturbed.sub(detached(images))), labels);
        NDList made = Autograd.last(loss, at);
        for (int i = 0; i < batch.length; i++) {
            NDArray row = gradients.get(batch[i].label());
            row.set(new NDIndex(batch[i].position()), made.get(i).squeeze(0));
        }
    }

    private static NDArray detached(NDArray images) {
        return Tensors.detached(images.getManager(), images);
    }

    /** A scalar; the perturbation moves along with the image. */
    NDArray loss(NeuralNetwork network, NDArray images, NDArray perturbed, int[] labels) {
        NDArray features = network.features(images);
        NDArray oneHot = Tensors.oneHot(images.getManager(), labels, network.classes());
        NDArray performance = CrossEntropy.mean(network.classify(features), oneHot);
        NDArray contrast = contrast(features, network.features(perturbed), labels, terms.temperature());
        return Scalars.mul(performance, 1 - terms.eta()).add(Scalars.mul(contrast, terms.eta()));
    }

    /**
     * The class-balanced contrast of embeddings; a scalar: the mean over images i of the mean over positives p of
     * {@code -log(exp(s_ip / t) / sum over a of exp(s_ia / t))}, with s the cosine. Positives of i are its own perturbed image and
     * the others of its class, perturbed and not; a is over these and those of other classes, perturbed and not.
     *
     * @param clean {@code (N, features)}
     * @param perturbed {@code (N, features)}
     */
    static NDArray contrast(NDArray clean, NDArray perturbed, int[] labels, double temperature) {
        int count = labels.length;
        NDManager manager = clean.getManager();
        NDArray anchors = unit(clean);
        NDArray others = NDArrays.concat(new NDList(anchors, unit(perturbed)), 0);
        NDArray similarity = Scalars.div(anchors.matMul(others.transpose()), temperature);
        float[] self = new float[2 * count * count];
        float[] positives = new float[2 * count * count];
        for (int i = 0; i < count; i++) {
            int sharing = 0;
            for (int j = 0; j < count; j++) {
                sharing += labels[j] == labels[i] ? 2 : 0;
            }
            self[2 * count * i + i] = -1e9f;
            for (int j = 0; j < 2 * count; j++) {
                if (j != i && labels[j % count] == labels[i]) {
                    positives[2 * count * i + j] = 1f / (sharing - 1);
                }
            }
        }
        Shape shape = new Shape(count, 2L * count);
        NDArray logarithms = similarity.add(manager.create(self, shape)).logSoftmax(1);
        return Scalars.div(logarithms.mul(manager.create(positives, shape)).sum(), count)
                .neg();
    }

    private static NDArray unit(NDArray rows) {
        return rows.div(rows.square().sum(new int[] {1}, true).add(1e-12f).sqrt());
    }

    @Override
    public void close() {
        pool.close();
        manager.close();
    }
}
