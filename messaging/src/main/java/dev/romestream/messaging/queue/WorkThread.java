package dev.romestream.messaging.queue;

import dev.failsafe.function.CheckedSupplier;
import dev.romestream.messaging.failure.Backoff;
import dev.romestream.messaging.failure.Outages;
import dev.romestream.messaging.failure.SickWorkerException;
import dev.romestream.messaging.failure.StillInUseException;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** The thread on which a queue has its records worked on, one at a time, while the queue itself goes on polling. */
final class WorkThread implements AutoCloseable {
    private static final Duration FOR_EVER = Duration.ofMillis(-1);
    /** Within it, a wait notices that the queue closes. */
    private static final long LOOK_MS = 200;
    /** On closing, work has so long to end. */
    private static final long CLOSE_LIMIT_NANOS = TimeUnit.SECONDS.toNanos(8);

    private final String name;
    private final WorkQueue.Worker worker;
    private final Outages outages;
    private final BooleanSupplier closed;
    private final ExecutorService thread;

    /** @param closed whether the queue closes */
    WorkThread(String name, WorkQueue.Worker worker, Outages outages, BooleanSupplier closed) {
        this.name = name;
        this.worker = worker;
        this.outages = outages;
        this.closed = closed;
        this.thread = Executors.newSingleThreadExecutor(body -> {
            Thread own = new Thread(body, name + "-worker");
            own.setDaemon(true);
            return own;
        });
    }

    <T> Future<T> submit(Callable<T> job) {
        return thread.submit(job);
    }

    /** On this thread: has the worker process a record, as {@link #whenThere}. */
    void process(ConsumerRecord<String, byte[]> record) {
        whenThere(() -> {
            worker.process(record);
            return true;
        });
    }

    /**
     * On this thread: what a call gives, which is tried again and again while what it needs is away.
     *
     * @throws CancellationException where the queue closes meanwhile
     */
    <T> T whenThere(CheckedSupplier<T> call) {
        return Backoff.await(outages, "what work needs", FOR_EVER, () -> {
            if (closed.getAsBoolean()) {
                throw new CancellationException("the queue is closing");
            }
            return call.get();
        });
    }

    /**
     * Waits for a job, but no longer than some seconds once the queue closes.
     *
     * @throws TimeoutException where it has not ended by then
     */
    <T> T await(Future<T> outcome, long limitMs) throws InterruptedException, ExecutionException, TimeoutException {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(limitMs);
        long closeDeadline = Long.MAX_VALUE;
        while (true) {
            try {
                return outcome.get(Math.min(LOOK_MS, limitMs), TimeUnit.MILLISECONDS);
            } catch (TimeoutException e) {
                long now = System.nanoTime();
                if (closed.getAsBoolean() && closeDeadline == Long.MAX_VALUE) {
                    closeDeadline = now + CLOSE_LIMIT_NANOS;
                }
                if (now > (closed.getAsBoolean() ? closeDeadline : deadline)) {
                    throw e;
                }
            }
        }
    }

    /** What ends a queue whose worker failed otherwise than by its record's fault. */
    static SickWorkerException sick(Throwable cause) {
        return new SickWorkerException("The worker can work no longer: " + cause.getMessage(), cause);
    }

    /** @throws StillInUseException where the work under way does not end */
    @Override
    public void close() {
        StillInUseException.requireEnd(thread, "The work of " + name);
    }
}
