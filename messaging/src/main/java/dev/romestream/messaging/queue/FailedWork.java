package dev.romestream.messaging.queue;

import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.config.Settings;
import dev.romestream.messaging.failure.Fault;
import dev.romestream.messaging.failure.UnprocessableException;
import dev.romestream.messaging.topic.DeadLetters;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Decides what becomes of a record whose work failed: another attempt, or the dead letters and an answer. */
final class FailedWork implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(FailedWork.class);

    /** As many of its workers may end until a record is taken to be the reason: fewer could be chance, more are harm. */
    private static final int MOST_ENDED = 6;

    private final int attempts;
    private final WorkQueue.Worker worker;
    private final DeadLetters deadLetters;

    FailedWork(RomeConfig config, WorkQueue.Worker worker) {
        this.attempts = config.integer(Settings.QUEUE_ATTEMPTS);
        this.worker = worker;
        this.deadLetters = new DeadLetters(config);
    }

    /**
     * Gives the record up where this was its last attempt or no other can succeed.
     *
     * @param attempt the one that failed, from 1
     * @param mine as of {@link DeadLetters#keep}
     * @return whether it was given up, rather than to be tried again, here or elsewhere
     */
    boolean isGivenUp(ConsumerRecord<String, byte[]> record, int attempt, Throwable cause, BooleanSupplier mine) {
        log.warn(
                "Attempt {} of {} at {} partition {} offset {} failed: {}",
                attempt,
                attempts,
                record.topic(),
                record.partition(),
                record.offset(),
                cause.getMessage());
        boolean again = attempt < attempts && Fault.of(cause) != Fault.PERMANENT;
        return !again && giveUp(record, cause, mine);
    }

    /** Whether so many workers ended with the record in hand that it is taken to be the reason. */
    boolean isKiller(int ended) {
        return ended >= MOST_ENDED;
    }

    /** As {@link #isGivenUp}, for a record that ended its workers. */
    boolean isGivenUpAsKiller(ConsumerRecord<String, byte[]> record, int ended, BooleanSupplier mine) {
        Throwable reason = new UnprocessableException("The request was given to " + ended
                + " workers, none of which finished it or said why; it may have killed them.");
        return giveUp(record, reason, mine);
    }

    /** Keeps the record's bytes, and answers; does neither, and returns false, where the record is not {@code mine} any more. */
    private boolean giveUp(ConsumerRecord<String, byte[]> record, Throwable cause, BooleanSupplier mine) {
        boolean kept = deadLetters.keep(record, cause, mine);
        if (kept) {
            worker.givenUp(record, cause);
        }
        return kept;
    }

    @Override
    public void close() {
        deadLetters.close();
    }
}
