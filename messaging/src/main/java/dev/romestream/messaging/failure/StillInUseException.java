package dev.romestream.messaging.failure;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;

/** Something does not close, because work in it goes on: what that work uses is not to be freed. */
public class StillInUseException extends RuntimeException {
    /** After a queue has given its work back, which takes 8 s at most: within the 30 s that a container has. */
    private static final int LIMIT_SECONDS = 6;

    private static final long serialVersionUID = 1;

    public StillInUseException(String message) {
        super(message);
    }

    /**
     * Waits for the work under way.
     *
     * @throws StillInUseException where it does not end
     */
    public static void requireEnd(ExecutorService work, String what) {
        work.shutdown();
        try {
            if (!work.awaitTermination(LIMIT_SECONDS, TimeUnit.SECONDS)) {
                throw new StillInUseException(what + " does not end.");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StillInUseException(what + " was not waited for.");
        }
    }
}
