package dev.romestream.embedded;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.apache.avro.Schema;
import org.apache.avro.SchemaCompatibility;
import org.apache.avro.SchemaCompatibility.SchemaCompatibilityType;

/** Which schemas may follow which. */
enum CompatibilityLevel {
    NONE(false, false, false),
    BACKWARD(true, false, false),
    BACKWARD_TRANSITIVE(true, false, true),
    FORWARD(false, true, false),
    FORWARD_TRANSITIVE(false, true, true),
    FULL(true, true, false),
    FULL_TRANSITIVE(true, true, true);

    private final boolean backward;
    private final boolean forward;
    private final boolean transitive;

    CompatibilityLevel(boolean backward, boolean forward, boolean transitive) {
        this.backward = backward;
        this.forward = forward;
        this.transitive = transitive;
    }

    static CompatibilityLevel parse(String name) {
        return Arrays.stream(values())
                .filter(level -> level.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new RegistryError(
                        422, 42203, "compatibility is '" + name + "'; allowed are " + Arrays.toString(values()) + "."));
    }

    /** Why {@code candidate} may not follow {@code previous} (oldest first); empty where it may. */
    List<String> violations(Schema candidate, List<Schema> previous) {
        int first = transitive ? 0 : Math.max(0, previous.size() - 1);
        return previous.subList(first, previous.size()).stream()
                .flatMap(earlier -> Stream.concat(
                        backward ? unreadable(candidate, earlier) : Stream.empty(),
                        forward ? unreadable(earlier, candidate) : Stream.empty()))
                .toList();
    }

    private static Stream<String> unreadable(Schema reader, Schema writer) {
        var result = SchemaCompatibility.checkReaderWriterCompatibility(reader, writer)
                .getResult();
        return result.getCompatibility() == SchemaCompatibilityType.COMPATIBLE
                ? Stream.empty()
                : result.getIncompatibilities().stream().map(Object::toString);
    }
}
