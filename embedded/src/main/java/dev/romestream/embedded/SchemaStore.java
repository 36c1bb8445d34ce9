package dev.romestream.embedded;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import org.apache.avro.Schema;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** Subjects, versions and compatibility levels: read from {@code _schemas} at the start, written through to it. */
final class SchemaStore implements AutoCloseable {
    private static final String TOPIC = "_schemas";
    private static final String CONFIG_KEY = "config/";
    private static final String SCHEMA_KEY = "schema/";

    private final ObjectMapper mapper = new ObjectMapper();
    private final KafkaProducer<String, String> producer;
    private final SortedMap<String, SortedMap<Integer, SchemaVersion>> subjects = new TreeMap<>();
    private final Map<String, CompatibilityLevel> levels = new HashMap<>();
    private final Map<Integer, Schema> byId = new HashMap<>();
    private final Map<Schema, Integer> ids = new HashMap<>();

    private SchemaStore(String bootstrapServers) {
        Map<String, Object> settings = Map.of("bootstrap.servers", bootstrapServers, "acks", "all");
        this.producer = new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer());
    }

    static SchemaStore open(String bootstrapServers) {
        createTopic(bootstrapServers);
        SchemaStore store = new SchemaStore(bootstrapServers);
        store.load(bootstrapServers);
        return store;
    }

    private static void createTopic(String bootstrapServers) {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrapServers))) {
            NewTopic topic = new NewTopic(TOPIC, 1, (short) -1).configs(Map.of("cleanup.policy", "compact"));
            admin.createTopics(List.of(topic)).all().get();
        } catch (InterruptedException e) {
            throw new InterruptException(e);
        } catch (ExecutionException e) {
            if (!(e.getCause() instanceof TopicExistsException)) {
                throw new KafkaException(
                        "Cannot create " + TOPIC + ": " + e.getCause().getMessage(), e.getCause());
            }
        }
    }

    private synchronized void load(String bootstrapServers) {
        Map<String, Object> settings = Map.of("bootstrap.servers", bootstrapServers, "enable.auto.commit", false);
        try (var consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer())) {
            TopicPartition partition = new TopicPartition(TOPIC, 0);
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
            long end = consumer.endOffsets(List.of(partition)).get(partition);
            while (consumer.position(partition) < end) {
                consumer.poll(Duration.ofMillis(200)).forEach(record -> restore(record.key(), record.value()));
            }
        }
    }

    private void restore(String key, String value) {
        if (key.startsWith(CONFIG_KEY)) {
            levels.put(key.substring(CONFIG_KEY.length()), CompatibilityLevel.valueOf(value));
        } else if (value != null) {
            try {
                JsonNode node = mapper.readTree(value);
                put(new SchemaVersion(
                        node.get("subject").asText(),
                        node.get("version").asInt(),
                        node.get("id").asInt(),
                        node.get("schema").asText(),
                        node.get("deleted").asBoolean()));
            } catch (JsonProcessingException e) {
                throw new UncheckedIOException("The record " + key + " of " + TOPIC + " is not JSON.", e);
            }
        }
    }

    private void put(SchemaVersion version) {
        subjects.computeIfAbsent(version.subject(), subject -> new TreeMap<>()).put(version.version(), version);
        Schema parsed = new Schema.Parser().parse(version.schema());
        byId.put(version.id(), parsed);
        ids.put(parsed, version.id());
    }

    private void write(String key, String value) {
        try {
            producer.send(new ProducerRecord<>(TOPIC, key, value)).get();
        } catch (InterruptedException e) {
            throw new InterruptException(e);
        } catch (ExecutionException e) {
            throw new KafkaException(
                    "The broker did not take a schema: " + e.getCause().getMessage(), e.getCause());
        }
    }

    private void save(SchemaVersion version) {
        try {
            write(key(version), mapper.writeValueAsString(version));
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
        put(version);
    }

    private static String key(SchemaVersion version) {
        return SCHEMA_KEY + version.subject() + "/" + version.version();
    }

    synchronized List<String> subjects() {
        return subjects.keySet().stream()
                .filter(subject -> !live(subject).isEmpty())
                .toList();
    }

    private List<SchemaVersion> live(String subject) {
        return subjects.getOrDefault(subject, new TreeMap<>()).values().stream()
                .filter(version -> !version.deleted())
                .toList();
    }

    private List<SchemaVersion> known(String subject) {
        List<SchemaVersion> versions = live(subject);
        if (versions.isEmpty()) {
            throw new RegistryError(404, 40401, "Subject '" + subject + "' not found.");
        }
        return versions;
    }

    synchronized List<Integer> versions(String subject) {
        return known(subject).stream().map(SchemaVersion::version).toList();
    }

    /** @param number a version, or {@code latest} */
    synchronized SchemaVersion version(String subject, String number) {
        List<SchemaVersion> versions = known(subject);
        if (number.equals("latest") || number.equals("-1")) {
            return versions.get(versions.size() - 1);
        }
        int wanted = parse(number);
        return versions.stream()
                .filter(version -> version.version() == wanted)
                .findFirst()
                .orElseThrow(() -> new RegistryError(404, 40402, "Version " + number + " not found."));
    }

    private static int parse(String version) {
        try {
            int number = Integer.parseInt(version);
            if (number > 0) {
                return number;
            }
        } catch (NumberFormatException e) {
            // answered below, as for a number that is not positive
        }
        throw new RegistryError(422, 42202, "The version is '" + version + "'; give a positive number or latest.");
    }

    private Optional<SchemaVersion> find(String subject, Schema schema) {
        return live(subject).stream()
                .filter(version -> byId.get(version.id()).equals(schema))
                .findFirst();
    }

    synchronized SchemaVersion lookUp(String subject, Schema schema) {
        known(subject);
        return find(subject, schema).orElseThrow(() -> new RegistryError(404, 40403, "Schema not found."));
    }

    synchronized SchemaVersion register(String subject, Schema schema) {
        Optional<SchemaVersion> present = find(subject, schema);
        if (present.isPresent()) {
            return present.get();
        }
        List<String> violations = level(subject)
                .violations(
                        schema,
                        live(subject).stream()
                                .map(version -> byId.get(version.id()))
                                .toList());
        if (!violations.isEmpty()) {
            throw new RegistryError(
                    409, 409, "The schema is incompatible with an earlier one of '" + subject + "': " + violations);
        }
        SortedMap<Integer, SchemaVersion> versions = subjects.getOrDefault(subject, new TreeMap<>());
        int next = versions.isEmpty() ? 1 : versions.lastKey() + 1;
        int id = ids.getOrDefault(
                schema, byId.keySet().stream().max(Integer::compare).orElse(0) + 1);
        SchemaVersion version = new SchemaVersion(subject, next, id, schema.toString(), false);
        save(version);
        return version;
    }

    synchronized Schema byId(String id) {
        return Optional.ofNullable(byId.get(parse(id)))
                .orElseThrow(() -> new RegistryError(404, 40403, "Schema " + id + " not found."));
    }

    /** The schema whose name-based UUID (of its text) this is. */
    synchronized Schema byGuid(String guid) {
        return ids.keySet().stream()
                .filter(schema -> guid(schema).toString().equals(guid))
                .findFirst()
                .orElseThrow(() -> new RegistryError(404, 40403, "Schema " + guid + " not found."));
    }

    static UUID guid(Schema schema) {
        return UUID.nameUUIDFromBytes(schema.toString().getBytes(StandardCharsets.UTF_8));
    }

    synchronized List<SchemaVersion> uses(String id) {
        byId(id);
        int wanted = parse(id);
        return subjects.keySet().stream()
                .flatMap(subject -> live(subject).stream())
                .filter(version -> version.id() == wanted)
                .toList();
    }

    synchronized List<String> incompatibilities(String subject, String version, Schema schema) {
        Schema against = byId.get(version(subject, version).id());
        return level(subject).violations(schema, List.of(against));
    }

    /** The level in force for a subject; of all, for the empty subject. */
    synchronized CompatibilityLevel level(String subject) {
        return levels.getOrDefault(subject, levels.getOrDefault("", CompatibilityLevel.BACKWARD));
    }

    synchronized CompatibilityLevel ownLevel(String subject, boolean defaultToGlobal) {
        if (!levels.containsKey(subject) && !defaultToGlobal) {
            throw new RegistryError(404, 40408, "Subject '" + subject + "' has no compatibility level of its own.");
        }
        return level(subject);
    }

    synchronized void setLevel(String subject, CompatibilityLevel level) {
        if (levels.get(subject) != level) {
            write(CONFIG_KEY + subject, level.name());
            levels.put(subject, level);
        }
    }

    synchronized List<Integer> deleteSubject(String subject, boolean permanent) {
        SortedMap<Integer, SchemaVersion> all = subjects.getOrDefault(subject, new TreeMap<>());
        if (all.isEmpty()) {
            throw new RegistryError(404, 40401, "Subject '" + subject + "' not found.");
        }
        List<SchemaVersion> versions = permanent ? List.copyOf(all.values()) : live(subject);
        if (versions.isEmpty()) {
            throw new RegistryError(404, 40404, "Subject '" + subject + "' was soft-deleted; delete it permanently.");
        }
        if (permanent && !live(subject).isEmpty()) {
            throw new RegistryError(404, 40405, "Subject '" + subject + "' must be soft-deleted first.");
        }
        versions.forEach(version -> delete(version, permanent));
        return versions.stream().map(SchemaVersion::version).toList();
    }

    synchronized int deleteVersion(String subject, String number, boolean permanent) {
        SchemaVersion version = permanent ? deleted(subject, parse(number)) : version(subject, number);
        delete(version, permanent);
        return version.version();
    }

    private SchemaVersion deleted(String subject, int number) {
        SchemaVersion version = subjects.getOrDefault(subject, new TreeMap<>()).get(number);
        if (version == null) {
            throw new RegistryError(404, 40402, "Version " + number + " not found.");
        }
        if (!version.deleted()) {
            throw new RegistryError(404, 40407, "Version " + number + " must be soft-deleted first.");
        }
        return version;
    }

    private void delete(SchemaVersion version, boolean permanent) {
        if (permanent) {
            write(key(version), null);
            subjects.get(version.subject()).remove(version.version());
        } else {
            save(version.asDeleted());
        }
    }

    @Override
    public void close() {
        producer.close();
    }
}
