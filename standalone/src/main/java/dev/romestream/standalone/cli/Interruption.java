package dev.romestream.standalone.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** A signal to end, which the JVM obeys only when this is closed: what runs until then can be put away in order. */
final class Interruption implements AutoCloseable {
    private final CountDownLatch signalled = new CountDownLatch(1);
    private final CountDownLatch closed = new CountDownLatch(1);

    /** From now on signals are noted. */
    Interruption() {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            signalled.countDown();
            try {
                closed.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }));
    }

    boolean isSignalled() {
        return signalled.getCount() == 0;
    }

    /** Waits for a signal; whether there was one within {@code millis}. An interrupted thread counts as signalled. */
    boolean await(long millis) {
        try {
            return signalled.await(millis, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return true;
        }
    }

    @Override
    public void close() {
        closed.countDown();
    }
}
