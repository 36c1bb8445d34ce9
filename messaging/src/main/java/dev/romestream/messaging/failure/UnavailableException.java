package dev.romestream.messaging.failure;

/** Something that the work needs is away for now: a broker, the schema registry. Waiting is the remedy. */
public class UnavailableException extends RuntimeException {
    public UnavailableException(String message) {
        super(message);
    }

    public UnavailableException(String message, Throwable cause) {
        super(message, cause);
    }
}
