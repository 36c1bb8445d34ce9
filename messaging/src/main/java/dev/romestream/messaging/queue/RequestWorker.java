package dev.romestream.messaging.queue;

import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.config.Settings;
import dev.romestream.messaging.failure.Fault;
import dev.romestream.messaging.failure.UnprocessableException;
import dev.romestream.messaging.serde.Decoder;
import dev.romestream.schemas.Ranges;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** A worker on requests of one type: what is no such request, or out of its ranges, never reaches it. */
public abstract class RequestWorker<T extends SpecificRecord> implements WorkQueue.Worker, AutoCloseable {
    private final Class<T> type;
    private final Decoder decoder;
    private final long stallNanos;
    private final AtomicInteger underWay = new AtomicInteger();
    private volatile long movedAt;
    private volatile String newest = "";
    private volatile boolean cancelled;

    protected RequestWorker(RomeConfig config, Class<T> type) {
        this.type = type;
        this.decoder = new Decoder(config);
        this.stallNanos = TimeUnit.MILLISECONDS.toNanos(config.number(Settings.HEALTH_STALL));
    }

    /**
     * Does the work and answers, under the rules of {@link WorkQueue.Worker#process}.
     *
     * @param record where the request stands
     */
    protected abstract void carryOut(T request, ConsumerRecord<String, byte[]> record);

    /** Whether a request is still wanted: of one that is not, nothing is done, and it counts as done. */
    protected boolean isWanted(T request) {
        return true;
    }

    /** A request was let go, because it is not wanted any more. */
    protected void withdrawn(T request) {}

    /** Answers a request that is given up. */
    protected abstract void answerFailure(T request, String reason);

    @Override
    public final void process(ConsumerRecord<String, byte[]> record) {
        newest = record.topic() + " partition " + record.partition() + " offset " + record.offset();
        moves();
        underWay.incrementAndGet();
        try {
            T request = decode(record);
            try {
                requireWanted(request);
                carryOut(request, record);
            } catch (CancellationException e) {
                if (cancelled) {
                    throw e;
                }
                withdrawn(request);
            }
        } finally {
            underWay.decrementAndGet();
            moves();
        }
    }

    /** The work under way moves. */
    protected final void moves() {
        movedAt = System.nanoTime();
    }

    /** Between two steps of the work under way: as {@link #moves}, and ends it where the worker is closing. */
    protected final void step() {
        moves();
        if (cancelled) {
            throw new CancellationException("the worker is closing");
        }
    }

    /** As {@link #step()}, and ends work that is not wanted any more. */
    protected final void step(T request) {
        step();
        requireWanted(request);
    }

    private void requireWanted(T request) {
        if (!isWanted(request)) {
            throw withdrawal();
        }
    }

    /** What ends the work on a request that is not wanted any more. */
    protected static CancellationException withdrawal() {
        return new CancellationException("the request is not wanted any more");
    }

    /** Whether the work on a request is to end: the worker is closing, or the request not wanted any more. */
    protected final boolean isEnded(T request) {
        return cancelled || !isWanted(request);
    }

    protected final boolean isCancelled() {
        return cancelled;
    }

    /** Ends the work under way, if there is any, before its next step. */
    public final void cancel() {
        cancelled = true;
    }

    /** Which work has been standing still for longer than {@code health.stall.ms}; empty where none has. */
    public final Optional<String> stalled() {
        long still = System.nanoTime() - movedAt;
        return underWay.get() > 0 && still > stallNanos
                ? Optional.of(
                        "the work on " + newest + " has not moved for " + TimeUnit.NANOSECONDS.toSeconds(still) + " s")
                : Optional.empty();
    }

    @Override
    public final void givenUp(ConsumerRecord<String, byte[]> record, Throwable reason) {
        T request;
        try {
            request = decode(record);
        } catch (RuntimeException e) {
            if (Fault.of(e) == Fault.PERMANENT) {
                return;
            }
            throw e;
        }
        answerFailure(request, String.valueOf(reason.getMessage()));
    }

    private T decode(ConsumerRecord<String, byte[]> record) {
        T request = decoder.decode(record, type);
        if (request == null) {
            throw new UnprocessableException("A " + type.getSimpleName() + " is empty.");
        }
        List<String> violations = Ranges.violations(request);
        if (!violations.isEmpty()) {
            throw new UnprocessableException(type.getSimpleName() + ": " + String.join(" ", violations));
        }
        return request;
    }

    @Override
    public void close() {
        decoder.close();
    }
}
