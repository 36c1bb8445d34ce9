package dev.romestream.distiller;

import static org.assertj.core.api.Assertions.assertThat;

import dev.romestream.robustness.distill.NetworkSchedule.Version;
import dev.romestream.robustness.distill.PoolSchedule;
import dev.romestream.robustness.tensor.Seed;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class PoolRetirementTest {
    /** The paper's, for CIFAR-10 at 50 images per class. */
    private static final PoolSchedule.Rule PAPER = new PoolSchedule.Rule(100, 3, 30, 2);

    private static final int ITERATIONS = 20_000;

    /** Parameters and momentum of the paper's network, 320,010 values each. */
    private static final long NETWORK_BYTES = 2 * 320_010L * Float.BYTES;

    private static PoolSchedule schedule() {
        return new PoolSchedule(PAPER, new Seed(1));
    }

    private static Map<Integer, NavigableSet<Integer>> versions(List<Version> there) {
        Map<Integer, NavigableSet<Integer>> versions = new HashMap<>();
        there.forEach(version -> versions.computeIfAbsent(version.network(), any -> new TreeSet<>())
                .add(version.version()));
        return versions;
    }

    @Test
    void membersStayAsTheyWereLastMatched() {
        PoolSchedule schedule = new PoolSchedule(new PoolSchedule.Rule(2, 1, 2, 1), new Seed(1));
        // network 0 is alone until iteration 2, and gone from iteration 4 on
        assertThat(schedule.members(1)).isEqualTo(Map.of(0, Optional.of(new Version(0, 0))));
        assertThat(schedule.members(2)).isEqualTo(Map.of(0, Optional.of(new Version(0, 1))));
        Map<Integer, Optional<Version>> later = schedule.members(5);
        assertThat(later.keySet()).containsExactly(1, 2);
        later.forEach((network, last) -> {
            List<Version> matched = new ArrayList<>();
            for (int iteration = 0; iteration < 5; iteration++) {
                schedule.matched(iteration).stream()
                        .filter(version -> version.network() == network)
                        .forEach(matched::add);
            }
            assertThat(last)
                    .isEqualTo(matched.isEmpty() ? Optional.empty() : Optional.of(matched.get(matched.size() - 1)));
        });
    }

    @Test
    void aPoolThatGoesOnGainsItsFreshNetworksWhereTheIterationsBeforeCount() {
        var rule = new PoolSchedule.Rule(9, 1, 10, 1);
        assertThat(new PoolSchedule(rule, new Seed(1)).members(9)).hasSize(1);
        assertThat(new PoolSchedule(rule, new Seed(1), 14).members(6)).hasSize(1);
        assertThat(new PoolSchedule(rule, new Seed(1), 14).members(7)).hasSize(2);
        assertThat(new PoolSchedule(rule, new Seed(1), 20).members(1))
                .as("at its beginning")
                .hasSize(2);
    }

    @Test
    void whatAnyExperimentStillMatchesStaysAndWhatItIsMadeFrom() {
        PoolSchedule schedule = schedule();
        List<Version> there = new ArrayList<>();
        for (int iteration = 0; iteration < 300; iteration++) {
            there.add(schedule.matched(iteration).get(0));
        }
        var early = new PoolRetirement.Position(schedule(), 100, ITERATIONS);
        var late = new PoolRetirement.Position(schedule(), 250, ITERATIONS);
        List<Version> passed = PoolRetirement.passed(versions(there), List.of(early, late));
        for (int iteration = 100; iteration < 300; iteration++) {
            assertThat(passed).doesNotContain(schedule.matched(iteration).get(0));
        }
        // every network that is matched again keeps the version that it goes on from
        var kept = versions(there);
        passed.forEach(version -> kept.get(version.network()).remove(version.version()));
        for (int iteration = 300; iteration < 1000; iteration++) {
            Version next = schedule.matched(iteration).get(0);
            var before = versions(there).get(next.network());
            if (before != null && before.floor(next.version()) != null) {
                assertThat(kept.get(next.network())).isNotEmpty();
            }
        }
        assertThat(passed).isNotEmpty();
    }

    @Test
    void whenEveryExperimentHasEndedNothingStays() {
        List<Version> there = List.of(new Version(0, 0), new Version(0, 3), new Version(2, 1));
        var ended = new PoolRetirement.Position(schedule(), ITERATIONS, ITERATIONS);
        assertThat(PoolRetirement.passed(versions(there), List.of(ended))).containsExactlyInAnyOrderElementsOf(there);
    }

    /**
     * What {@code paper-cifar10-ipc50} keeps alive, by the same rules: only matched versions are there, priors stay an hour.
     * The limit is the design's.
     */
    @Test
    void theBytesAliveOfThePapersRunStayUnder20GB() {
        PoolSchedule schedule = schedule();
        Map<Integer, NavigableSet<Integer>> there = new HashMap<>();
        int most = 0;
        int last = 0;
        for (int iteration = 0; iteration < ITERATIONS; iteration++) {
            // requests run ahead by four windows of four iterations
            for (; last < Math.min(ITERATIONS, iteration + 16); last++) {
                Version version = schedule.matched(last).get(0);
                there.computeIfAbsent(version.network(), any -> new TreeSet<>()).add(version.version());
            }
            // retired at the end of every tenth segment of fifty iterations; in earnest, of each
            if (iteration % 500 == 0) {
                most = Math.max(most, count(there));
                var position = new PoolRetirement.Position(schedule, iteration, ITERATIONS);
                PoolRetirement.passed(there, List.of(position))
                        .forEach(version -> there.get(version.network()).remove(version.version()));
            }
        }
        long networks = most * NETWORK_BYTES;
        // an embedding of 2,048 values for each of four parts of ten classes, an iteration a second for an hour
        long priors = 3600L * 10 * 4 * (2048 * Float.BYTES + 300);
        long images = 60_000L * 3072;
        long snapshots = 41L * 500 * 3072 * Float.BYTES;
        long checkpoints = 2L * 500 * 3072 * Float.BYTES * 2;
        long alive = networks + priors + images + snapshots + checkpoints;
        System.out.printf(
                "paper-cifar10-ipc50: at most %d network versions alive, %.1f GB in all (limit 20)%n",
                most, alive / 1e9);
        assertThat(alive).isLessThan(20_000_000_000L);
    }

    private static int count(Map<Integer, NavigableSet<Integer>> there) {
        return there.values().stream().mapToInt(NavigableSet::size).sum();
    }
}
