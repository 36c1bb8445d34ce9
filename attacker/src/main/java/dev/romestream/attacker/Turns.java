package dev.romestream.attacker;

import java.util.concurrent.locks.ReentrantLock;

/** Turns at the engine, of which one is taken at a time, in the order in which they were asked for. */
final class Turns {
    private final ReentrantLock engine = new ReentrantLock(true);

    /** A turn of this thread, and the time that it has had. */
    final class Turn implements AutoCloseable {
        private long had;
        private long since = System.nanoTime();

        /** Lets those who wait have theirs first. */
        void pass() {
            if (engine.hasQueuedThreads()) {
                had = nanos();
                engine.unlock();
                engine.lock();
                since = System.nanoTime();
            }
        }

        /** Time at the engine so far, in ns. */
        long nanos() {
            return had + System.nanoTime() - since;
        }

        @Override
        public void close() {
            engine.unlock();
        }
    }

    /** Waits for a turn. */
    Turn take() {
        engine.lock();
        return new Turn();
    }
}
