package dev.romestream.messaging.config;

import dev.romestream.messaging.failure.Outages;
import dev.romestream.messaging.registry.SchemaRegistryClient;
import java.io.IOException;
import java.io.Reader;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.GroupProtocol;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.config.types.Password;

/**
 * Configuration of the services. Sources, weakest first: defaults, properties file, {@code ROME_*} environment, flags.
 * Kafka's client settings pass through under their own names, for all clients or, with a prefix ({@code producer.},
 * {@code consumer.}, {@code admin.}, {@code streams.}), for one kind.
 */
public final class RomeConfig {
    public static final String TOPIC_PREFIX = "topic.prefix";
    public static final String TOPIC_PARTITIONS = "topic.partitions";
    public static final String TOPIC_REPLICATION = "topic.replication.factor";
    public static final String HTTP_HOST = "http.host";
    public static final String HTTP_PORT = "http.port";
    public static final String HEALTH_STALL = "health.stall.ms";
    public static final String DATA_DIR = "data.dir";
    public static final String DATA_DOWNLOAD = "data.download";
    public static final String QUEUE_TYPE = "queue.type";
    public static final String QUEUE_ATTEMPTS = "queue.attempts";
    public static final String ENGINE_DEVICE = "engine.device";
    public static final String ENGINE_THREADS = "engine.threads";
    public static final String IMAGES_PER_BATCH = "images.per.batch";
    public static final String IMAGES_PER_SECOND = "images.per.second";
    public static final String NETWORKS_TORCHSCRIPT = "networks.torchscript";
    public static final String NETWORK_CACHE = "network.cache.size";
    public static final String PRIOR_WINDOW = "prior.window.iterations";
    public static final String PRIOR_TIMEOUT = "prior.timeout.ms";
    public static final String EVALUATION_PATIENCE = "evaluation.patience.ms";
    public static final String EVALUATION_FIGURES = "evaluation.figures";
    public static final String WEBHOOK_URL = "alerts.webhook.url";
    public static final String WEBHOOK_SECRET = "alerts.webhook.secret";
    public static final String ATTACKER_COUNT = "attacker.count";
    public static final String POOL_TRAINER_COUNT = "pool.trainer.count";
    public static final String QUEUE_LOCK = "queue.lock.ms";
    public static final String DASHBOARD_HOST = "dashboard.host";
    public static final String DASHBOARD_PORT = "dashboard.port";
    public static final String DASHBOARD_TOKEN = "dashboard.token";
    public static final String DASHBOARD_PROXIED = "dashboard.proxied";
    public static final String DASHBOARD_NAMES = "dashboard.names";
    public static final String DASHBOARD_SERVICES = "dashboard.services";
    public static final String REGISTRY_URL = "schema.registry.url";
    public static final String REGISTRY_PATIENCE = SchemaRegistryClient.PATIENCE;
    public static final String TOPICS_CREATE = "topics.create";
    public static final String SCHEMA_COMPATIBILITY = "schema.compatibility";
    public static final String LATEST_SCHEMAS = "use.latest.version";
    public static final String REGISTER_SCHEMAS = "auto.register.schemas";

