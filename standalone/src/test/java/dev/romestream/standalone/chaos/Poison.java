package dev.romestream.standalone.chaos;

import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.registry.SchemaRegistryClient;
import dev.romestream.messaging.topic.TopicNames;
import dev.romestream.schemas.ExperimentStatus;
import dev.romestream.schemas.Phase;
import dev.romestream.schemas.Topic;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.apache.avro.Schema;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.EncoderFactory;
import org.apache.avro.specific.SpecificDatumWriter;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;

/** Records that make no sense, of twenty kinds, for every topic of records. */
final class Poison {
    /** Topics that hold records of the system, written by services and by anyone. */
    static final List<Topic> TOPICS =
            Arrays.stream(Topic.values()).filter(topic -> !topic.isRaw()).toList();

    private static final String ROW = "{\"type\":\"record\",\"name\":\"%s\",\"fields\":[%s]}";
    private static final String TALLY = "dev.romestream.schemas.Tally";

    private final TopicNames names;
    private final SchemaRegistryClient registry;
    private final Map<String, Kind> kinds = new LinkedHashMap<>();

    /** Makes a record of a kind. */
    private interface Kind {
        Content of(Topic topic);
    }

    private record Content(byte[] value, RecordHeaders headers) {}

    private interface Body {
        void write(BinaryEncoder encoder) throws IOException;
    }

    Poison(RomeConfig config) {
        this.names = TopicNames.of(config);
        this.registry = new SchemaRegistryClient(config.serde());
        plain("text", "no record at all".getBytes(StandardCharsets.UTF_8));
        plain("empty", new byte[0]);
        plain("one byte", new byte[] {0});
        plain("unknown schema id", bytes(1 << 30, encoder -> encoder.writeInt(1)));
        plain("record of another topic, or key", status());
        kinds.put("no body", topic -> content(bytes(id(topic), encoder -> {})));
        kinds.put("unending number", topic -> content(filled(id(topic), 40, 0xff)));
        kinds.put("a mebibyte of 0xff", topic -> content(filled(id(topic), 1 << 20, 0xff)));
        kinds.put("length of two billion", topic -> content(bytes(id(topic), e -> e.writeLong(2_147_483_600L))));
        kinds.put("negative length", topic -> content(bytes(id(topic), encoder -> encoder.writeLong(-77))));
        foreign("java class", ROW.formatted("java.lang.ProcessBuilder", field("\"int\"")), e -> e.writeInt(1));
        foreign("text schema", "\"string\"", encoder -> encoder.writeString("x"));
        foreign(
                "array of nothing",
                ROW.formatted(TALLY, field("{\"type\":\"array\",\"items\":\"null\"}")),
                e -> e.writeLong(2_000_000_000L));
        foreign(
                "map of two billion",
                ROW.formatted(TALLY, field("{\"type\":\"map\",\"values\":\"int\"}")),
                e -> e.writeLong(2_000_000_000L));
        foreign("endless recursion", ROW.formatted(TALLY, field("\"" + TALLY + "\"")), e -> e.writeInt(1));
        foreign("deep recursion", ROW.formatted(TALLY, field("[\"null\",\"" + TALLY + "\"]")), encoder -> {
            for (int i = 0; i < 50_000; i++) {
                encoder.writeIndex(1);
            }
        });
        foreign("bytes of two billion", ROW.formatted(TALLY, field("\"bytes\"")), e -> e.writeLong(2_000_000_000L));
        header("schema header without a value", null);
        header("schema header of three bytes", new byte[] {1, 2, 3});
        header("schema header of an unknown schema", unknownGuid());
    }

    private static String field(String type) {
        return "{\"name\":\"x\",\"type\":" + type + "}";
    }

    private static byte[] unknownGuid() {
        byte[] guid = new byte[17];
        Arrays.fill(guid, (byte) 7);
        guid[0] = 1;
        return guid;
    }

    private static Content content(byte[] value) {
        return new Content(value, new RecordHeaders());
    }

    private void plain(String name, byte[] value) {
        kinds.put(name, topic -> content(value));
    }

    private void foreign(String name, String schema, Body body) {
        int id = registry.register("poison-" + name.replace(' ', '-'), new Schema.Parser().parse(schema));
        plain(name, bytes(id, body));
    }

    private void header(String name, byte[] value) {
        kinds.put(name, topic -> {
            RecordHeaders headers = new RecordHeaders();
            headers.add("__value_schema_id", value);
            return new Content(new byte[] {1, 2, 3}, headers);
        });
    }

    private int id(Topic topic) {
        return registry.id(names.of(topic) + "-value", topic.schema());
    }

    /** A status, or on its own topic one under a key that is not its own. */
    private byte[] status() {
        ExperimentStatus status = ExperimentStatus.newBuilder()
                .setExperiment("poison")
                .setService("nobody")
                .setPhase(Phase.RUNNING)
                .setTime(0)
                .build();
        return bytes(
                id(Topic.EXPERIMENT_STATUS),
                encoder -> new SpecificDatumWriter<ExperimentStatus>(ExperimentStatus.SCHEMA$).write(status, encoder));
    }

    private static byte[] bytes(int id, Body body) {
        var out = new ByteArrayOutputStream();
        out.write(0);
        out.writeBytes(ByteBuffer.allocate(Integer.BYTES).putInt(id).array());
        BinaryEncoder encoder = EncoderFactory.get().directBinaryEncoder(out, null);
        try {
            body.write(encoder);
            encoder.flush();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }

    private static byte[] filled(int id, int length, int value) {
        byte[] all = new byte[1 + Integer.BYTES + length];
        Arrays.fill(all, (byte) value);
        all[0] = 0;
        ByteBuffer.wrap(all, 1, Integer.BYTES).putInt(id);
        return all;
    }

    List<String> kinds() {
        return new ArrayList<>(kinds.keySet());
    }

    /** Record number {@code number}: its kind and topic go round, its key is its own. */
    ProducerRecord<String, byte[]> record(int number, SplittableRandom random) {
        List<Kind> all = List.copyOf(kinds.values());
        Topic topic = TOPICS.get(random.nextInt(TOPICS.size()));
        Content content = all.get(number % all.size()).of(topic);
        return new ProducerRecord<>(names.of(topic), null, "poison-" + number, content.value(), content.headers());
    }
}
