package dev.romestream.schemas;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.apache.avro.Schema;
import org.apache.avro.SchemaCompatibility;
import org.apache.avro.SchemaCompatibility.SchemaCompatibilityType;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;
import org.apache.avro.specific.SpecificDatumWriter;
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
        assertReads(topic(file).schema(), written);
    }

    /** Of every topic: what is written today, readers of that time understand. */
    @ParameterizedTest
    @MethodSource("releasedSchemas")
    void aReleasedReaderReadsWhatIsWrittenNow(Path file) throws IOException {
        Schema reader = new Schema.Parser().parse(Files.readString(file));
        assertReads(reader, topic(file).schema());
    }

    private static Topic topic(Path file) {
        String name = file.getFileName().toString().replace(".avsc", "");
        return Arrays.stream(Topic.values())
                .filter(candidate -> candidate.baseName().equals(name))
                .findFirst()
                .orElseThrow(() -> new AssertionError("The topic " + name + " was released and is gone."));
    }

    private static void assertReads(Schema reader, Schema writer) {
        var compatibility = SchemaCompatibility.checkReaderWriterCompatibility(reader, writer);
        assertThat(compatibility.getType())
                .as(compatibility.getDescription())
                .isEqualTo(SchemaCompatibilityType.COMPATIBLE);
    }

    @Test
    void aReleasedReaderReadsASnapshotWithSoftLabels() throws IOException {
        Schema released =
                new Schema.Parser().parse(Files.readString(RELEASED.resolve("0.1.0/synthetic-snapshots.avsc")));
        Tensor images = new Tensor(List.of(1, 1, 1, 1), DType.FLOAT32, ByteBuffer.wrap(new byte[] {0, 0, 0, 63}));
        Tensor labels = new Tensor(List.of(1, 2), DType.FLOAT32, ByteBuffer.allocate(8));
        SnapshotClass part = SnapshotClass.newBuilder()
                .setLabel(7)
                .setImages(images)
                .setSoftLabels(labels)
                .build();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        BinaryEncoder encoder = EncoderFactory.get().directBinaryEncoder(bytes, null);
        new SpecificDatumWriter<>(SyntheticSnapshot.class).write(new SyntheticSnapshot("e", 0, part), encoder);
        GenericRecord read = new GenericDatumReader<GenericRecord>(SyntheticSnapshot.getClassSchema(), released)
                .read(null, DecoderFactory.get().binaryDecoder(bytes.toByteArray(), null));
        GenericRecord of = (GenericRecord) read.get("part");
        assertThat(of.get("label")).isEqualTo(7);
        assertThat(((GenericRecord) of.get("images")).get("data")).isEqualTo(images.getData());
        assertThat(of.getSchema().getField("softLabels")).isNull();
    }

    @Test
    void everyTopicOfTheFirstReleaseIsCovered() {
        assertThat(Arrays.stream(Topic.values()).filter(topic -> !topic.isRaw()))
                .allSatisfy(topic -> assertThat(RELEASED.resolve("0.1.0").resolve(topic.baseName() + ".avsc"))
                        .exists());
    }
}
