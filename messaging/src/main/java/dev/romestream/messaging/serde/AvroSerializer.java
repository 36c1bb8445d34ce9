package dev.romestream.messaging.serde;

import dev.romestream.messaging.registry.RegisteredSchema;
import dev.romestream.messaging.registry.SchemaRegistryClient;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.avro.AvroRuntimeException;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericContainer;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;
import org.apache.avro.specific.SpecificData;
import org.apache.avro.specific.SpecificDatumWriter;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.Serializer;

/**
 * Avro in the Confluent wire format: a zero byte, the schema id as big-endian int32, Avro binary. With {@code auto.register.schemas=false}
 * schemas have to be registered already; with {@code use.latest.version=true}, too, records are written in the newest registered one.
 */
public final class AvroSerializer<T extends GenericContainer> implements Serializer<T> {
    private SchemaRegistryClient registry;
    private SubjectNameStrategy subjects;
    private boolean isKey;
    private boolean register;
    private boolean useLatest;
    private final Map<String, RegisteredSchema> latest = new ConcurrentHashMap<>();

    @Override
    public void configure(Map<String, ?> settings, boolean key) {
        this.registry = new SchemaRegistryClient(settings);
        this.isKey = key;
        this.subjects = SubjectNameStrategy.of(settings, key);
        this.register = flag(settings, "auto.register.schemas", true);
        this.useLatest = !register && flag(settings, "use.latest.version", false);
    }

    private static boolean flag(Map<String, ?> settings, String name, boolean otherwise) {
        Object value = settings.get(name);
        return value == null ? otherwise : Boolean.parseBoolean(value.toString().strip());
    }

    /**
     * The bytes of a record.
     *
     * @throws SerializationException where the newest schema of the subject cannot take the record
     */
    @Override
    public byte[] serialize(String topic, T data) {
        if (data == null) {
            return null;
        }
        Schema schema = data.getSchema();
        String subject = subjects.subject(topic, isKey, schema);
        if (useLatest) {
            RegisteredSchema newest = latest.get(subject);
            if (newest == null) {
                newest = registry.latest(subject);
                latest.put(subject, newest);
            }
            return framed(newest.id(), newest.schema(), converted(data, schema, newest.schema()));
        }
        int id = register ? registry.register(subject, schema) : registry.id(subject, schema);
        return framed(id, schema, data);
    }

    /** The record as one of another schema; what that lacks is left out, what the record lacks has its default. */
    private static GenericContainer converted(GenericContainer data, Schema schema, Schema wanted) {
        if (wanted.equals(schema)) {
            return data;
        }
        try {
            byte[] bytes = encoded(schema, data);
            return new GenericDatumReader<GenericRecord>(schema, wanted)
                    .read(null, DecoderFactory.get().binaryDecoder(bytes, null));
        } catch (IOException | AvroRuntimeException e) {
            throw new SerializationException(
                    "A " + schema.getFullName() + " cannot be written in the newest schema that is registered: "
                            + e.getMessage(),
                    e);
        }
    }

    private static byte[] framed(int id, Schema schema, GenericContainer data) {
        byte[] body = encoded(schema, data);
        return ByteBuffer.allocate(1 + Integer.BYTES + body.length)
                .put(WireFormat.MAGIC)
                .putInt(id)
                .put(body)
                .array();
    }

    private static byte[] encoded(Schema schema, GenericContainer data) {
        try {
            ByteArrayOutputStream out = new ByteArrayOutputStream(256);
            BinaryEncoder encoder = EncoderFactory.get().directBinaryEncoder(out, null);
            new SpecificDatumWriter<GenericContainer>(schema, SpecificData.get()).write(data, encoder);
            encoder.flush();
            return out.toByteArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
