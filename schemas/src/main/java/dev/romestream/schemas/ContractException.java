package dev.romestream.schemas;

/** A record that does not keep to what its topic promises: no further attempt can process it. */
public final class ContractException extends RuntimeException {
    public ContractException(String message) {
        super(message);
    }
}
