package dev.romestream.embedded;

/** An answer other than success: HTTP status and the protocol's error code. */
final class RegistryError extends RuntimeException {
    private final int status;
    private final int code;

    RegistryError(int status, int code, String message) {
        super(message);
        this.status = status;
        this.code = code;
    }

    int status() {
        return status;
    }

    int code() {
        return code;
    }
}
