package dev.romestream.robustness.attack;

import dev.romestream.robustness.tensor.Seed;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * FAB (Croce and Hein 2020): steps to the linearised decision boundary, by the shortest way within the range, biased
 * towards the clean image; an adversarial point steps back towards it. An image is misclassified when such a point lies within epsilon.
 */
record Fab(Ball ball, int steps, Aim aim) implements StagedAttack {
    /** Whose boundary is sought. */
    enum Aim {
        /** The nearest of all classes. */
        NEAREST,
        /** Class (label + 1) mod classes. */
        NEXT,
        /** Those of the most likely wrong classes in turn (FAB-T). */
        LIKELIEST
    }

    private static final double MOST_BIAS = 0.1;
    private static final double OVERSHOOT = 1.05;
    private static final double BACK = 0.9;

    /** A linearised boundary: where {@code value + gradient * (x - point)} is zero. */
    private record Boundary(double value, float[] gradient) {
        double distance(Ball ball) {
            return Math.abs(value) / (ball.dual(gradient) + 1e-12);
        }
    }

    @Override
    public void run(Field field, Seed seed) {
        switch (aim) {
            case NEAREST -> search(field, Optional.empty());
            case NEXT ->
                search(
                        field,
                        Optional.of(
                                Rows.nextClasses(field.labels(), field.oracle().classes())));
            case LIKELIEST -> {
                for (int n = 1; n <= field.targets(); n++) {
                    search(field, Optional.of(field.likelyTargets(n)));
                }
            }
        }
    }

    /** @param targets whose boundary is sought, image by image; empty for the nearest of all classes */
    private void search(Field field, Optional<int[]> targets) {
        List<Integer> images = field.robust();
        float[][] points = Rows.select(field.clean(), images);
        boolean[] misclassified = new boolean[points.length];
        List<Integer> running = Rows.all(points);
        for (int step = 0; step < steps && !running.isEmpty(); step++) {
            List<Boundary> boundaries = boundaries(field, points, images, running, targets);
            for (int i = 0; i < running.size(); i++) {
                int row = running.get(i);
                points[row] = stepped(points[row], field.clean()[images.get(row)], boundaries.get(i));
            }
            float[][] logits = field.oracle().logits(Rows.select(points, running));
            List<Integer> next = new ArrayList<>();
            for (int i = 0; i < running.size(); i++) {
                int row = running.get(i);
                float[] clean = field.clean()[images.get(row)];
                if (Rows.argMax(logits[i]) != field.labels()[images.get(row)]) {
                    misclassified[row] = ball.distance(points[row], clean) <= ball.epsilon();
                    if (!misclassified[row]) {
                        points[row] = back(points[row], clean);
                    }
                }
                if (!misclassified[row]) {
                    next.add(row);
                }
            }
            running = next;
        }
        List<AttackResult> outcomes = new ArrayList<>();
        for (int row = 0; row < points.length; row++) {
            outcomes.add(new AttackResult(points[row], misclassified[row]));
        }
        field.enter(outcomes);
    }

    private List<Boundary> boundaries(
            Field field, float[][] points, List<Integer> images, List<Integer> running, Optional<int[]> targets) {
        float[][] at = Rows.select(points, running);
        int[] labels = running.stream()
                .mapToInt(row -> field.labels()[images.get(row)])
                .toArray();
        List<Boundary> boundaries = new ArrayList<>();
        if (targets.isPresent()) {
            int[] aims = running.stream()
                    .mapToInt(row -> targets.get()[images.get(row)])
                    .toArray();
            Loss gap = (logits, own, others) -> Loss.at(logits, others).sub(Loss.at(logits, own));
            Oracle.Gradients answer = field.oracle().gradients(at, gap, labels, aims);
            for (int i = 0; i < at.length; i++) {
                float[] logits = answer.logits()[i];
                boundaries.add(new Boundary(logits[aims[i]] - logits[labels[i]], answer.gradients()[i]));
            }
            return boundaries;
        }
        Oracle.Jacobians answer = field.oracle().jacobians(at);
        for (int i = 0; i < at.length; i++) {
            boundaries.add(nearest(answer.logits()[i], answer.gradients()[i], labels[i]));
        }
        return boundaries;
    }

