package dev.romestream.robustness.attack;

import dev.romestream.robustness.tensor.Seed;
import java.util.List;
import java.util.SplittableRandom;

/**
 * One run of Auto-PGD (Croce and Hein 2020): momentum, and steps that are halved, back at the best point,
 * where they no longer help. An image that is misclassified leaves the run.
 */
final class Apgd {
    private static final double FIRST_CHECK = 0.22;
    private static final double SHORTEST_PERIOD = 0.06;
    private static final double PERIOD_DECREASE = 0.03;
    private static final double MOMENTUM = 0.75;
    private static final double RISING_SHARE = 0.75;

    private final Oracle oracle;
    private final Ball ball;
    private final int steps;
    private final Loss loss;

    /** One image on its way. */
    private final class Track {
        private final int label;
        private final int target;
        private final float[] clean;
        private final double[] losses = new double[steps];
        private float[] current;
        private float[] previous;
        private float[] gradient;
        private float[] best;
        private float[] bestGradient;
        private double bestLoss;
        private double bestLossAtCheck;
        private boolean reducedAtCheck = true;
        private double stepSize = 2 * ball.epsilon();
        private boolean misclassified;

        Track(float[] clean, int label, int target, SplittableRandom random) {
            this.label = label;
            this.target = target;
            this.clean = clean;
            this.current = ball.start(clean, random);
            this.previous = current;
        }

        private void advance(double momentum) {
            float[] next = ball.stepped(current, previous, clean, gradient, stepSize, momentum);
            previous = current;
            current = next;
        }

        private void begin(float[] logits, double loss, float[] gradientThere) {
            gradient = gradientThere;
            best = current;
            bestGradient = gradient;
            bestLoss = loss;
            bestLossAtCheck = loss;
            misclassified = Rows.argMax(logits) != label;
        }

        private void arrive(int step, float[] logits, double loss, float[] gradientThere) {
            gradient = gradientThere;
            losses[step] = loss;
            if (loss > bestLoss) {
                bestLoss = loss;
                best = current;
                bestGradient = gradient;
            }
            if (Rows.argMax(logits) != label) {
                best = current;
                misclassified = true;
            }
        }

        private void check(int step, int period) {
            int rises = 0;
            for (int back = 0; back < period; back++) {
                int now = step - back;
                double before = losses[(now - 1 + steps) % steps];
                rises += losses[now] > before ? 1 : 0;
            }
            boolean oscillates = rises <= RISING_SHARE * period;
            boolean stuck = !reducedAtCheck && bestLossAtCheck >= bestLoss;
            reducedAtCheck = oscillates || stuck;
            bestLossAtCheck = bestLoss;
            if (reducedAtCheck) {
                stepSize /= 2;
                current = best;
                gradient = bestGradient;
            }
        }
    }

    Apgd(Oracle oracle, Ball ball, int steps, Loss loss) {
        this.oracle = oracle;
        this.ball = ball;
        this.steps = steps;
        this.loss = loss;
    }

    /**
     * Runs from a random start.
     *
     * @param images which rows of {@code clean} are attacked
     * @return for every one of {@code images}, in order
     */
    List<AttackResult> run(float[][] clean, int[] labels, int[] targets, List<Integer> images, Seed seed) {
        List<Track> all = images.stream()
                .map(i ->
                        new Track(clean[i], labels[i], targets[i], seed.with(i).random()))
                .toList();
        List<Track> running = all;
        ask(running, -1);
        int period = Math.max((int) (FIRST_CHECK * steps), 1);
        int shortest = Math.max((int) (SHORTEST_PERIOD * steps), 1);
        int decrease = Math.max((int) (PERIOD_DECREASE * steps), 1);
        int sinceCheck = 0;
        for (int step = 0; step < steps; step++) {
            running = running.stream().filter(track -> !track.misclassified).toList();
            if (running.isEmpty()) {
                break;
            }
            double momentum = step == 0 ? 1 : MOMENTUM;
            running.forEach(track -> track.advance(momentum));
            ask(running, step);
            sinceCheck++;
            if (sinceCheck == period) {
                for (Track track : running) {
                    track.check(step, period);
                }
                period = Math.max(period - decrease, shortest);
                sinceCheck = 0;
            }
        }
        return all.stream()
                .map(track -> new AttackResult(track.best, track.misclassified))
                .toList();
    }

    /** @param step -1 at the start */
    private void ask(List<Track> tracks, int step) {
        float[][] points = tracks.stream().map(track -> track.current).toArray(float[][]::new);
        int[] labels = tracks.stream().mapToInt(track -> track.label).toArray();
        int[] targets = tracks.stream().mapToInt(track -> track.target).toArray();
        Oracle.Gradients answer = oracle.gradients(points, loss, labels, targets);
        if (step < 0) {
            oracle.noteZeroGradients(answer.gradients());
        }
        for (int row = 0; row < points.length; row++) {
            Track track = tracks.get(row);
            if (step < 0) {
                track.begin(answer.logits()[row], answer.losses()[row], answer.gradients()[row]);
            } else {
                track.arrive(step, answer.logits()[row], answer.losses()[row], answer.gradients()[row]);
            }
        }
    }
}
