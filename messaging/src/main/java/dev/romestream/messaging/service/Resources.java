package dev.romestream.messaging.service;

import dev.romestream.messaging.failure.StillInUseException;
import java.util.ArrayDeque;
import java.util.Deque;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a service holds open: closed together, the newest first, and every one even where another fails; but what is still in use, and
 * all that was there before it, is left open: memory is never freed under work.
 */
public final class Resources implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Resources.class);

    private final Deque<AutoCloseable> open = new ArrayDeque<>();

    /** Takes {@code resource} into care and returns it. */
    public <T extends AutoCloseable> T add(T resource) {
        open.push(resource);
        return resource;
    }

    @Override
    public void close() {
        while (!open.isEmpty()) {
            AutoCloseable resource = open.pop();
            try {
                resource.close();
            } catch (StillInUseException e) {
                log.error(
                        "{} It is left open, with {} more that it may use, until the process ends.",
                        e.getMessage(),
                        open.size());
                open.clear();
            } catch (Exception e) {
                log.warn("{} did not close cleanly: {}", resource, e.getMessage(), e);
            }
        }
    }
}
