package dev.romestream.messaging.failure;

/** The process can no longer be trusted with work: memory or a device is lost. The work goes back, and the service ends. */
public class SickWorkerException extends RuntimeException {
    public SickWorkerException(String message, Throwable cause) {
        super(message, cause);
    }
}
