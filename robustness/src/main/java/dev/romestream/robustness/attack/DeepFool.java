package dev.romestream.robustness.attack;

import dev.romestream.robustness.tensor.Seed;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * DeepFool (Moosavi-Dezfooli et al. 2016): an image steps to the nearest of its linearised decision boundaries until its class
 * changes, or it moves no more. Untargeted and without a bound; all images that still stand step together.
 *
 * @param overshoot what is added to a step, relative to it
 */
record DeepFool(int steps, double overshoot) implements RowAttack {

    @Override
    public float[][] perturb(Oracle oracle, float[][] clean, int[] labels, Seed seed) {
        float[][] current = clean.clone();
        List<Integer> robust = Rows.all(clean);
        for (int step = 0; step < steps && !robust.isEmpty(); step++) {
            Oracle.Jacobians answer = oracle.jacobians(Rows.select(current, robust));
            List<Integer> next = new ArrayList<>();
            for (int row = 0; row < robust.size(); row++) {
                int image = robust.get(row);
                if (Rows.argMax(answer.logits()[row]) == labels[image]) {
                    float[] moved = moved(current[image], answer.logits()[row], answer.gradients()[row], labels[image]);
                    // at the boundary itself, or without a gradient, an image may move no more
                    if (!Arrays.equals(moved, current[image])) {
                        current[image] = moved;
                        next.add(image);
                    }
                }
            }
            robust = next;
        }
        return current;
    }

    private float[] moved(float[] image, float[] logits, float[][] gradients, int label) {
        int nearest = -1;
        double nearestDistance = Double.POSITIVE_INFINITY;
        for (int other = 0; other < logits.length; other++) {
            if (other != label) {
                double distance =
                        Math.abs(logits[other] - logits[label]) / Rows.norm(difference(gradients, other, label));
                if (distance < nearestDistance) {
                    nearestDistance = distance;
                    nearest = other;
                }
            }
        }
        if (nearest < 0) {
            return image; // no gradient leads anywhere
        }
        float[] direction = difference(gradients, nearest, label);
        double length = Rows.norm(direction);
        double scale = (1 + overshoot) * nearestDistance / length;
        float[] moved = new float[image.length];
        for (int i = 0; i < image.length; i++) {
            moved[i] = Rows.clamp(image[i] + scale * direction[i], 0, 1);
        }
        return moved;
    }

    private static float[] difference(float[][] gradients, int one, int other) {
        float[] difference = new float[gradients[one].length];
        for (int i = 0; i < difference.length; i++) {
            difference[i] = gradients[one][i] - gradients[other][i];
        }
        return difference;
    }
}
