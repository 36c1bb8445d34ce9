package dev.romestream.standalone.cli;

/** Figures are not what is asked of them: exit code 3. */
final class GateException extends RuntimeException {
    GateException(String message) {
        super(message);
    }
}
