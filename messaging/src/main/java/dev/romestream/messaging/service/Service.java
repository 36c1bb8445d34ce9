package dev.romestream.messaging.service;

/** A part of the pipeline that runs until it is closed. */
public interface Service extends AutoCloseable {
    String name();

    /** Starts the work and returns when the service takes part in it. */
    void start();

    /** Whether all of its threads are at work. */
    boolean isAlive();

    /** Finishes or returns the work in hand and frees everything. */
    @Override
    void close();
}
