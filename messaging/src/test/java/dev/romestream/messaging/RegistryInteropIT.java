package dev.romestream.messaging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.romestream.embedded.EmbeddedBroker;
import dev.romestream.embedded.EmbeddedSchemaRegistry;
import dev.romestream.messaging.registry.RegisteredSchema;
import dev.romestream.messaging.registry.RegistryException;
import dev.romestream.messaging.registry.SchemaRegistryClient;
import dev.romestream.messaging.serde.AvroDeserializer;
import dev.romestream.messaging.serde.AvroSerializer;
import dev.romestream.schemas.Chunk;
import dev.romestream.schemas.Topic;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Stream;
import org.apache.avro.Schema;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Registry client and serde against the embedded registry and against Apicurio's, by Confluent's protocol. */
class RegistryInteropIT {
    private static final Path APICURIO = Path.of("target/apicurio");
    private static final Duration LIMIT = Duration.ofMinutes(2);

    @TempDir
    private static Path directory;

    private static EmbeddedBroker broker;
    private static EmbeddedSchemaRegistry embedded;
    private static Process apicurio;
    private static String apicurioUrl;

    /** Whose registry. */
    enum Registry {
        EMBEDDED,
        APICURIO;

        String url() {
            return this == EMBEDDED ? embedded.url() : apicurioUrl;
        }
    }

