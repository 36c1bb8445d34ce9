package dev.romestream.client.experiment;

import java.util.Collection;
import java.util.List;

/** An experiment file that cannot be run as it is. The message names each key, its value and what is allowed. */
public final class ExperimentException extends RuntimeException {
    private final transient List<String> problems;

    public ExperimentException(String message) {
        this(List.of(message));
    }

    /** @param problems each with its key; at least one */
    ExperimentException(Collection<String> problems) {
        super(String.join("\n", problems));
        this.problems = List.copyOf(problems);
    }

    ExperimentException(String message, Throwable cause) {
        super(message, cause);
        this.problems = List.of(message);
    }

    /** What is wrong, one after the other. */
    public List<String> problems() {
        return problems;
    }
}
