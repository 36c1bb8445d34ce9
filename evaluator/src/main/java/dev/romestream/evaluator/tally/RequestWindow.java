package dev.romestream.evaluator.tally;

import dev.romestream.schemas.AskedRequest;
import dev.romestream.schemas.AttackTally;
import dev.romestream.schemas.Evaluation;
import dev.romestream.schemas.Tally;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalLong;

/**
 * How many requests of an evaluation are out: two for each attacker at work on it (one in hand, one next), and one more to discover
 * further attackers; more where requests are short, so that no attacker idles. So what is withdrawn, and what another evaluation waits
 * for, is little, however long the plan.
 */
final class RequestWindow {
    /** What is asked ahead lasts longer than it takes to ask for more. */
    private static final double AHEAD_SECONDS = 0.5;
    /** Of one step on one image, by an attack that nobody has tried yet. */
    private static final double UNTRIED_SECONDS = 1e-4;

    private static final int MOST_BY_ATTACKER = 16;
    /** An attacker that was not heard of for so long has other work, or is gone. */
    private static final long ATTACKER_MS = 60_000;

    private final Map<String, Long> lastHeardAt = new HashMap<>();
    private final Map<String, Long> attackers = new HashMap<>();

    /** A request is in an attacker's hand. */
    void heard(String request, String attacker, long now) {
        lastHeardAt.put(request, now);
        if (!attacker.isEmpty()) {
            attackers.put(attacker, now);
        }
    }

    /** When an attacker last had the request in hand; empty where none has. */
    OptionalLong heardAt(String request) {
        Long at = lastHeardAt.get(request);
        return at == null ? OptionalLong.empty() : OptionalLong.of(at);
    }

    /** A request is out again, or no more. */
    void forget(String request) {
        lastHeardAt.remove(request);
    }

    /** Whether another request may be out. */
    boolean admits(Evaluation evaluation, Tally tally, long now) {
        attackers.values().removeIf(at -> now - at > ATTACKER_MS);
        int count = Math.max(1, attackers.size());
        int out = tally.getAsked().size();
        return out <= 2 * count
                || (out < MOST_BY_ATTACKER * count && seconds(evaluation, tally) < AHEAD_SECONDS * count);
    }

    /** How long one attacker works on all that is out. */
    private static double seconds(Evaluation evaluation, Tally tally) {
        double sum = 0;
        for (AskedRequest asked : tally.getAsked()) {
            AttackTally attack = tally.getAttacks().get(asked.getAttack());
            int seen = BitSet.valueOf(attack.getSeen().duplicate()).cardinality();
            int steps =
                    evaluation.getAttacks().get(asked.getAttack()).getAttack().getSteps();
            double anImage = seen == 0 ? UNTRIED_SECONDS * Math.max(1, steps) : attack.getSeconds() / seen;
            sum += anImage * evaluation.getRequestSize();
        }
        return sum;
    }
}
