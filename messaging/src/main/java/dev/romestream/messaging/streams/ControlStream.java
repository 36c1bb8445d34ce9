package dev.romestream.messaging.streams;

import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.failure.Fault;
import dev.romestream.messaging.serde.AvroSerde;
import dev.romestream.messaging.serde.Decoder;
import dev.romestream.messaging.serde.SubjectNameStrategy;
import dev.romestream.messaging.topic.TopicNames;
import dev.romestream.schemas.RecordChecks;
import dev.romestream.schemas.Topic;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Named;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.Repartitioned;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.Record;

/**
 * The facts that a planner needs, from several topics, brought into one partition: so that their number of partitions, and what
 * is added to it, does not matter. What makes no sense is passed over, as by every view.
 *
 * @param <E> what a fact is kept as
 */
public final class ControlStream<E extends SpecificRecord> {
    private final RomeConfig config;
    private final StreamsBuilder builder;
    private Optional<KStream<String, E>> merged = Optional.empty();

    public ControlStream(RomeConfig config, StreamsBuilder builder) {
        this.config = config;
        this.builder = builder;
    }

    /** A serde for records of the system, of the classes that the settings name. */
    @SuppressWarnings("unchecked") // of records of any kind
    public static <T extends SpecificRecord> Serde<T> serde(RomeConfig config) {
        Serde<T> serde = new AvroSerde<>(
                config.instance("value.serializer", Serializer.class),
                config.instance("value.deserializer", Deserializer.class));
        serde.configure(config.serde(), false);
        return serde;
    }

    /**
     * As {@link #serde(RomeConfig)}, for {@link dev.romestream.schemas.InternalRecords}: their subjects are their names, whatever the
     * topics are that Streams makes for them.
     */
    public static <T extends SpecificRecord> Serde<T> internal(RomeConfig config) {
        Map<String, Object> settings = config.serde();
        settings.put("value.subject.name.strategy", SubjectNameStrategy.RECORD.confluentName());
        Serde<T> serde = new AvroSerde<>();
        serde.configure(settings, false);
        return serde;
    }

    /** Writes each record to its own topic. */
    public static void write(RomeConfig config, KStream<String, Write> records, String name) {
        TopicNames names = TopicNames.of(config);
        records.to(
                (key, write, context) -> names.of(write.topic()),
                Produced.with(Serdes.String(), Write.serde(ControlStream.<SpecificRecord>serde(config)))
                        .withName(name));
    }

    /**
     * The records of a topic that views follow, without those that make no sense: the inspectors keep these.
     *
     * @param <T> the topic's
     */
    public <T extends SpecificRecord> KStream<String, T> valid(Topic topic, Class<T> type) {
        return builder.stream(
                        TopicNames.of(config).of(topic),
                        Consumed.with(Serdes.String(), Serdes.ByteArray()).withName(topic.baseName()))
                .process(() -> new Valid<>(config, topic, type), Named.as(topic.baseName() + "-valid"));
    }

    /**
     * Takes in a topic.
     *
     * @param fact the key under which the planner keeps what a record tells, and the event; empty where it tells nothing. The
     *     value is null for a tombstone
     */
    public <T extends SpecificRecord> ControlStream<E> with(
            Topic topic, Class<T> type, BiFunction<String, T, Optional<KeyValue<String, E>>> fact) {
        KStream<String, E> facts = valid(topic, type)
                .flatMap(
                        (key, value) -> fact.apply(key, value).stream().toList(),
                        Named.as(topic.baseName() + "-facts"));
        merged = Optional.of(
                merged.isEmpty() ? facts : merged.get().merge(facts, Named.as(topic.baseName() + "-merged")));
        return this;
    }

    /** All facts, in one partition. */
    public KStream<String, E> stream() {
        return merged.orElseThrow()
                .repartition(Repartitioned.with(Serdes.String(), ControlStream.<E>internal(config))
                        .withName("control")
                        .withNumberOfPartitions(1));
    }

    private static final class Valid<T extends SpecificRecord> extends ContextualProcessor<String, byte[], String, T> {
        private final RomeConfig config;
        private final Decoder decoder;
        private final Topic topic;
        private final Class<T> type;

        Valid(RomeConfig config, Topic topic, Class<T> type) {
            this.config = config;
            this.decoder = new Decoder(config);
            this.topic = topic;
            this.type = type;
        }

        @Override
        public void process(Record<String, byte[]> record) {
            T value;
            try {
                value = decoder.decode(raw(record.key(), record.value(), record.headers()), type);
                RecordChecks.check(topic, record.key(), value);
            } catch (RuntimeException e) {
                if (Fault.of(e) != Fault.PERMANENT) {
                    throw e;
                }
                return;
            }
            context().forward(record.withValue(value));
        }

        private ConsumerRecord<String, byte[]> raw(String key, byte[] value, Headers headers) {
            return new ConsumerRecord<>(
                    TopicNames.of(config).of(topic),
                    0,
                    0,
                    0,
                    TimestampType.NO_TIMESTAMP_TYPE,
                    0,
                    0,
                    key,
                    value,
                    headers,
                    Optional.empty());
        }

        @Override
        public void close() {
            decoder.close();
        }
    }
}
