package dev.romestream.dashboard.web;

import dev.romestream.client.experiment.ExperimentException;
import dev.romestream.client.experiment.KeyLines;
import io.javalin.http.BadRequestResponse;
import java.util.List;
import java.util.OptionalInt;

/** An experiment file that is refused, with all that is wrong in it. */
final class RefusedFile extends BadRequestResponse {
    private final transient List<FileError> errors;

    /** @param line from 1; null where it is not known */
    record FileError(Integer line, String detail) {}

    RefusedFile(ExperimentException refusal, String text) {
        super(refusal.getMessage());
        KeyLines lines = new KeyLines(text);
        this.errors = refusal.problems().stream()
                .map(problem -> new FileError(boxed(lines.of(problem)), problem))
                .toList();
    }

    private static Integer boxed(OptionalInt line) {
        return line.isPresent() ? line.getAsInt() : null;
    }

    List<FileError> errors() {
        return errors;
    }
}
