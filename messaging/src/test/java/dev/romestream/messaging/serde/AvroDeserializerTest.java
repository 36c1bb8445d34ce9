package dev.romestream.messaging.serde;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpServer;
import dev.romestream.messaging.failure.Outages;
import dev.romestream.schemas.Chunk;
import dev.romestream.schemas.ImageBatch;
import dev.romestream.schemas.Topic;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.apache.avro.Schema;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.EncoderFactory;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Bytes that somebody else wrote, with schemas that somebody else registered. */
@Timeout(60)
class AvroDeserializerTest {
    private static final String ROW = "{\"type\":\"record\",\"name\":\"%s\",\"fields\":[%s]}";

    private final Map<Integer, ObjectNode> registered = new ConcurrentHashMap<>();
    private final Outages outages = new Outages();
    private final AvroDeserializer<Object> deserializer = new AvroDeserializer<>();
    private HttpServer registry;
    private volatile int status = 200;

    @BeforeEach
    void start() throws IOException {
        registry = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        registry.createContext("/schemas/ids/", exchange -> {
            String path = exchange.getRequestURI().getPath();
            ObjectNode found = registered.get(Integer.parseInt(path.substring(path.lastIndexOf('/') + 1)));
            byte[] answer = (found == null ? "{}" : found.toString()).getBytes(StandardCharsets.UTF_8);
            try (exchange) {
                exchange.sendResponseHeaders(status != 200 ? status : found == null ? 404 : 200, answer.length);
                exchange.getResponseBody().write(answer);
            }
        });
        registry.createContext("/schemas/guids/00000000-0000-000a-0000-00000000000b", exchange -> {
            byte[] answer = registered.get(7).toString().getBytes(StandardCharsets.UTF_8);
            try (exchange) {
                exchange.sendResponseHeaders(200, answer.length);
                exchange.getResponseBody().write(answer);
            }
        });
        registry.start();
        deserializer.configure(
                Map.of(
                        "schema.registry.url",
                        "http://localhost:" + registry.getAddress().getPort(),
                        "outages",
                        outages),
                false);
    }

    @AfterEach
    void stop() {
        registry.stop(0);
    }

    private ObjectNode register(int id, String schema) {
        ObjectNode answer = JsonNodeFactory.instance.objectNode().put("schema", schema);
        registered.put(id, answer);
        return answer;
    }

    private interface Body {
        void write(BinaryEncoder encoder) throws IOException;
    }