    private static final ConfigDef OWN = new ConfigDef()
            .define(
                    TOPIC_PREFIX,
                    ConfigDef.Type.STRING,
                    "rome.",
                    RomeConfig::checkPrefix,
                    ConfigDef.Importance.MEDIUM,
                    "Prefix of every topic.")
            .define(
                    TOPIC_PARTITIONS,
                    ConfigDef.Type.INT,
                    4,
                    ConfigDef.Range.between(1, 1000),
                    ConfigDef.Importance.MEDIUM,
                    "Partitions of a topic that is spread, when it is created.")
            .define(
                    TOPIC_REPLICATION,
                    ConfigDef.Type.INT,
                    -1,
                    ConfigDef.Range.between(-1, 100),
                    ConfigDef.Importance.MEDIUM,
                    "Replication factor of created topics; -1: the broker's default.")
            .define(
                    TOPICS_CREATE,
                    ConfigDef.Type.BOOLEAN,
                    true,
                    ConfigDef.Importance.MEDIUM,
                    "Whether a service creates the topics that are missing, and sets its share groups up; false: it waits for the"
                            + " topics, and rome topics --create makes both.")
            .define(
                    SCHEMA_COMPATIBILITY,
                    ConfigDef.Type.STRING,
                    "",
                    ConfigDef.ValidString.in(
                            "",
                            "NONE",
                            "BACKWARD",
                            "BACKWARD_TRANSITIVE",
                            "FORWARD",
                            "FORWARD_TRANSITIVE",
                            "FULL",
                            "FULL_TRANSITIVE"),
                    ConfigDef.Importance.LOW,
                    "Compatibility that the registry is told to hold the subjects to, before schemas are registered; empty: what it"
                            + " does by itself.")
            .define(
                    HTTP_HOST,
                    ConfigDef.Type.STRING,
                    "127.0.0.1",
                    ConfigDef.Importance.LOW,
                    "Address of the health and metrics endpoint.")
            .define(
                    HTTP_PORT,
                    ConfigDef.Type.INT,
                    0,
                    ConfigDef.Range.between(-1, 65535),
                    ConfigDef.Importance.MEDIUM,
                    "Port of the health and metrics endpoint; 0: any free one; -1: none.")
            .define(
                    HEALTH_STALL,
                    ConfigDef.Type.LONG,
                    600_000L,
                    ConfigDef.Range.atLeast(1_000L),
                    ConfigDef.Importance.LOW,
                    "How long work may stand still before the process is not ready.")
            .define(
                    DATA_DIR,
                    ConfigDef.Type.STRING,
                    "",
                    ConfigDef.Importance.HIGH,
                    "Directory with the producer's image files.")
            .define(
                    DATA_DOWNLOAD,
                    ConfigDef.Type.BOOLEAN,
                    false,
                    ConfigDef.Importance.LOW,
                    "Whether the official files of cifar10, cifar100, mnist and fashion-mnist are fetched into data.dir where"
                            + " they are not there; their checksums are compared with the published ones.")
            .define(
                    QUEUE_TYPE,
                    ConfigDef.Type.STRING,
                    "share",
                    ConfigDef.ValidString.in("share", "consumer"),
                    ConfigDef.Importance.MEDIUM,
                    "share: a share group (brokers from 4.2). consumer: a consumer group.")
            .define(
                    QUEUE_ATTEMPTS,
                    ConfigDef.Type.INT,
                    3,
                    ConfigDef.Range.between(1, 4),
                    ConfigDef.Importance.MEDIUM,
                    "Attempts at a request before it is dead-lettered and answered as failed.")
            .define(
                    QUEUE_LOCK,
                    ConfigDef.Type.INT,
                    9_000,
                    ConfigDef.Range.between(1_000, 60_000),
                    ConfigDef.Importance.LOW,
                    "How long a request stays with a worker that gives no sign of life, where queue.type is share; brokers"
                            + " allow no less than group.share.min.record.lock.duration.ms.")
            .define(
                    REGISTRY_PATIENCE,
                    ConfigDef.Type.LONG,
                    -1L,
                    ConfigDef.Range.atLeast(-1),
                    ConfigDef.Importance.LOW,
                    "Longest wait for a schema registry that is away; -1: as long as it takes.")
            .define(
                    ENGINE_DEVICE,
                    ConfigDef.Type.STRING,
                    "auto",
                    ConfigDef.LambdaValidator.with(RomeConfig::checkDevice, () -> "auto, cpu or gpu:N"),
                    ConfigDef.Importance.MEDIUM,
                    "Where tensors are computed: auto, cpu or gpu:N.")
            .define(
                    ENGINE_THREADS,
                    ConfigDef.Type.INT,
                    1,
                    ConfigDef.Range.between(1, 1024),
                    ConfigDef.Importance.MEDIUM,
                    "Native threads of one computation. Part of what determines the bytes of a result.")
            .define(
                    IMAGES_PER_BATCH,
                    ConfigDef.Type.INT,
                    500,
                    ConfigDef.Range.between(1, 100_000),
                    ConfigDef.Importance.LOW,
                    "Images of one record on image-batches.")
            .define(
                    IMAGES_PER_SECOND,
                    ConfigDef.Type.INT,
                    0,
                    ConfigDef.Range.atLeast(0),
                    ConfigDef.Importance.LOW,
                    "Most images published a second; 0: as fast as the broker takes them.")
            .define(
                    NETWORKS_TORCHSCRIPT,
                    ConfigDef.Type.BOOLEAN,
                    false,
                    ConfigDef.Importance.MEDIUM,
                    "Whether TorchScript programs on the topic networks are run. They are native code: true only where all who"
                            + " may write to the topic are trusted. rome evaluate and monitor run those of their own files.")
            .define(
                    NETWORK_CACHE,
                    ConfigDef.Type.INT,
                    16,
                    ConfigDef.Range.between(1, 10_000),
                    ConfigDef.Importance.LOW,
                    "Networks that a worker keeps ready.")
            .define(
                    PRIOR_WINDOW,
                    ConfigDef.Type.INT,
                    4,
                    ConfigDef.Range.between(1, 1000),
                    ConfigDef.Importance.MEDIUM,
                    "Iterations ahead of the distiller whose priors are requested.")
            .define(
                    PRIOR_TIMEOUT,
                    ConfigDef.Type.LONG,
                    600_000L,
                    ConfigDef.Range.atLeast(1),
                    ConfigDef.Importance.LOW,
                    "Wait for a prior or pool network after which it is asked for again.")
            .define(
                    EVALUATION_PATIENCE,
                    ConfigDef.Type.LONG,
                    1_800_000L,
                    ConfigDef.Range.atLeast(1000),
                    ConfigDef.Importance.LOW,
                    "Silence of an attacker about a request that it has taken, after which the request is made again.")
            .define(
                    EVALUATION_FIGURES,
                    ConfigDef.Type.INT,
                    100,
                    ConfigDef.Range.between(0, 10_000),
                    ConfigDef.Importance.LOW,
                    "Networks whose newest complete figures the evaluator's metrics endpoint has: those that changed last.")
            .define(
                    WEBHOOK_URL,
                    ConfigDef.Type.STRING,
                    "",
                    ConfigDef.LambdaValidator.with(RomeConfig::checkUrl, () -> "http://... or https://..."),
                    ConfigDef.Importance.MEDIUM,
                    "Where the evaluator posts every alert as JSON; empty: nowhere.")
            .define(
                    WEBHOOK_SECRET,
                    ConfigDef.Type.PASSWORD,
                    "",
                    ConfigDef.Importance.MEDIUM,
                    "By which the posts are signed, as Standard Webhooks has it: any text, or whsec_ and base64; empty: they are"
                            + " not.")
            .define(
                    ATTACKER_COUNT,
                    ConfigDef.Type.INT,
                    1,
                    ConfigDef.Range.between(1, 64),
                    ConfigDef.Importance.MEDIUM,
                    "Attackers in the embedded stack.")
            .define(
                    POOL_TRAINER_COUNT,
                    ConfigDef.Type.INT,
                    1,
                    ConfigDef.Range.between(1, 64),
                    ConfigDef.Importance.LOW,
                    "Pool trainers in the embedded stack.")
            .define(
                    DASHBOARD_HOST,
                    ConfigDef.Type.STRING,
                    "127.0.0.1",
                    ConfigDef.Importance.MEDIUM,
                    "Address of the dashboard. Any but this machine's own takes dashboard.token or dashboard.proxied.")
            .define(
                    DASHBOARD_PORT,
                    ConfigDef.Type.INT,
                    0,
                    ConfigDef.Range.between(-1, 65535),
                    ConfigDef.Importance.MEDIUM,
                    "Port of the dashboard; 0: any free one; -1: none.")
            .define(
                    DASHBOARD_TOKEN,
                    ConfigDef.Type.PASSWORD,
                    "",
                    ConfigDef.Importance.MEDIUM,
                    "What a browser has to give before it sees the dashboard; empty: nothing.")
            .define(
                    DASHBOARD_PROXIED,
                    ConfigDef.Type.BOOLEAN,
                    false,
                    ConfigDef.Importance.LOW,
                    "Whether a proxy in front of the dashboard says who may see it. Requires dashboard.names, the names under which the proxy is reached.")
            .define(
                    DASHBOARD_NAMES,
                    ConfigDef.Type.LIST,
                    "",
                    ConfigDef.Importance.LOW,
                    "Names under which the dashboard is reached, separated by commas; empty: this machine's own, and any with a"
                            + " token.")
            .define(
                    DASHBOARD_SERVICES,
                    ConfigDef.Type.LIST,
                    "",
                    ConfigDef.Importance.LOW,
                    "Services that the dashboard asks for their health and metrics, as name=http://host:port, separated by commas.");

