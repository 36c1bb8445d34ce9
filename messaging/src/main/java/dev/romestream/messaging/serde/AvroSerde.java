package dev.romestream.messaging.serde;

import java.util.Map;
import org.apache.avro.generic.GenericContainer;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serializer;

/** {@link AvroSerializer} and {@link AvroDeserializer} as one. */
public final class AvroSerde<T extends GenericContainer> implements Serde<T> {
    private final Serializer<T> serializer = new AvroSerializer<>();
    private final Deserializer<T> deserializer = new AvroDeserializer<>();

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