    private static byte[] record(int id, Body body) {
        try {
            var out = new ByteArrayOutputStream();
            out.write(0);
            out.write(ByteBuffer.allocate(4).putInt(id).array());
            BinaryEncoder encoder = EncoderFactory.get().directBinaryEncoder(out, null);
            body.write(encoder);
            encoder.flush();
            return out.toByteArray();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private void assertRefused(byte[] bytes, String reason) {
        assertThatThrownBy(() -> deserializer.deserialize("t", bytes))
                .isInstanceOf(SerializationException.class)
                .hasMessageContaining(reason);
    }

    private static String row(String field) {
        return ROW.formatted("dev.romestream.schemas.ImageBatch", "{\"name\":\"x\",\"type\":" + field + "}");
    }

    /** The batch that ended a distiller: 20 bytes, an array block of two billion items. */
    @Test
    void anArrayBlockBeyondTheBytesIsRefusedBeforeItIsAllocated() {
        register(1, ImageBatch.SCHEMA$.toString());
        byte[] bytes = record(1, encoder -> {
            for (String text : List.of("d", "f")) {
                encoder.writeString(text);
            }
            encoder.writeEnum(0);
            encoder.writeInt(0);
            encoder.writeLong(2_147_483_600L);
        });
        assertThat(bytes.length).isLessThanOrEqualTo(20);
        assertRefused(bytes, "2147483600 items");
    }

    @Test
    void lengthsOfEveryKindAreHeldToTheBytesThatAreThere() {
        register(1, row("\"string\""));
        register(2, row("\"bytes\""));
        register(3, row("{\"type\":\"map\",\"values\":\"int\"}"));
        register(4, row("{\"type\":\"array\",\"items\":{\"type\":\"array\",\"items\":\"null\"}}"));
        register(5, row("{\"type\":\"fixed\",\"name\":\"F\",\"size\":2000000000}"));
        register(6, row("[\"null\",\"int\"]"));
        register(7, row("{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"A\"]}"));
        Body length = encoder -> encoder.writeLong(2_000_000_000L);
        assertRefused(record(1, length), "2000000000 bytes");
        assertRefused(record(2, length), "2000000000 bytes");
        assertRefused(record(2, encoder -> encoder.writeLong(-5)), "-5 bytes");
        assertRefused(record(3, length), "2000000000 items");
        assertRefused(
                record(4, encoder -> {
                    encoder.writeLong(2);
                    encoder.writeLong(1);
                    encoder.writeLong(0);
                }),
                "take no bytes");
        assertRefused(record(5, encoder -> encoder.writeInt(1)), "2000000000 bytes");
        assertRefused(record(6, encoder -> encoder.writeInt(7)), "number 7 of 2");
        assertRefused(record(7, encoder -> encoder.writeInt(-1)), "number -1 of 1");
        // a negative count announces the block's size; the most negative one has no positive counterpart
        assertRefused(
                record(3, encoder -> {
                    encoder.writeLong(Long.MIN_VALUE);
                    encoder.writeLong(0);
                }),
                "items");
        byte[] unending = new byte[30];
        java.util.Arrays.fill(unending, 5, 30, (byte) 0xff);
        unending[4] = 3;
        assertRefused(unending, "more than 10 bytes");
    }

    @Test
    void aRecursiveSchemaIsFollowedOnlySoFar() {
        String node =
                "{\"type\":\"record\",\"name\":\"dev.romestream.schemas.Tally\",\"fields\":[{\"name\":\"next\",\"type\":"
                        + "[\"null\",\"dev.romestream.schemas.Tally\"]}]}";
        register(1, node);
        assertRefused(
                record(1, encoder -> {
                    for (int i = 0; i < 100_000; i++) {
                        encoder.writeIndex(1);
                    }
                }),
                "nested deeper");
        register(
                2,
                ROW.formatted(
                        "dev.romestream.schemas.Tally", "{\"name\":\"x\",\"type\":\"dev.romestream.schemas.Tally\"}"));
        assertRefused(record(2, encoder -> encoder.writeInt(1)), "nested deeper");
    }

    @Test
    void theWriterDoesNotChooseTheClass() {
        for (String name : List.of("java.lang.ProcessBuilder", "java.util.ArrayList", "dev.romestream.schemas.Topic")) {
            register(1, ROW.formatted(name, "{\"name\":\"x\",\"type\":\"int\"}"));
            var fresh = new AvroDeserializer<Object>();
            fresh.configure(
                    Map.of(
                            "schema.registry.url",
                            "http://localhost:" + registry.getAddress().getPort()),
                    false);
            assertThatThrownBy(() -> fresh.deserialize("t", record(1, encoder -> encoder.writeInt(1))))
                    .isInstanceOf(SerializationException.class)
                    .hasMessageContaining("is a " + name);
        }
        register(2, "\"string\"");
        assertRefused(record(2, encoder -> encoder.writeString("x")), "is a string");
        register(3, row("{\"type\":\"string\",\"java-class\":\"java.net.URL\"}"));
        assertRefused(record(3, encoder -> encoder.writeString("http://x")), "not a valid");
    }

    @Test
    void schemasOfOtherTypesWithReferencesOrWithoutSenseAreTheRecordsFault() {
        register(1, "message M {}").put("schemaType", "PROTOBUF");
        register(2, "{}").put("schemaType", "JSON");
        register(3, row("\"int\"")).putArray("references").addObject().put("name", "other");
        register(4, "{\"type\":\"nonsense\"}");
        register(5, "[".repeat(900) + "]".repeat(900));
        byte[] one = {0, 0, 0, 0, 1, 2};
        assertRefused(one, "of type PROTOBUF");
        assertRefused(new byte[] {0, 0, 0, 0, 2, 2}, "of type JSON");
        assertRefused(new byte[] {0, 0, 0, 0, 3, 2}, "refers to other schemas");
        assertRefused(new byte[] {0, 0, 0, 0, 4, 2}, "not valid Avro");
        assertRefused(new byte[] {0, 0, 0, 0, 5, 2}, "not valid Avro");
        assertRefused(new byte[] {0, 0, 0, 0, 6, 2}, "does not have");
    }

    @Test
    void aHeaderMayNameTheSchemaByItsGuidOrByItsId() {
        register(7, Chunk.SCHEMA$.toString());
        byte[] body = {6, 14, 10};
        for (String form : List.of("0000000007", "01000000000000000a000000000000000b")) {
            var headers = new RecordHeaders();
            headers.add("__value_schema_id", HexFormat.of().parseHex(form));
            assertThat(deserializer.deserialize("t", headers, body)).isEqualTo(new Chunk(3, 7L, 5));
        }
        for (String form :
                List.of("", "00", "00000007", "0200000007", "0100000007", "000000000000000a000000000000000b00")) {
            var headers = new RecordHeaders();
            headers.add("__value_schema_id", HexFormat.of().parseHex(form));
            assertThatThrownBy(() -> deserializer.deserialize("t", headers, body))
                    .isInstanceOf(SerializationException.class)
                    .hasMessageContaining(form.length() / 2 + " bytes");
        }
    }

    @Test
    void aSchemaIdHeaderWithoutAValueIsRefused() {
        var headers = new RecordHeaders();
        headers.add("__value_schema_id", null);
        assertThatThrownBy(() -> deserializer.deserialize("t", headers, new byte[] {0, 0, 0, 0, 1}))
                .isInstanceOf(SerializationException.class)
                .hasMessageContaining("0 bytes");
    }

    @Test
    void aRegistryThatIsAwayIsWaitedForAndSaidSo() throws Exception {
        register(1, Topic.DATASETS.schema().toString());
        status = 503;
        byte[] bytes = record(1, encoder -> encoder.writeString("d"));
        CompletableFuture<Object> decoded = CompletableFuture.supplyAsync(() -> deserializer.deserialize("t", bytes));
        Awaitility.await()
                .atMost(Duration.ofSeconds(20))
                .until(() -> outages.describe().orElse("").contains("schema registry"));
        assertThat(decoded).isNotDone();
        status = 200;
        assertThatThrownBy(() -> decoded.get(20, TimeUnit.SECONDS)).hasMessageContaining("not a valid");
        assertThat(outages.describe()).isEmpty();
    }

    @Test
    void recordsOfTheCatalogueAreWithinTheLimits() {
        Schema schema = Topic.IMAGE_BATCHES.schema();
        register(1, schema.toString());
        byte[] bytes = record(1, encoder -> {
            encoder.writeString("d");
            encoder.writeString("f");
            encoder.writeEnum(1);
            encoder.writeInt(3);
            encoder.writeLong(2);
            encoder.writeInt(1);
            encoder.writeInt(1);
            encoder.writeLong(0);
            encoder.writeEnum(0);
            encoder.writeBytes(new byte[] {9});
            for (int list = 0; list < 2; list++) {
                encoder.writeLong(-1);
                encoder.writeLong(1);
                encoder.writeInt(7);
                encoder.writeLong(0);
            }
            encoder.writeLong(0);
        });
        assertThat(deserializer.deserialize("t", bytes)).isInstanceOfSatisfying(ImageBatch.class, batch -> {
            assertThat(batch.getIndex()).isEqualTo(3);
            assertThat(batch.getImageIds()).containsExactly(7);
        });
        assertRefused(java.util.Arrays.copyOf(bytes, bytes.length + 1), "surplus");
        assertRefused(java.util.Arrays.copyOf(bytes, bytes.length - 1), "left");
    }

    /** Random damage: refused, or read; nothing else, in bounded time and memory. */
    @Test
    void damageIsRefused() {
        register(1, ImageBatch.SCHEMA$.toString());
        byte[] whole = record(1, encoder -> {
            for (String text : List.of("data", "fingerprint")) {
                encoder.writeString(text);
            }
            encoder.writeEnum(0);
            encoder.writeInt(0);
            encoder.writeArrayStart();
            encoder.setItemCount(3);
            for (int i = 0; i < 3; i++) {
                encoder.startItem();
                encoder.writeInt(i);
            }
            encoder.writeArrayEnd();
        });
        for (int seed = 0; seed < 20_000; seed++) {
            Random random = new Random(seed);
            byte[] bytes = Arrays.copyOf(whole, 5 + random.nextInt(2 * whole.length));
            for (int changes = 1 + random.nextInt(6); changes > 0; changes--) {
                // the header stays, so that what follows is decoded
                if (bytes.length > 5) {
                    bytes[5 + random.nextInt(bytes.length - 5)] = (byte) random.nextInt();
                }
            }
            try {
                assertThat(deserializer.deserialize("t", bytes)).isNotNull();
            } catch (SerializationException e) {
                assertThat(e.getMessage()).as("seed %d", seed).isNotBlank();
            }
        }
    }
}
