package dev.romestream.messaging.service;

import java.util.Optional;

/** A part of the pipeline that runs until it is closed. */
public interface Service extends AutoCloseable {
    String name();

    /** Starts the work and returns when the service takes part in it. */
    void start();

    /** Whether all of its threads are at work. */
    boolean isAlive();

    /** Why it makes no progress on the work that it has; empty where it does, or has none. */
    default Optional<String> stalled() {
        return Optional.empty();
    }

    /** The address at which people reach it; empty where they do not. */
    default Optional<String> page() {
        return Optional.empty();
    }

    /** Finishes or returns the work in hand and frees everything. */
    @Override
    void close();
}
