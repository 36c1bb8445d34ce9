package dev.romestream.messaging.config;

import dev.romestream.messaging.failure.Outages;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.config.types.Password;
import org.apache.kafka.common.utils.Utils;

/**
 * Configuration of the services. Sources, weakest first: defaults, properties file, {@code ROME_*} environment, flags.
 * Kafka's client settings pass through under their own names, for all clients or, with a prefix ({@code producer.},
 * {@code consumer.}, {@code admin.}, {@code streams.}), for one kind.
 */
public final class RomeConfig {
    private static final Map<String, String> BUILT_IN = Map.of(
            CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG,
            "localhost:9092",
            Settings.REGISTRY_URL,
            "http://localhost:8081",
            "specific.avro.reader",
            "true",
            ProducerConfig.VALUE_SERIALIZER_CLASS_CONFIG,
            "dev.romestream.messaging.serde.AvroSerializer",
            ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG,
            "dev.romestream.messaging.serde.AvroDeserializer");

    /** In place of ours, by one word. */
    static final String CONFLUENT = "confluent";

    private static final Map<String, String> CONFLUENT_SERDES = Map.of(
            ProducerConfig.VALUE_SERIALIZER_CLASS_CONFIG,
            "io.confluent.kafka.serializers.KafkaAvroSerializer",
            ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG,
            "io.confluent.kafka.serializers.KafkaAvroDeserializer");

    private final Map<String, String> values;
    private final Map<String, Object> own;
    private final Shared shared;

    /** What the configurations of one process have in common. */
    private record Shared(Outages outages, KafkaClients clients, HiddenSettings hidden) {}

    private RomeConfig(Map<String, String> values, Shared shared) {
        this.values = Map.copyOf(values);
        this.shared = shared;
        values.keySet().forEach(Settings::checkKnown);
        Map<String, String> ours = new HashMap<>(values);
        ours.keySet().retainAll(Settings.OWN.names());
        this.own = parsed(ours);
    }

    private Map<String, Object> parsed(Map<String, String> ours) {
        try {
            Settings.FLAGS.parse(values);
            return Settings.OWN.parse(ours);
        } catch (ConfigException e) {
            throw shared.hidden().shown(e);
        }
    }

    /**
     * Built-in defaults overlaid with {@code settings}.
     *
     * @throws ConfigException naming the key, the value and what is allowed
     */
    public static RomeConfig of(Map<String, String> settings) {
        Map<String, String> merged = new HashMap<>(BUILT_IN);
        if (CONFLUENT.equals(settings.get(Settings.AVRO_SERDES))) {
            merged.putAll(CONFLUENT_SERDES);
        }
        merged.putAll(settings);
        HiddenSettings hidden = new HiddenSettings(SettingReferences.keys(merged), Settings.KAFKA_PREFIXES);
        return new RomeConfig(
                SettingReferences.resolve(merged), new Shared(new Outages(), new KafkaClients(hidden), hidden));
    }

    /** What the process of this configuration, and of those made {@link #with} it, waits for. */
    public Outages outages() {
        return shared.outages();
    }

    /** Makes the clients of the process. */
    public KafkaClients clients() {
        return shared.clients();
    }

    /**
     * Reads all sources.
     *
     * @param file a properties file, or null for none
     * @param environment of which {@code ROME_*} counts, with '_' for '.'; what Kubernetes puts there for services whose names begin so
     *     does not
     * @param flags the strongest
     * @throws ConfigException naming the key, the value and what is allowed
     */
    public static RomeConfig load(Path file, Map<String, String> environment, Map<String, String> flags) {
        return of(ConfigSources.merged(file, environment, flags));
    }

    /** The settings of the system, and those of others that were set, on a line; what is secret is hidden. */
    public String describe() {
        Map<String, String> all = new TreeMap<>();
        own.forEach((key, value) -> all.put(key, shared.hidden().shown(key, text(value))));
        values.forEach((key, value) -> all.put(key, shared.hidden().shown(key, value)));
        return all.entrySet().stream()
                .map(entry -> entry.getKey() + "=" + entry.getValue())
                .collect(Collectors.joining(", "));
    }

    private static String text(Object value) {
        return value instanceof Password secret ? secret.value() : String.valueOf(value);
    }

    /** This configuration with some settings replaced. */
    public RomeConfig with(Map<String, String> settings) {
        Map<String, String> merged = new HashMap<>(values);
        merged.putAll(settings);
        return new RomeConfig(merged, shared);
    }

    /** This configuration with settings for what it leaves open. */
    public RomeConfig withDefaults(Map<String, String> settings) {
        Map<String, String> merged = new HashMap<>(settings);
        merged.putAll(values);
        return new RomeConfig(merged, shared);
    }

    public String string(String key) {
        return own.containsKey(key) ? (String) own.get(key) : values.get(key);
    }

    /**
     * One of the class that a setting names.
     *
     * @throws IllegalArgumentException where that is not on the class path
     */
    public <T> T instance(String key, Class<T> type) {
        try {
            return Utils.newInstance(string(key), type);
        } catch (ClassNotFoundException e) {
            throw new IllegalArgumentException(
                    key + " is " + string(key) + ", which is not on the class path"
                            + (string(Settings.AVRO_SERDES).equals(CONFLUENT)
                                    ? ": build with Confluent's serializers (docs/cluster.md), or leave "
                                            + Settings.AVRO_SERDES + " out."
                                    : "."),
                    e);
        }
    }

    /** A setting that is not to be printed. */
    public String secret(String key) {
        return ((Password) own.get(key)).value();
    }

    /** Values that are separated by commas. */
    @SuppressWarnings("unchecked")
    public List<String> list(String key) {
        return (List<String>) own.get(key);
    }

    public int integer(String key) {
        return (Integer) own.get(key);
    }

    public boolean flag(String key) {
        return (Boolean) own.get(key);
    }

    public long number(String key) {
        return ((Number) own.get(key)).longValue();
    }

    /** The brokers, as {@code host:port,…}. */
    public String bootstrapServers() {
        return values.get(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG);
    }

    /** Whether serializers register the schemas of what they write. */
    public boolean registersSchemas() {
        return isTrue(values.getOrDefault(Settings.REGISTER_SCHEMAS, "true"));
    }

    private static boolean isTrue(String value) {
        return Boolean.parseBoolean(value.strip());
    }

    /** Whether they write records in the newest registered schema, whichever that is. */
    public boolean writesLatestSchemas() {
        return !registersSchemas() && isTrue(values.getOrDefault(Settings.LATEST_SCHEMAS, "false"));
    }

    /** Settings for Kafka's Admin. */
    public Map<String, Object> admin() {
        return clientSettings().admin();
    }

    /** Settings for a producer, serdes' included. Idempotent, every replica acknowledged. */
    public Map<String, Object> producer() {
        return clientSettings().producer();
    }

    /** Settings for a consumer, serdes' included. */
    public Map<String, Object> consumer() {
        return clientSettings().consumer();
    }

    /** Settings for a member of a consumer group that reads bytes and commits itself; one that dies is missed after 10 s. */
    public Map<String, Object> member(String groupId) {
        return clientSettings().member(groupId);
    }

    /** Settings for Kafka Streams, serdes' included: those for all clients, of each kind, and those under {@code streams.}. */
    public Map<String, Object> streams() {
        return clientSettings().streams();
    }

    /** Settings of the serdes and the registry client, under Confluent's names. */
    public Map<String, Object> serde() {
        return clientSettings().serde();
    }

    private ClientSettings clientSettings() {
        return new ClientSettings(values, own.get(Settings.REGISTRY_PATIENCE), outages());
    }
}