    private static final Set<String> KAFKA = Stream.of(
                    AdminClientConfig.configNames(), ProducerConfig.configNames(), ConsumerConfig.configNames())
            .flatMap(Set::stream)
            .collect(Collectors.toUnmodifiableSet());
    private static final List<String> KAFKA_PREFIXES = List.of("producer.", "consumer.", "admin.", "streams.");
    /** Of the clients in a Streams application, by Kafka's own names. */
    private static final List<String> STREAMS_PREFIXES = List.of("producer.", "consumer.", "admin.");

    /** What Streams decides itself. */
    private static final List<String> NOT_OF_STREAMS =
            List.of(".serializer", ".deserializer", "group.protocol", "group.remote.assignor");

    private static final Set<String> SERDE = Set.of(
            REGISTRY_URL,
            REGISTER_SCHEMAS,
            LATEST_SCHEMAS,
            "normalize.schemas",
            "key.subject.name.strategy",
            "value.subject.name.strategy",
            "basic.auth.credentials.source",
            "basic.auth.user.info",
            "bearer.auth.credentials.source",
            "bearer.auth.token",
            "specific.avro.reader");
    /** The switches among them. */
    private static final ConfigDef FLAGS = Stream.of(REGISTER_SCHEMAS, LATEST_SCHEMAS, "normalize.schemas")
            .reduce(
                    new ConfigDef(),
                    (flags, name) -> flags.define(
                            name, ConfigDef.Type.BOOLEAN, false, ConfigDef.Importance.LOW, "Of the serdes."),
                    (one, other) -> one);

