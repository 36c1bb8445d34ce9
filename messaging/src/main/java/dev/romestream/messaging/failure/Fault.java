package dev.romestream.messaging.failure;

import dev.romestream.schemas.ContractException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.net.http.HttpTimeoutException;
import org.apache.kafka.common.errors.FencedMemberEpochException;
import org.apache.kafka.common.errors.GroupIdNotFoundException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.errors.UnknownMemberIdException;

/** Whose fault a failure is, and so what becomes of the record in hand: the one failure policy of every reader and queue. */
public enum Fault {
    /** The record's own: it goes to the dead letters at once, and who waits for an answer gets an error. */
    PERMANENT,
    /** Something else is away: wait, for as long as it takes, and count nothing against the record. */
    TRANSIENT,
    /** The worker's: the record goes back, and the worker ends. */
    SICK_WORKER,
    /** Unforeseen: tried again a few times, then as {@link #PERMANENT}. */
    UNFORESEEN;

    /** The fault that {@code failure} tells of, its causes included. */
    public static Fault of(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof SocketException
                    || cause instanceof SocketTimeoutException
                    || cause instanceof UnknownHostException
                    || cause instanceof HttpTimeoutException) {
                return TRANSIENT;
            }
        }
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof UnprocessableException
                    || cause instanceof ContractException
                    || cause instanceof SerializationException) {
                return PERMANENT;
            }
            if (cause instanceof UnavailableException
                    || cause instanceof RetriableException
                    || cause instanceof GroupIdNotFoundException
                    || cause instanceof UnknownMemberIdException
                    || cause instanceof FencedMemberEpochException) {
                return TRANSIENT;
            }
            if (cause instanceof SickWorkerException
                    || cause instanceof OutOfMemoryError
                    || cause instanceof InternalError
                    || cause instanceof LinkageError) {
                return SICK_WORKER;
            }
        }
        return UNFORESEEN;
    }
}
