package dev.romestream.messaging.failure;

import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a process waits for at the moment. Each wait is logged once, and keeps the process from being ready while it lasts. */
public final class Outages {
    private static final Logger log = LoggerFactory.getLogger(Outages.class);

    private final Map<String, String> open = new TreeMap<>();

    /** {@code what} is away. */
    public synchronized void begin(String what, String reason) {
        if (open.put(what, reason) == null) {
            log.warn("Waiting for {}: {}", what, reason);
        }
    }

    /** {@code what} answers again. */
    public synchronized void end(String what) {
        if (!open.isEmpty() && open.remove(what) != null) {
            log.info("{} answers again", what);
        }
    }

    /** What is waited for, and why; empty where nothing is. */
    public synchronized Optional<String> describe() {
        return open.entrySet().stream()
                .map(entry -> "waiting for " + entry.getKey() + ": " + entry.getValue())
                .reduce((a, b) -> a + "; " + b);
    }
}
