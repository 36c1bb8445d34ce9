package dev.romestream.client.result;

import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.serde.Decoder;
import dev.romestream.messaging.topic.DeadLetters;
import dev.romestream.messaging.topic.Sending;
import dev.romestream.messaging.topic.TopicNames;
import dev.romestream.messaging.topic.TopicReader;
import dev.romestream.schemas.Topic;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** The dead letters on their topic. */
public final class DeadLetterBox implements AutoCloseable {
    private static final Duration LIMIT = Duration.ofMinutes(2);
    private static final Duration FETCH = Duration.ofSeconds(10);
    private static final Pattern PLACE = Pattern.compile("(?:([0-9]{1,4}):)?([0-9]{1,18})");
    private static final int SHOWN_BYTES = 256;
    /** Header of a record that was replayed: the letter that it was. */
    private static final String REPLAYED = "rome.replayed";

    private static final int SHOWN_CHARACTERS = 20_000;

    private final RomeConfig config;
    private final Decoder decoder;
    /** For replays; null before the first. */
    private Producer<String, byte[]> producer;

    /** A dead letter. */
    public record Letter(ConsumerRecord<String, byte[]> record) {
        /** Its place on the topic of dead letters. */
        public String id() {
            return record.partition() == 0
                    ? Long.toString(record.offset())
                    : record.partition() + ":" + record.offset();
        }

        public Instant time() {
            return Instant.ofEpochMilli(record.timestamp()).truncatedTo(ChronoUnit.SECONDS);
        }

        /** The topic that it came from. */
        public String topic() {
            return DeadLetters.header(record, "topic");
        }

        public String partition() {
            return DeadLetters.header(record, "partition");
        }

        public String offset() {
            return DeadLetters.header(record, "offset");
        }

        /** The class of what was thrown. */
        public String cause() {
            String name = DeadLetters.header(record, "exception");
            return name.substring(name.lastIndexOf('.') + 1);
        }

        public String reason() {
            return DeadLetters.header(record, "message");
        }

        public String key() {
            return String.valueOf(record.key());
        }

        public int bytes() {
            return record.value() == null ? 0 : record.value().length;
        }
    }

    public DeadLetterBox(RomeConfig config) {
        this.config = config;
        this.decoder = new Decoder(config);
    }

    /**
     * The letter at a place on the topic of dead letters, whatever else is there; empty where there is none.
     *
     * @param id as {@link Letter#id} has it
     */
    public Optional<Letter> letter(String id) {
        Matcher place = PLACE.matcher(id);
        if (!place.matches()) {
            return Optional.empty();
        }
        int partition = place.group(1) == null ? 0 : Integer.parseInt(place.group(1));
        return TopicReader.fetch(config, Topic.DEAD_LETTERS, partition, Long.parseLong(place.group(2)), FETCH)
                .map(Letter::new);
    }

    /**
     * The letters that are there now, the oldest first.
     *
     * @param topic of those that are wanted, with or without its prefix; null for all
     */
    public List<Letter> letters(String topic) {
        List<Letter> letters = new ArrayList<>();
        each(letter -> {
            if (topic == null || letter.topic().equals(topic) || letter.topic().endsWith("." + topic)) {
                letters.add(letter);
            }
        });
        return letters.stream()
                .sorted(Comparator.comparing(letter -> letter.record().timestamp()))
                .toList();
    }

    /** What came of many replays: how many letters were written again, those that were refused with the reason, and how many are left. */
    public record Replayed(int written, Map<String, String> refused, int left) {}

