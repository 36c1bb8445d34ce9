package dev.romestream.producer;

/** Images cannot be had from their source. The message says what is wrong and what to do. */
public final class SourceException extends RuntimeException {
    SourceException(String message) {
        super(message);
    }

    SourceException(String message, Throwable cause) {
        super(message, cause);
    }
}
