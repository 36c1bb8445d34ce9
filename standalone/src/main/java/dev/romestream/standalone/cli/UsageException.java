package dev.romestream.standalone.cli;

/** The command was not used rightly: exit code 2. */
final class UsageException extends RuntimeException {
    UsageException(String message) {
        super(message);
    }
}