    private Boundary nearest(float[] logits, float[][] gradients, int label) {
        Boundary nearest = null;
        for (int other = 0; other < logits.length; other++) {
            if (other != label) {
                float[] gradient = new float[gradients[label].length];
                for (int i = 0; i < gradient.length; i++) {
                    gradient[i] = gradients[other][i] - gradients[label][i];
                }
                Boundary candidate = new Boundary((double) logits[other] - logits[label], gradient);
                if (nearest == null || candidate.distance(ball) < nearest.distance(ball)) {
                    nearest = candidate;
                }
            }
        }
        return nearest;
    }

    private float[] stepped(float[] point, float[] clean, Boundary boundary) {
        double[] fromPoint = shortest(ball.norm(), point, boundary.gradient(), -boundary.value());
        double atClean = boundary.value();
        for (int i = 0; i < point.length; i++) {
            atClean += (double) boundary.gradient()[i] * (clean[i] - point[i]);
        }
        double[] fromClean = shortest(ball.norm(), clean, boundary.gradient(), -atClean);
        double one = Math.max(ball.length(fromPoint), 1e-8);
        double other = Math.max(ball.length(fromClean), 1e-8);
        double bias = Math.min(one / (one + other), MOST_BIAS);
        float[] stepped = new float[point.length];
        for (int i = 0; i < point.length; i++) {
            stepped[i] = Rows.clamp(
                    (1 - bias) * (point[i] + OVERSHOOT * fromPoint[i]) + bias * (clean[i] + OVERSHOOT * fromClean[i]),
                    0,
                    1);
        }
        return stepped;
    }

    /**
     * The shortest displacement d with {@code w * d = change} and x + d in [0, 1]; as far as possible where the range does not
     * allow that. Every coordinate moves in its useful direction, by the same amount (L-infinity) or in proportion to its weight
     * (L2), or up to its end of the range.
     */
    static double[] shortest(Norm norm, float[] x, float[] w, double change) {
        double[] room = new double[x.length];
        double[] rate = new double[x.length];
        double[] end = new double[x.length];
        double slope = 0;
        for (int i = 0; i < x.length; i++) {
            boolean up = w[i] > 0 == change > 0;
            room[i] = w[i] == 0 ? 0 : Math.max(0, up ? 1.0 - x[i] : x[i]);
            rate[i] = norm == Norm.LINF ? 1 : Math.abs(w[i]);
            end[i] = w[i] == 0 ? 0 : room[i] / rate[i];
            slope += Math.abs(w[i]) * rate[i];
        }
        Integer[] order = new Integer[x.length];
        Arrays.setAll(order, i -> i);
        Arrays.sort(order, Comparator.comparingDouble(i -> end[i]));
        double wanted = Math.abs(change);
        double reached = 0;
        double amount = 0;
        for (int i : order) {
            double step = end[i] - amount;
            if (reached + slope * step >= wanted) {
                break;
            }
            reached += slope * step;
            amount = end[i];
            slope -= Math.abs(w[i]) * rate[i];
        }
        double last = reached < wanted && slope > 0 ? (wanted - reached) / slope : 0;
        double[] displacement = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            displacement[i] = Math.min((amount + last) * rate[i], room[i]) * Math.signum(w[i]) * Math.signum(change);
        }
        return displacement;
    }

    private static float[] back(float[] point, float[] clean) {
        float[] back = new float[point.length];
        for (int i = 0; i < back.length; i++) {
            back[i] = (float) (clean[i] + BACK * ((double) point[i] - clean[i]));
        }
        return back;
    }
}