    private static final String SERDE_TLS_PREFIX = "schema.registry.ssl.";
    private static final int SESSION_MS = 10_000;

    /** How soon partitions that are added are noticed. */
    private static final int METADATA_MS = 5_000;

    /**
     * A partition that was just created may take the second of two requests in flight, before it is ready for the first; the
     * first is then out of sequence for ever.
     */
    public static final int MAX_IN_FLIGHT_REQUESTS = 1;

    /** The largest record with its headers, and some. */
    public static final int MAX_REQUEST_BYTES = 10 * 1024 * 1024;

    private static final String ENVIRONMENT_PREFIX = "ROME_";
    /** What Kubernetes tells every container of the services beside it. */
    private static final Pattern SERVICE_LINK = Pattern.compile(
            ".*_(SERVICE_HOST|SERVICE_PORT(_.*)?|PORT|PORT_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)");

    private static final Pattern LINK = Pattern.compile("(tcp|udp|sctp)://.*");

    /** What the launcher and the log take from the environment. */
    private static final Set<String> LAUNCHER = Set.of("ROME_HEAP", "ROME_LOG_LEVEL", "ROME_LOG_FORMAT");

    private static final Map<String, String> BUILT_IN = Map.of(
            CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG,
            "localhost:9092",
            REGISTRY_URL,
            "http://localhost:8081",
            "specific.avro.reader",
            "true",
            ProducerConfig.VALUE_SERIALIZER_CLASS_CONFIG,
            "dev.romestream.messaging.serde.AvroSerializer",
            ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG,
            "dev.romestream.messaging.serde.AvroDeserializer");

    private final Map<String, String> given;
    private final Map<String, Object> own;
    private final Shared shared;

    /** What the configurations of one process have in common. */
    private record Shared(Outages outages, KafkaClients clients, HiddenSettings hidden) {}

    private RomeConfig(Map<String, String> given, Shared shared) {
        this.given = Map.copyOf(given);
        this.shared = shared;
        given.keySet().forEach(RomeConfig::checkKnown);
        Map<String, String> ours = new HashMap<>(given);
        ours.keySet().retainAll(OWN.names());
        this.own = parsed(ours);
    }

