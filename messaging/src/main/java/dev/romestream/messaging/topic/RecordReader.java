package dev.romestream.messaging.topic;

import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.queue.UnprocessableException;
import dev.romestream.messaging.serde.Decoder;
import dev.romestream.schemas.Topic;
import java.time.Duration;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.common.errors.SerializationException;

/** A {@link TopicReader} of decoded records. What cannot be decoded, or is refused by the listener, is handed to the {@link RefusedRecords}. */
public final class RecordReader<T extends SpecificRecord> implements AutoCloseable {
    private final Decoder decoder;
    private final TopicReader reader;

    /** What is told of each record. */
    @FunctionalInterface
    public interface Listener<T> {
        /**
         * Takes a record in.
         *
         * @param value null for a tombstone
         * @throws UnprocessableException where the record makes no sense
         */
        void accept(String key, T value);
    }

    public RecordReader(RomeConfig config, Topic topic, Class<T> type, RefusedRecords refused, Listener<T> listener) {
        this.decoder = new Decoder(config);
        this.reader = new TopicReader(config, topic, record -> {
            try {
                listener.accept(record.key(), decoder.decode(record, type));
            } catch (SerializationException | UnprocessableException e) {
                refused.keep(record, e);
            }
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