    /**
     * Writes the letters of a topic with a cause to their topic again: none that was written again before, where that is known, and of a
     * compacted topic the newest of each key alone. The bytes of one letter at a time are held.
     *
     * @param skipped ids of those that are left out; those that are written are added
     * @param most letters that are written
     */
    public Replayed replayAll(String topic, String cause, Set<String> skipped, int most) {
        Map<String, String> wanted = new LinkedHashMap<>();
        Set<String> again = new HashSet<>();
        each(letter -> {
            Header before = letter.record().headers().lastHeader(REPLAYED);
            if (before != null) {
                again.add(new String(before.value(), StandardCharsets.UTF_8));
            }
            if (letter.topic().equals(topic) && letter.cause().equals(cause)) {
                String place = isCompacted(topic) ? letter.key() : letter.partition() + "/" + letter.offset();
                wanted.put(place, letter.id());
            }
        });
        Set<String> ids = new HashSet<>(wanted.values());
        ids.removeAll(again);
        ids.removeAll(skipped);
        Map<String, String> refused = new LinkedHashMap<>();
        int[] written = {0};
        each(letter -> {
            if (written[0] < most && ids.contains(letter.id())) {
                try {
                    replay(letter);
                    written[0]++;
                    skipped.add(letter.id());
                } catch (IllegalArgumentException e) {
                    refused.put(letter.id(), e.getMessage());
                }
            }
        });
        return new Replayed(written[0], refused, ids.size() - written[0] - refused.size());
    }

    private boolean isCompacted(String topic) {
        TopicNames names = TopicNames.of(config);
        return Stream.of(Topic.values())
                .anyMatch(own -> names.of(own).equals(topic) && own.kept() == Topic.Kept.COMPACTED);
    }

    /** Those that are there now, in the order of the topic. */
    private void each(Consumer<Letter> taker) {
        try (TopicReader reader =
                new TopicReader(config, Topic.DEAD_LETTERS, record -> taker.accept(new Letter(record)))) {
            reader.awaitCaughtUp(LIMIT);
        }
    }

    /** What is in a letter: the record as JSON where it can be decoded, else its first bytes. */
    public String content(Letter letter) {
        byte[] value = Objects.requireNonNullElse(letter.record().value(), new byte[0]);
        try {
            String json = String.valueOf(decoder.decode(letter.record(), SpecificRecord.class));
            return json.length() <= SHOWN_CHARACTERS ? json : json.substring(0, SHOWN_CHARACTERS) + " ...";
        } catch (SerializationException e) {
            int shown = Math.min(value.length, SHOWN_BYTES);
            return "not decodable; its first " + shown + " bytes: "
                    + HexFormat.of().formatHex(value, 0, shown);
        }
    }

    /**
     * Writes a letter to its topic again, with its key and the headers that it came with.
     *
     * @throws IllegalArgumentException where it has not the record's bytes
     * @return where it stands now, partition/offset
     */
    public String replay(Letter letter) {
        String cut = DeadLetters.header(letter.record(), DeadLetters.CUT);
        if (!cut.isEmpty()) {
            throw new IllegalArgumentException("The letter " + letter.id() + " has not the " + cut
                    + " bytes of its record, which were too many; they stand at " + letter.topic() + " partition "
                    + letter.partition() + " offset " + letter.offset() + ", as long as that topic keeps them.");
        }
        if (letter.topic().isEmpty()) {
            throw new IllegalArgumentException("The letter " + letter.id()
                    + " names no topic that it came from: somebody else wrote it, and it cannot be replayed.");
        }
        if (letter.topic().equals(TopicNames.of(config).of(Topic.ALERTS))) {
            throw new IllegalArgumentException(
                    "The letter " + letter.id()
                            + " is an alert: on its topic it would be taken for what holds now, and is not written there again.");
        }
        RecordHeaders headers = new RecordHeaders();
        for (Header header : letter.record().headers()) {
            if (!header.key().startsWith(DeadLetters.PREFIX) && !header.key().equals(REPLAYED)) {
                headers.add(header);
            }
        }
        headers.add(REPLAYED, letter.id().getBytes(StandardCharsets.UTF_8));
        var written = Sending.await(producer()
                .send(new ProducerRecord<>(
                        letter.topic(),
                        null,
                        letter.record().key(),
                        letter.record().value(),
                        headers)));
        return written.partition() + "/" + written.offset();
    }

    private Producer<String, byte[]> producer() {
        if (producer == null) {
            Map<String, Object> settings = config.producer();
            settings.remove("value.serializer");
            producer = config.clients().producer("replay", settings, new StringSerializer(), new ByteArraySerializer());
        }
        return producer;
    }

    @Override
    public void close() {
        if (producer != null) {
            producer.close();
        }
        decoder.close();
    }
}
