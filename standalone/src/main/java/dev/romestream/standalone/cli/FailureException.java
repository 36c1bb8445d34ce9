package dev.romestream.standalone.cli;

/** The command was used rightly and failed: exit code 1. */
final class FailureException extends RuntimeException {
    FailureException(String message) {
        super(message);
    }
}
