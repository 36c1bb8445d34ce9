package dev.romestream.messaging.failure;

/** A record that no further attempt can process: it goes to the dead letters at once. */
public class UnprocessableException extends RuntimeException {
    public UnprocessableException(String message) {
        super(message);
    }

    public UnprocessableException(String message, Throwable cause) {
        super(message, cause);
    }
}
