package dev.romestream.messaging.serde;

import java.util.Map;
import org.apache.avro.generic.GenericContainer;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serializer;

/** A serializer and a deserializer as one. */
public final class AvroSerde<T extends GenericContainer> implements Serde<T> {
    private final Serializer<T> serializer;
    private final Deserializer<T> deserializer;

    /** {@link AvroSerializer} and {@link AvroDeserializer}. */
    public AvroSerde() {
        this(new AvroSerializer<>(), new AvroDeserializer<>());
    }

    public AvroSerde(Serializer<T> serializer, Deserializer<T> deserializer) {
        this.serializer = serializer;
        this.deserializer = deserializer;
    }

    @Override
    public void configure(Map<String, ?> settings, boolean key) {
        serializer.configure(settings, key);
        deserializer.configure(settings, key);
    }

    @Override
    public Serializer<T> serializer() {
        return serializer;
    }

    @Override
    public Deserializer<T> deserializer() {
        return deserializer;
    }
}