    @BeforeAll
    static void start() throws IOException {
        broker = EmbeddedBroker.start(directory.resolve("broker"), 0);
        embedded = EmbeddedSchemaRegistry.start(broker.bootstrapServers(), 0);
        int port;
        try (ServerSocket socket = new ServerSocket(0)) {
            port = socket.getLocalPort();
        }
        Path program;
        try (Stream<Path> files = Files.list(APICURIO)) {
            program = files.filter(file -> file.toString().endsWith("-runner.jar"))
                    .findFirst()
                    .orElseThrow();
        }
        apicurio = new ProcessBuilder(
                        System.getProperty("java.home") + "/bin/java",
                        "-Xmx512m",
                        "-Dquarkus.http.host=127.0.0.1",
                        "-Dquarkus.http.port=" + port,
                        "-jar",
                        program.toAbsolutePath().toString())
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("apicurio.log").toFile())
                .start();
        apicurioUrl = "http://localhost:" + port + "/apis/ccompat/v7";
        await("Apicurio").atMost(LIMIT).ignoreExceptions().until(() -> {
            var connection = (HttpURLConnection)
                    URI.create(apicurioUrl + "/subjects").toURL().openConnection();
            return connection.getResponseCode() == 200;
        });
    }

    @AfterAll
    static void stop() {
        if (apicurio != null) {
            apicurio.destroy();
        }
        embedded.close();
        broker.close();
    }

    private static Map<String, String> settings(Registry registry, String... more) {
        Map<String, String> settings = new HashMap<>(Map.of("schema.registry.url", registry.url()));
        for (int i = 0; i < more.length; i += 2) {
            settings.put(more[i], more[i + 1]);
        }
        return settings;
    }

    private static byte[] serialized(Map<String, String> settings, String topic) {
        try (var serializer = new AvroSerializer<Chunk>()) {
            serializer.configure(settings, false);
            return serializer.serialize(topic, new Chunk(3, 7L, 5));
        }
    }

    @ParameterizedTest
    @EnumSource
    void aRecordComesOutAsItWentIn(Registry registry) {
        byte[] bytes = serialized(settings(registry), "round");
        try (var deserializer = new AvroDeserializer<Chunk>()) {
            deserializer.configure(settings(registry), false);
            assertThat(deserializer.deserialize("round", bytes)).isEqualTo(new Chunk(3, 7L, 5));
        }
    }

    /** As newer serializers write: the body bare, its schema named in a header by the registry's id of it. */
    @ParameterizedTest
    @CsvSource({"EMBEDDED, false", "EMBEDDED, true", "APICURIO, false", "APICURIO, true"})
    void anIdMayStandInAHeader(Registry registry, boolean key) {
        byte[] bytes = serialized(settings(registry), "headers");
        byte[] id = Arrays.copyOf(bytes, 1 + Integer.BYTES);
        assertReadByHeader(registry, key, id, Arrays.copyOfRange(bytes, id.length, bytes.length));
    }

    /** Or by its GUID, which is the same in every registry of Confluent's that has the schema. */
    @ParameterizedTest
    @CsvSource({"EMBEDDED, false", "EMBEDDED, true", "APICURIO, false"})
    void aGuidMayStandInAHeader(Registry registry, boolean key) throws Exception {
        byte[] bytes = serialized(settings(registry), "guids");
        JsonNode registered;
        try (InputStream answer = URI.create(registry.url() + "/subjects/guids-value/versions/latest")
                .toURL()
                .openStream()) {
            registered = new ObjectMapper().readTree(answer);
        }
        assumeTrue(registered.hasNonNull("guid"), "skipped: this registry has no GUIDs of schemas");
        UUID guid = UUID.fromString(registered.get("guid").asText());
        ByteBuffer header = ByteBuffer.allocate(1 + 2 * Long.BYTES)
                .put((byte) 1)
                .putLong(guid.getMostSignificantBits())
                .putLong(guid.getLeastSignificantBits());
        byte[] body = Arrays.copyOfRange(bytes, 1 + Integer.BYTES, bytes.length);
        assertReadByHeader(registry, key, header.array(), body);
    }

    private static void assertReadByHeader(Registry registry, boolean key, byte[] header, byte[] body) {
        var headers = new RecordHeaders();
        headers.add(key ? "__key_schema_id" : "__value_schema_id", header);
        try (var deserializer = new AvroDeserializer<Chunk>()) {
            deserializer.configure(settings(registry), key);
            assertThat(deserializer.deserialize("headers", headers, body)).isEqualTo(new Chunk(3, 7L, 5));
        }
    }

    @ParameterizedTest
    @EnumSource
    void everySchemaOfTheSystemIsTakenAndGivenBack(Registry registry) {
        SchemaRegistryClient client = new SchemaRegistryClient(settings(registry, "normalize.schemas", "true"));
        for (Topic topic : Topic.values()) {
            if (!topic.isRaw()) {
                String subject = "all." + topic.baseName() + "-value";
                int id = client.register(subject, topic.schema());
                assertThat(new SchemaRegistryClient(settings(registry)).schema(id))
                        .isEqualTo(topic.schema());
                assertThat(client.latest(subject)).isEqualTo(new RegisteredSchema(id, topic.schema()));
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void theLevelThatIsAskedForIsHeld(Registry registry) {
        SchemaRegistryClient client = new SchemaRegistryClient(settings(registry));
        client.requireCompatibility("level-value", "BACKWARD");
        client.register("level-value", Chunk.SCHEMA$);
        Schema incompatible = new Schema.Parser()
                .parse("{\"type\":\"record\",\"name\":\"Chunk\",\"namespace\":\"dev.romestream.schemas\","
                        + "\"fields\":[{\"name\":\"unheardOf\",\"type\":\"int\"}]}");
        assertThatThrownBy(() -> client.register("level-value", incompatible))
                .isInstanceOf(RegistryException.class)
                .satisfies(e -> assertThat(((RegistryException) e).status()).isEqualTo(409));
    }

    @ParameterizedTest
    @EnumSource
    void withoutRegisteringWhatIsNotThereIsRefused(Registry registry) {
        assertThatThrownBy(() -> serialized(settings(registry, "auto.register.schemas", "false"), "nowhere"))
                .isInstanceOf(RegistryException.class)
                .satisfies(e -> assertThat(((RegistryException) e).status()).isEqualTo(404));
    }

    @ParameterizedTest
    @EnumSource
    void theNewestSchemaIsWritten(Registry registry) {
        int id = new SchemaRegistryClient(settings(registry)).register("newest-value", Chunk.SCHEMA$);
        byte[] bytes = serialized(
                settings(registry, "auto.register.schemas", "false", "use.latest.version", "true"), "newest");
        assertThat(ByteBuffer.wrap(bytes, 1, Integer.BYTES).getInt()).isEqualTo(id);
    }
}
