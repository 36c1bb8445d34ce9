package io.confluent.kafka.serializers;

import dev.romestream.messaging.serde.AvroSerializer;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.avro.generic.GenericContainer;
import org.apache.kafka.common.serialization.Serializer;

/** In place of Confluent's class of this name, which cannot be had here: made without arguments, and then configured. */
public final class KafkaAvroSerializer implements Serializer<Object> {
    public static final AtomicInteger CALLS = new AtomicInteger();
    private final AvroSerializer<GenericContainer> own = new AvroSerializer<>();

    @Override
    public void configure(Map<String, ?> settings, boolean key) {
        own.configure(settings, key);
    }

    @Override
    public byte[] serialize(String topic, Object value) {
        CALLS.incrementAndGet();
        return own.serialize(topic, (GenericContainer) value);
    }

    @Override
    public void close() {
        own.close();
    }
}
