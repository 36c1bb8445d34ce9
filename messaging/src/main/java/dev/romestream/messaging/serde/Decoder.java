package dev.romestream.messaging.serde;

import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.config.Settings;
import dev.romestream.messaging.failure.Backoff;
import dev.romestream.messaging.failure.Outages;
import java.time.Duration;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.Deserializer;

/** Decodes raw records with the configured deserializer, so that a failure leaves the bytes at hand. */
public final class Decoder implements AutoCloseable {
    private final Deserializer<?> deserializer;
    private final Outages outages;
    private final Duration patience;

    public Decoder(RomeConfig config) {
        this.outages = config.outages();
        this.patience = Duration.ofMillis(config.number(Settings.REGISTRY_PATIENCE));
        this.deserializer = config.instance("value.deserializer", Deserializer.class);
        this.deserializer.configure(config.serde(), false);
    }

    /**
     * The record's value, null for a tombstone.
     *
     * @throws SerializationException where the bytes are not a {@code type}
     */
    public <T extends SpecificRecord> T decode(ConsumerRecord<String, byte[]> record, Class<T> type) {
        Object value = Backoff.await(
                outages,
                "the schema registry",
                patience,
                () -> deserializer.deserialize(record.topic(), record.headers(), record.value()));
        if (value != null && !type.isInstance(value)) {
            throw new SerializationException("A record on " + record.topic() + " is not a " + type.getSimpleName()
                    + " but a " + value.getClass().getSimpleName() + ".");
        }
        return type.cast(value);
    }

    @Override
    public void close() {
        deserializer.close();
    }
}
