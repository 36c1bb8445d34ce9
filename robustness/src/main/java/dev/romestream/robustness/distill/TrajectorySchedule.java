package dev.romestream.robustness.distill;

import dev.romestream.robustness.tensor.Seed;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Which stretch of which expert's training is matched: experts take turns in an order that is drawn anew for every round, each from
 * a random epoch on.
 *
 * @param experts networks whose trainings are matched
 * @param starts epochs that a stretch may begin after: 0 to {@code starts} - 1
 * @param length of a stretch in epochs
 */
public record TrajectorySchedule(int experts, int starts, int length, Seed seed) implements NetworkSchedule {

    /** The expert where the stretch begins, and where it ends. */
    @Override
    public List<Version> matched(int iteration) {
        int[] order = seed.with("round").with(iteration / experts).sample(experts, experts);
        int expert = order[iteration % experts];
        SplittableRandom random = seed.with("start").with(iteration).random();
        int start = random.nextInt(starts);
        return List.of(new Version(expert, start), new Version(expert, start + length));
    }
}
