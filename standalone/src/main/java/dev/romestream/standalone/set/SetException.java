package dev.romestream.standalone.set;

/** A file is not a distilled set, or not one for the data set. */
public final class SetException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    SetException(String message) {
        super(message);
    }

    SetException(String message, Throwable cause) {
        super(message, cause);
    }
}
