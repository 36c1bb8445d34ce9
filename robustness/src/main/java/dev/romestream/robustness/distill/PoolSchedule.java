package dev.romestream.robustness.distill;

import dev.romestream.robustness.tensor.Seed;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Which network of the pool is matched in which iteration, at which version, and which train: a pure function of the iteration.
 * The pool begins with some networks, gains a fresh one every so often and loses its oldest when it is full; each iteration
 * matches one, and then trains some. Safe for use by several threads.
 */
public final class PoolSchedule implements NetworkSchedule {
    private final Rule rule;
    private final Seed seed;
    private final long before;
    private final Deque<Integer> members = new ArrayDeque<>();
    private final Map<Integer, Integer> versions = new HashMap<>();
    private final List<Version> matched = new ArrayList<>();
    private int born;

    /**
     * The shape of a schedule.
     *
     * @param size most networks at a time
     * @param initial networks before the first iteration
     * @param generateInterval iterations between fresh networks
     * @param trainedPerIteration networks that train in each iteration
     */
    public record Rule(int size, int initial, int generateInterval, int trainedPerIteration) {
        public Rule {
            if (initial > size) {
                throw new IllegalArgumentException("The pool begins with " + initial + " networks and holds at most "
                        + size + "; pool.initial must not exceed pool.size.");
            }
        }
    }

    public PoolSchedule(Rule rule, Seed seed) {
        this(rule, seed, 0);
    }

    /** @param before iterations that the pool has behind it already */
    public PoolSchedule(Rule rule, Seed seed, long before) {
        this.rule = rule;
        this.seed = seed;
        this.before = before;
        for (int i = 0; i < rule.initial(); i++) {
            append();
        }
    }

    private void append() {
        members.addLast(born);
        versions.put(born, 0);
        born++;
        if (members.size() > rule.size()) {
            versions.remove(members.removeFirst());
        }
    }

    @Override
    public synchronized List<Version> matched(int iteration) {
        while (matched.size() <= iteration) {
            advance(matched.size());
        }
        return List.of(matched.get(iteration));
    }

    /** The networks that are in the pool after so many iterations, the oldest first, by the versions in which they were last matched; empty where they never were. */
    public Map<Integer, Optional<Version>> members(int iterations) {
        PoolSchedule replayed = new PoolSchedule(rule, seed, before);
        Map<Integer, Version> last = new HashMap<>();
        for (int iteration = 0; iteration < iterations; iteration++) {
            replayed.matched(iteration).forEach(version -> last.put(version.network(), version));
        }
        Map<Integer, Optional<Version>> members = new LinkedHashMap<>();
        replayed.members.forEach(network -> members.put(network, Optional.ofNullable(last.get(network))));
        return members;
    }

    private void advance(int iteration) {
        long age = before + iteration;
        if (age > 0 && age % rule.generateInterval() == 0) {
            append();
        }
        List<Integer> now = List.copyOf(members);
        int chosen = now.get(seed.with("match").with(iteration).random().nextInt(now.size()));
        matched.add(new Version(chosen, versions.get(chosen)));
        for (int position : seed.with("train")
                .with(iteration)
                .sample(Math.min(rule.trainedPerIteration(), now.size()), now.size())) {
            versions.merge(now.get(position), 1, Integer::sum);
        }
    }
}
