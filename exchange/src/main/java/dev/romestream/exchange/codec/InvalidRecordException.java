package dev.romestream.exchange.codec;

import dev.romestream.messaging.failure.UnprocessableException;

/** A record whose content contradicts itself or its limits. The message names the field, the value and what is needed. */
public final class InvalidRecordException extends UnprocessableException {
    public InvalidRecordException(String message) {
        super(message);
    }
}
