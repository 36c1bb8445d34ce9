package dev.romestream.standalone.network;

/** A file that holds no network for the data set. The message names the file and what is wrong. */
public final class ModelException extends RuntimeException {
    ModelException(String message, Throwable cause) {
        super(message, cause);
    }
}
