package io.confluent.kafka.serializers;

import dev.romestream.messaging.serde.AvroDeserializer;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.avro.generic.GenericContainer;
import org.apache.kafka.common.serialization.Deserializer;

/** In place of Confluent's class of this name, which cannot be had here: made without arguments, and then configured. */
public final class KafkaAvroDeserializer implements Deserializer<Object> {
    public static final AtomicInteger CALLS = new AtomicInteger();
    private final AvroDeserializer<GenericContainer> own = new AvroDeserializer<>();

    @Override
    public void configure(Map<String, ?> settings, boolean key) {
        own.configure(settings, key);
    }

    @Override
    public Object deserialize(String topic, byte[] bytes) {
        CALLS.incrementAndGet();
        return own.deserialize(topic, bytes);
    }

    @Override
    public void close() {
        own.close();
    }
}
