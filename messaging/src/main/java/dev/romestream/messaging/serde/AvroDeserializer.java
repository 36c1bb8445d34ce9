package dev.romestream.messaging.serde;

import dev.romestream.messaging.failure.UnprocessableException;
import dev.romestream.messaging.registry.RegistryException;
import dev.romestream.messaging.registry.SchemaRegistryClient;
import dev.romestream.schemas.Topic;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.UUID;
import java.util.function.Supplier;
import org.apache.avro.AvroRuntimeException;
import org.apache.avro.Schema;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.specific.SpecificData;
import org.apache.avro.specific.SpecificDatumReader;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.serialization.Deserializer;

/**
 * Reads the Confluent wire format into generated records. The schema id stands in a header where the writer put it there,
 * else in the payload.
 */
public final class AvroDeserializer<T> implements Deserializer<T> {
    private static final String PACKAGE = Topic.EXPERIMENTS.schema().getNamespace() + ".";

    private SchemaRegistryClient registry;
    private boolean isKey;

    @Override
    public void configure(Map<String, ?> settings, boolean key) {
        this.registry = new SchemaRegistryClient(settings);
        this.isKey = key;
    }

    @Override
    public T deserialize(String topic, byte[] data) {
        return deserialize(topic, null, data);
    }

    /** @throws SerializationException where the bytes are not such a record */
    @Override
    public T deserialize(String topic, Headers headers, byte[] data) {
        if (data == null) {
            return null;
        }
        Header header =
                headers == null ? null : headers.lastHeader(isKey ? WireFormat.KEY_HEADER : WireFormat.VALUE_HEADER);
        if (header != null) {
            return decode(topic, named(topic, header.value()), data, 0);
        }
        if (data.length < 1 + Integer.BYTES || data[0] != WireFormat.MAGIC) {
            throw new SerializationException("A record of " + data.length + " bytes on " + topic
                    + " does not begin with 0x00 and a schema id; write Avro in the Confluent wire format.");
        }
        int id = ByteBuffer.wrap(data, 1, Integer.BYTES).getInt();
        return decode(topic, writer(topic, () -> registry.schema(id)), data, 1 + Integer.BYTES);
    }

    /** The writer's schema; that the registry does not know it is the record's fault, that it does not answer is not. */
    private static Schema writer(String topic, Supplier<Schema> lookUp) {
        try {
            return lookUp.get();
        } catch (RegistryException e) {
            throw new SerializationException(
                    "A record on " + topic + " names a schema that the registry does not have: " + e.getMessage(), e);
        } catch (UnprocessableException e) {
            throw new SerializationException("A record on " + topic + ": " + e.getMessage(), e);
        }
    }

    /** The schema that a header names: by 0x01 and its globally unique id, or by 0x00 and the registry's id of it. */
    private Schema named(String topic, byte[] header) {
        int length = header == null ? 0 : header.length;
        if (length == 1 + 2 * Long.BYTES && header[0] == WireFormat.GUID_MAGIC) {
            ByteBuffer bytes = ByteBuffer.wrap(header, 1, 2 * Long.BYTES);
            UUID guid = new UUID(bytes.getLong(), bytes.getLong());
            return writer(topic, () -> registry.schema(guid));
        }
        if (length == 1 + Integer.BYTES && header[0] == WireFormat.MAGIC) {
            int id = ByteBuffer.wrap(header, 1, Integer.BYTES).getInt();
            return writer(topic, () -> registry.schema(id));
        }
        throw new SerializationException("The schema id header of a record on " + topic + " has " + length
                + " bytes; it must be 0x01 and a 16-byte id, or 0x00 and a 4-byte one.");
    }

    private T decode(String topic, Schema writer, byte[] data, int offset) {
        Schema reader = SpecificData.get().getSchema(type(topic, writer));
        try {
            DecodingLimits.check(writer, data, offset);
            BinaryDecoder decoder = DecoderFactory.get().binaryDecoder(data, offset, data.length - offset, null);
            return new SpecificDatumReader<T>(writer, reader, SpecificData.get()).read(null, decoder);
        } catch (IOException
                | AvroRuntimeException
                | IndexOutOfBoundsException
                | ClassCastException
                | NullPointerException
                | SerializationException e) {
            throw new SerializationException(
                    "A record on " + topic + " is not a valid " + writer.getFullName() + ": " + e.getMessage(), e);
        }
    }

    /** The generated class of a schema: of this system's, and no other that a writer may name. */
    private static Class<?> type(String topic, Schema writer) {
        String name = writer.getFullName();
        if (writer.getType() == Schema.Type.RECORD && name.startsWith(PACKAGE)) {
            try {
                Class<?> type = Class.forName(name, false, Topic.class.getClassLoader());
                if (SpecificRecord.class.isAssignableFrom(type)) {
                    return type;
                }
            } catch (ClassNotFoundException e) {
                throw new SerializationException("A record on " + topic + " is a " + name + ", which is unknown.", e);
            }
        }
        throw new SerializationException(
                "A record on " + topic + " is a " + name + "; expected is a record of " + PACKAGE + "*.");
    }
}