    private Map<String, Object> parsed(Map<String, String> ours) {
        try {
            FLAGS.parse(given);
            return OWN.parse(ours);
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
        merged.putAll(settings);
        HiddenSettings hidden = new HiddenSettings(SettingReferences.keys(merged), KAFKA_PREFIXES);
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
        Map<String, String> merged = new HashMap<>();
        if (file != null) {
            merged.putAll(read(file));
        }
        environment.forEach((name, value) -> {
            if (name.startsWith(ENVIRONMENT_PREFIX) && !LAUNCHER.contains(name)) {
                String key = name.substring(ENVIRONMENT_PREFIX.length())
                        .toLowerCase(Locale.ROOT)
                        .replace('_', '.');
                if (!isServiceLink(name, key, value)) {
                    merged.put(key, value);
                }
            }
        });
        merged.putAll(flags);
        return of(merged);
    }

    private static boolean isServiceLink(String name, String key, String value) {
        boolean named = OWN.names().contains(key) || KAFKA.contains(key) || SERDE.contains(key);
        return SERVICE_LINK.matcher(name).matches()
                && (!named || LINK.matcher(value).matches());
    }

    private static Map<String, String> read(Path file) {
        Properties properties = new Properties();
        try (Reader reader = Files.newBufferedReader(file)) {
            properties.load(reader);
        } catch (IOException e) {
            throw new ConfigException("Cannot read the configuration file " + file + ": " + e.getMessage());
        }
        Map<String, String> read = new HashMap<>();
        properties.stringPropertyNames().forEach(name -> read.put(name, properties.getProperty(name)));
        return read;
    }

    /** Whether {@code key} is a setting of the services or of Kafka's clients. */
    public static boolean isKnown(String key) {
        return OWN.names().contains(key)
                || KAFKA.contains(key)
                || SERDE.contains(key)
                || key.startsWith(SERDE_TLS_PREFIX)
                || SettingReferences.isAboutProviders(key)
                || KAFKA_PREFIXES.stream().anyMatch(prefix -> key.startsWith(prefix) && key.length() > prefix.length());
    }

    private static void checkKnown(String key) {
        if (!isKnown(key)) {
            throw new ConfigException("Unknown configuration key '" + key + "'. Known are "
                    + new TreeSet<>(OWN.names()) + ", " + new TreeSet<>(SERDE)
                    + ", Kafka's client settings, and those with a prefix of " + KAFKA_PREFIXES + ".");
        }
    }

    private static void checkPrefix(String key, Object value) {
        if (!String.valueOf(value).matches("[A-Za-z0-9._-]{0,200}")) {
            throw new ConfigException(key, value, "Allowed are at most 200 letters, digits, '.', '_' and '-'.");
        }
    }

    private static void checkDevice(String key, Object value) {
        if (!String.valueOf(value).matches("auto|cpu|gpu:[0-9]{1,3}")) {
            throw new ConfigException(key, value, "Allowed are auto, cpu and gpu:N.");
        }
    }

    private static void checkUrl(String key, Object value) {
        String text = String.valueOf(value);
        // an address may hold a secret
        String refusal = "The value of " + key + " is no URL; allowed is http://HOST/PATH or https://HOST/PATH.";
        try {
            if (!text.isEmpty() && (!text.matches("https?://.*") || new URI(text).getHost() == null)) {
                throw new ConfigException(refusal);
            }
        } catch (URISyntaxException e) {
            throw new ConfigException(refusal);
        }
    }

    /** The settings of the system, and those of others that were given, on a line; what is secret is hidden. */
    public String describe() {
        Map<String, String> all = new TreeMap<>();
        own.forEach((key, value) -> all.put(key, shared.hidden().shown(key, text(value))));
        given.forEach((key, value) -> all.put(key, shared.hidden().shown(key, value)));
        return all.entrySet().stream()
                .map(entry -> entry.getKey() + "=" + entry.getValue())
                .collect(Collectors.joining(", "));
    }

    private static String text(Object value) {
        return value instanceof Password secret ? secret.value() : String.valueOf(value);
    }

    /** This configuration with some settings replaced. */
    public RomeConfig with(Map<String, String> settings) {
        Map<String, String> merged = new HashMap<>(given);
        merged.putAll(settings);
        return new RomeConfig(merged, shared);
    }

    /** This configuration with settings for what it leaves open. */
    public RomeConfig withDefaults(Map<String, String> settings) {
        Map<String, String> merged = new HashMap<>(settings);
        merged.putAll(given);
        return new RomeConfig(merged, shared);
    }

    public String string(String key) {
        return own.containsKey(key) ? (String) own.get(key) : given.get(key);
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
        return given.get(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG);
    }

    /** Whether serializers register the schemas of what they write. */
    public boolean registersSchemas() {
        return isTrue(given.getOrDefault(REGISTER_SCHEMAS, "true"));
    }

    private static boolean isTrue(String value) {
        return Boolean.parseBoolean(value.strip());
    }

    /** Whether they write records in the newest registered schema, whichever that is. */
    public boolean writesLatestSchemas() {
        return !registersSchemas() && isTrue(given.getOrDefault(LATEST_SCHEMAS, "false"));
    }

    /** Settings for Kafka's Admin. */
    public Map<String, Object> admin() {
        return client("admin.", AdminClientConfig.configNames());
    }

    /** Settings for a producer, serdes' included. Idempotent, every replica acknowledged. */
    public Map<String, Object> producer() {
        Map<String, Object> settings = client("producer.", ProducerConfig.configNames());
        settings.putIfAbsent(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, true);
        settings.putIfAbsent(ProducerConfig.ACKS_CONFIG, "all");
        settings.putIfAbsent(ProducerConfig.MAX_IN_FLIGHT_REQUESTS_PER_CONNECTION, MAX_IN_FLIGHT_REQUESTS);
        settings.putIfAbsent(ProducerConfig.MAX_REQUEST_SIZE_CONFIG, MAX_REQUEST_BYTES);
        // brokers that are away are waited for
        settings.putIfAbsent(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, Integer.MAX_VALUE);
        settings.putIfAbsent(ProducerConfig.MAX_BLOCK_MS_CONFIG, Integer.MAX_VALUE);
        settings.putAll(serde());
        return settings;
    }

    /** Settings for a consumer, serdes' included. */
    public Map<String, Object> consumer() {
        Map<String, Object> settings = client("consumer.", ConsumerConfig.configNames());
        settings.putIfAbsent(ConsumerConfig.METADATA_MAX_AGE_CONFIG, METADATA_MS);
        settings.putAll(serde());
        return settings;
    }

    /** Settings for a member of a consumer group that reads bytes and commits itself; one that dies is missed after 10 s. */
    public Map<String, Object> member(String groupId) {
        Map<String, Object> settings = consumer();
        settings.remove(ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG);
        settings.put(ConsumerConfig.GROUP_ID_CONFIG, groupId);
        settings.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
        boolean brokersDecide = GroupProtocol.CONSUMER
                .name()
                .equalsIgnoreCase(String.valueOf(settings.get(ConsumerConfig.GROUP_PROTOCOL_CONFIG)));
        if (!brokersDecide) {
            settings.putIfAbsent(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG, SESSION_MS);
        }
        return settings;
    }

    /** Settings for Kafka Streams, serdes' included: those for all clients, of each kind, and those under {@code streams.}. */
    public Map<String, Object> streams() {
        Map<String, Object> settings = new HashMap<>();
        given.forEach((key, value) -> {
            boolean isOfClient = STREAMS_PREFIXES.stream().anyMatch(key::startsWith)
                    && !OWN.names().contains(key);
            if ((isOfClient || KAFKA.contains(key))
                    && !SettingReferences.isAboutProviders(key)
                    && NOT_OF_STREAMS.stream().noneMatch(key::endsWith)) {
                settings.put(key, value);
            }
        });
        settings.putIfAbsent(ConsumerConfig.METADATA_MAX_AGE_CONFIG, METADATA_MS);
        prefixed("streams.", settings);
        settings.putAll(serde());
        return settings;
    }

    /** Settings of the serdes and the registry client, under Confluent's names. */
    public Map<String, Object> serde() {
        Map<String, Object> settings = new TreeMap<>();
        given.forEach((key, value) -> {
            if (SERDE.contains(key) || key.startsWith(SERDE_TLS_PREFIX)) {
                settings.put(key, value);
            }
        });
        settings.put(SchemaRegistryClient.PATIENCE, own.get(REGISTRY_PATIENCE));
        settings.put(SchemaRegistryClient.OUTAGES, outages());
        return settings;
    }

    private Map<String, Object> client(String prefix, Set<String> names) {
        Map<String, Object> settings = new HashMap<>();
        given.forEach((key, value) -> {
            if (names.contains(key) && !SettingReferences.isAboutProviders(key)) {
                settings.put(key, value);
            }
        });
        prefixed(prefix, settings);
        return settings;
    }

    private void prefixed(String prefix, Map<String, Object> settings) {
        given.forEach((key, value) -> {
            if (key.startsWith(prefix) && !OWN.names().contains(key)) {
                settings.put(key.substring(prefix.length()), value);
            }
        });
    }

    /**
     * A setting of the system's own.
     *
     * @param otherwise its value where it is not given; empty for none
     */
    public record Setting(String name, String documentation, String otherwise) {}

    /** The system's own settings, by their names. */
    public static List<Setting> settings() {
        return OWN.configKeys().values().stream()
                .sorted(Comparator.comparing(key -> key.name))
                .map(key -> new Setting(
                        key.name,
                        key.documentation,
                        key.type == ConfigDef.Type.PASSWORD || key.defaultValue.equals(List.of())
                                ? ""
                                : key.defaultValue.toString()))
                .toList();
    }

    /** The own settings, documented, one a line: for {@code --help}. */
    public static String help() {
        return settings().stream()
                .map(key -> "  %-28s %s [%s]".formatted(key.name(), key.documentation(), key.otherwise()))
                .collect(Collectors.joining("\n"));
    }
}
