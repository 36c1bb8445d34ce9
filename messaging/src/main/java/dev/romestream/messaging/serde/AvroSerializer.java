package dev.romestream.messaging.serde;

import dev.romestream.messaging.registry.SchemaRegistryClient;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericContainer;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.EncoderFactory;
import org.apache.avro.specific.SpecificData;
import org.apache.avro.specific.SpecificDatumWriter;
import org.apache.kafka.common.serialization.Serializer;

/** Avro in the Confluent wire format: a zero byte, the schema id as big-endian int32, Avro binary. */
public final class AvroSerializer<T extends GenericContainer> implements Serializer<T> {
    private SchemaRegistryClient registry;
    private SubjectNameStrategy subjects;
    private boolean isKey;
    private boolean register;

    @Override
    public void configure(Map<String, ?> settings, boolean key) {
        this.registry = new SchemaRegistryClient(settings);
        this.isKey = key;
        this.subjects = SubjectNameStrategy.of(settings, key);
        Object automatic = settings.get("auto.register.schemas");
        this.register = automatic == null || Boolean.parseBoolean(automatic.toString());
    }

    @Override
    public byte[] serialize(String topic, T data) {
        if (data == null) {
            return null;
        }
        Schema schema = data.getSchema();
        String subject = subjects.subject(topic, isKey, schema);
        int id = register ? registry.register(subject, schema) : registry.id(subject, schema);
        try {
            ByteArrayOutputStream out = new ByteArrayOutputStream(256);
            out.write(WireFormat.MAGIC);
            out.writeBytes(ByteBuffer.allocate(Integer.BYTES).putInt(id).array());
            BinaryEncoder encoder = EncoderFactory.get().directBinaryEncoder(out, null);
            new SpecificDatumWriter<T>(schema, SpecificData.get()).write(data, encoder);
            encoder.flush();
            return out.toByteArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
