package dev.romestream.messaging.topic;

import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.failure.Fault;
import dev.romestream.messaging.serde.Decoder;
import dev.romestream.schemas.RecordChecks;
import dev.romestream.schemas.Topic;
import java.util.function.Predicate;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A view's {@link TopicReader} of decoded and checked records. What makes no sense is passed over: the {@link RecordInspector}
 * keeps it.
 */
public final class RecordReader<T extends SpecificRecord> implements TopicView {
    private static final Logger log = LoggerFactory.getLogger(RecordReader.class);

    private final Decoder decoder;
    private final TopicReader reader;

    /** Receives each record. */
    @FunctionalInterface
    public interface Listener<T> {
        /**
         * Takes a record in.
         *
         * @param value null for a tombstone
         */
        void accept(String key, T value);
    }

    public RecordReader(RomeConfig config, Topic topic, Class<T> type, Listener<T> listener) {
        this(config, topic, type, key -> true, listener);
    }

    /** @param wanted tells by the key which records are decoded at all */
    public RecordReader(RomeConfig config, Topic topic, Class<T> type, Predicate<String> wanted, Listener<T> listener) {
        this.decoder = new Decoder(config);
        this.reader = new TopicReader(config, topic, record -> {
            if (!wanted.test(record.key())) {
                return;
            }
            try {
                T value = decoder.decode(record, type);
                RecordChecks.check(topic, record.key(), value);
                listener.accept(record.key(), value);
            } catch (RuntimeException e) {
                passOver(record, e);
            }
        });
    }

    /** Neither a record's own fault nor one that nobody foresaw ends a view. */
    private static void passOver(ConsumerRecord<String, byte[]> record, RuntimeException reason) {
        switch (Fault.of(reason)) {
            case PERMANENT ->
                log.debug("Passed over {} offset {}: {}", record.topic(), record.offset(), reason.getMessage());
            case UNFORESEEN -> log.error("Passed over {} offset {}", record.topic(), record.offset(), reason);
            default -> throw reason;
        }
    }

    @Override
    public TopicReader reader() {
        return reader;
    }

    @Override
    public void close() {
        reader.close();
        decoder.close();
    }
}
