package dev.romestream.distiller;

/** The work is no longer wanted. */
final class CancelledException extends RuntimeException {
    CancelledException() {
        super("The work was cancelled.");
    }
}
