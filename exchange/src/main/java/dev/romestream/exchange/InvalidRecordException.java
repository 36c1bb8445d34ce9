package dev.romestream.exchange;

/** A record whose content contradicts itself or its limits. The message names the field, the value and what is needed. */
public final class InvalidRecordException extends RuntimeException {
    public InvalidRecordException(String message) {
        super(message);
    }
}
