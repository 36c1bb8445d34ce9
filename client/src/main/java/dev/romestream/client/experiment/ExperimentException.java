package dev.romestream.client.experiment;

/** An experiment file that cannot be run as it is. The message names the key, the value and what is allowed. */
public final class ExperimentException extends RuntimeException {
    public ExperimentException(String message) {
        super(message);
    }

    ExperimentException(String message, Throwable cause) {
        super(message, cause);
    }
}
