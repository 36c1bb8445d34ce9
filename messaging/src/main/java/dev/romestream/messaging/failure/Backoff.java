package dev.romestream.messaging.failure;

import dev.failsafe.Failsafe;
import dev.failsafe.FailsafeException;
import dev.failsafe.RetryPolicy;
import dev.failsafe.RetryPolicyBuilder;
import dev.failsafe.function.CheckedSupplier;
import java.time.Duration;
import org.apache.kafka.common.errors.InterruptException;

/** Waiting for what is away: tries again at growing intervals, with jitter. */
public final class Backoff {
    private static final Duration FIRST = Duration.ofMillis(100);
    private static final Duration LONGEST = Duration.ofSeconds(3);
    private static final double JITTER = 0.25;

    private Backoff() {}

    /**
     * The result of {@code attempt}, once nothing is away that it needs.
     *
     * @param what names in {@code outages} what is waited for
     * @param limit longest wait; negative for as long as it takes
     * @throws InterruptException where the thread is interrupted meanwhile
     */
    public static <T> T await(Outages outages, String what, Duration limit, CheckedSupplier<T> attempt) {
        RetryPolicyBuilder<T> policy = RetryPolicy.<T>builder()
                .handleIf((result, failure) -> failure != null && Fault.of(failure) == Fault.TRANSIENT)
                .withBackoff(FIRST, LONGEST)
                .withJitter(JITTER)
                .withMaxRetries(-1)
                .onFailedAttempt(
                        event -> outages.begin(what, event.getLastException().getMessage()));
        if (!limit.isNegative()) {
            // Failsafe takes none that is shorter than the first interval
            policy.withMaxDuration(limit.compareTo(FIRST) > 0 ? limit : FIRST.plusMillis(1));
        }
        try {
            T result = Failsafe.with(policy.build()).get(attempt);
            outages.end(what);
            return result;
        } catch (FailsafeException e) {
            if (e.getCause() instanceof InterruptedException interruption) {
                throw new InterruptException(interruption);
            }
            throw e;
        } catch (RuntimeException e) {
            outages.end(what);
            throw e;
        }
    }
}
