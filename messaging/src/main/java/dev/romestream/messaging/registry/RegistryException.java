package dev.romestream.messaging.registry;

/** The schema registry refused a call. */
public final class RegistryException extends RuntimeException {
    private final int status;

    RegistryException(int status, String message) {
        super(message);
        this.status = status;
    }

    /** The HTTP status. */
    public int status() {
        return status;
    }
}
