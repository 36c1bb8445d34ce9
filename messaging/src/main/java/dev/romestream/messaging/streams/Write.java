package dev.romestream.messaging.streams;

import dev.romestream.schemas.Topic;
import java.nio.charset.StandardCharsets;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.streams.processor.api.Record;

/**
 * A record that is to be written.
 *
 * @param record null for a tombstone
 * @param replaced of an evaluation's tombstone: another plan has come in its place, and its figures go with it
 */
public record Write(Topic topic, String key, SpecificRecord record, boolean replaced) {
    /** Header of tombstones of evaluations whose figures go with them. */
    private static final String REPLACED = "rome.replaced";

    public Write(Topic topic, String key, SpecificRecord record) {
        this(topic, key, record, false);
    }

    /** As a stream's record. */
    public Record<String, Write> at(long timestamp) {
        Record<String, Write> out = new Record<>(key, this, timestamp);
        return replaced
                ? out.withHeaders(new RecordHeaders().add(REPLACED, "1".getBytes(StandardCharsets.UTF_8)))
                : out;
    }

    /** Whether a tombstone's figures go with it. */
    public static boolean isReplaced(Headers headers) {
        return headers.lastHeader(REPLACED) != null;
    }

    /** Writes the records alone; reads none. */
    static Serde<Write> serde(Serde<SpecificRecord> records) {
        return Serdes.serdeFrom(new RecordSerializer(records.serializer()), new NoDeserializer());
    }

    private record RecordSerializer(Serializer<SpecificRecord> records) implements Serializer<Write> {
        @Override
        public byte[] serialize(String topic, Write write) {
            return records.serialize(topic, write.record());
        }

        @Override
        public byte[] serialize(String topic, Headers headers, Write write) {
            return records.serialize(topic, headers, write.record());
        }
    }

    private record NoDeserializer() implements Deserializer<Write> {
        @Override
        public Write deserialize(String topic, byte[] data) {
            throw new UnsupportedOperationException("What is written to " + topic + " is not read back here.");
        }
    }
}
