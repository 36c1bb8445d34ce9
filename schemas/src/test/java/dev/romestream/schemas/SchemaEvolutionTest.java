package dev.romestream.schemas;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.apache.avro.Schema;
import org.apache.avro.SchemaCompatibility;
import org.apache.avro.SchemaCompatibility.SchemaCompatibilityType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The released form of each value schema lies under {@code src/test/resources/released/<version>/<topic>.avsc}. */
class SchemaEvolutionTest {
    private static final Path RELEASED = Path.of("src/test/resources/released");

    static Stream<Path> releasedSchemas() throws IOException {
        try (Stream<Path> files = Files.walk(RELEASED)) {
            return files.filter(file -> file.toString().endsWith(".avsc")).sorted().toList().stream();
        }
    }

    @ParameterizedTest
    @MethodSource("releasedSchemas")
    void currentSchemaReadsWhatAReleasedOneWrote(Path file) throws IOException {
        Schema written = new Schema.Parser().parse(Files.readString(file));
        String name = file.getFileName().toString().replace(".avsc", "");
        Topic topic = Arrays.stream(Topic.values())
                .filter(candidate -> candidate.baseName().equals(name))
                .findFirst()
                .orElseThrow(() -> new AssertionError("The topic " + name + " was released and is gone."));
        var compatibility = SchemaCompatibility.checkReaderWriterCompatibility(topic.schema(), written);
        assertThat(compatibility.getType())
                .as(compatibility.getDescription())
                .isEqualTo(SchemaCompatibilityType.COMPATIBLE);
    }

    @Test
    void everyTopicOfTheFirstReleaseIsCovered() {
        assertThat(Arrays.stream(Topic.values()).filter(topic -> !topic.isRaw()))
                .allSatisfy(topic -> assertThat(RELEASED.resolve("0.1.0").resolve(topic.baseName() + ".avsc"))
                        .exists());
    }
}
