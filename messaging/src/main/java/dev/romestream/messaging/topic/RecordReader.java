package dev.romestream.messaging.topic;

import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.serde.Decoder;
import dev.romestream.schemas.Topic;
import java.time.Duration;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.common.errors.SerializationException;

/** A {@link TopicReader} of decoded records. What cannot be decoded goes to the dead letters. */
public final class RecordReader<T extends SpecificRecord> implements AutoCloseable {
    private final Decoder decoder;
    private final TopicReader reader;

    /** What is told of each record. */
    @FunctionalInterface
    public interface Listener<T> {
        /** @param value null for a tombstone */
        void accept(String key, T value);
    }

    public RecordReader(RomeConfig config, Topic topic, Class<T> type, DeadLetters deadLetters, Listener<T> listener) {
        this.decoder = new Decoder(config);
        this.reader = new TopicReader(config, topic, record -> {
            T value;
            try {
                value = decoder.decode(record, type);
            } catch (SerializationException e) {
                deadLetters.keep(record, e);
                return;
            }
            listener.accept(record.key(), value);
        });
    }

    /** As {@link TopicReader#awaitCaughtUp}. */
    public void awaitCaughtUp(Duration limit) {
        reader.awaitCaughtUp(limit);
    }

    /** As {@link TopicReader#throwFailure}. */
    public void throwFailure() {
        reader.throwFailure();
    }

    @Override
    public void close() {
        reader.close();
        decoder.close();
    }
}
