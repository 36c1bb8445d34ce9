package dev.romestream.messaging.registry;

/** The schema registry refused a call, or could not be reached. */
public final class RegistryException extends RuntimeException {
    private final int status;

    RegistryException(int status, String message) {
        super(message);
        this.status = status;
    }

    RegistryException(String message, Throwable cause) {
        super(message, cause);
        this.status = 0;
    }

    /** The HTTP status, or 0 where no registry answered. */
    public int status() {
        return status;
    }
}
