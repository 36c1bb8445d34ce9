package dev.romestream.messaging.thread;

import java.util.concurrent.atomic.AtomicReference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A named thread that remembers what ended it. */
public final class ServiceThread {
    private static final Logger log = LoggerFactory.getLogger(ServiceThread.class);

    private final Thread thread;
    private final AtomicReference<Throwable> failure = new AtomicReference<>();

    private ServiceThread(String name, Runnable body) {
        this.thread = new Thread(() -> run(body), name);
        this.thread.setDaemon(true);
    }

    public static ServiceThread start(String name, Runnable body) {
        ServiceThread started = new ServiceThread(name, body);
        started.thread.start();
        return started;
    }

    private void run(Runnable body) {
        try {
            body.run();
        } catch (RuntimeException | Error e) {
            failure.set(e);
            log.error("The thread {} ended: {}", Thread.currentThread().getName(), e.getMessage(), e);
        }
    }

    public boolean isAlive() {
        return thread.isAlive();
    }

    /** @throws IllegalStateException with the cause that ended the thread, if something did */
    public void throwFailure() {
        Throwable cause = failure.get();
        if (cause != null) {
            throw new IllegalStateException(thread.getName() + " ended: " + cause.getMessage(), cause);
        }
    }

    /** Ends a wait that the thread is in, and waits until it has ended; from the thread itself, returns at once. */
    public void stop() {
        if (Thread.currentThread() != thread) {
            thread.interrupt();
            join();
        }
    }

    /** Waits until the thread has ended; from the thread itself, returns at once. */
    public void join() {
        if (Thread.currentThread() == thread) {
            return;
        }
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
