package dev.romestream.exchange.codec;

import ai.djl.engine.EngineException;
import dev.romestream.messaging.failure.SickWorkerException;

/** What a failure of the native engine means for the worker. */
public final class EngineFaults {
    private EngineFaults() {}

    /** A {@link SickWorkerException} where memory or the device is lost; else the failure itself. */
    public static RuntimeException classified(EngineException failure) {
        String message = String.valueOf(failure.getMessage());
        boolean sick =
                message.contains("CUDA") || message.contains("not enough memory") || message.contains("out of memory");
        return sick ? new SickWorkerException(message, failure) : failure;
    }
}
