package dev.romestream.messaging.config;

import dev.romestream.messaging.registry.SchemaRegistryClient;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigException;

/** The catalogue of settings: the system's own, Kafka's and the serdes'. */
public final class Settings {
    public static final String TOPIC_PREFIX = "topic.prefix";
    public static final String TOPIC_PARTITIONS = "topic.partitions";
    public static final String TOPIC_REPLICATION = "topic.replication.factor";
    public static final String HTTP_HOST = "http.host";
    public static final String HTTP_PORT = "http.port";
    public static final String HEALTH_STALL = "health.stall.ms";
    public static final String DATA_DIR = "data.dir";
    public static final String DATA_DOWNLOAD = "data.download";
    public static final String AVRO_SERDES = "avro.serdes";
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

    static final ConfigDef OWN = new ConfigDef()
            .define(
                    TOPIC_PREFIX,
                    ConfigDef.Type.STRING,
                    "rome.",
                    Settings::checkPrefix,
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
                    AVRO_SERDES,
                    ConfigDef.Type.STRING,
                    "rome",
                    ConfigDef.ValidString.in("rome", RomeConfig.CONFLUENT),
                    ConfigDef.Importance.LOW,
                    "rome: this project's serializers. confluent: Confluent's own, which a build with the profile confluent has.")
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
                    ConfigDef.LambdaValidator.with(Settings::checkDevice, () -> "auto, cpu or gpu:N"),
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
                    ConfigDef.LambdaValidator.with(Settings::checkUrl, () -> "http://... or https://..."),
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

    static final Set<String> KAFKA = Stream.of(
                    AdminClientConfig.configNames(), ProducerConfig.configNames(), ConsumerConfig.configNames())
            .flatMap(Set::stream)
            .collect(Collectors.toUnmodifiableSet());
    static final List<String> KAFKA_PREFIXES = List.of("producer.", "consumer.", "admin.", "streams.");
    static final Set<String> SERDE = Set.of(
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
    static final String SERDE_TLS_PREFIX = "schema.registry.ssl.";
    /** The switches among them. */
    static final ConfigDef FLAGS = Stream.of(REGISTER_SCHEMAS, LATEST_SCHEMAS, "normalize.schemas")
            .reduce(
                    new ConfigDef(),
                    (flags, name) -> flags.define(
                            name, ConfigDef.Type.BOOLEAN, false, ConfigDef.Importance.LOW, "Of the serdes."),
                    (one, other) -> one);

    private Settings() {}

    /** Whether {@code key} is a setting of the services or of Kafka's clients. */
    public static boolean isKnown(String key) {
        return OWN.names().contains(key)
                || KAFKA.contains(key)
                || SERDE.contains(key)
                || key.startsWith(SERDE_TLS_PREFIX)
                || SettingReferences.isAboutProviders(key)
                || KAFKA_PREFIXES.stream().anyMatch(prefix -> key.startsWith(prefix) && key.length() > prefix.length());
    }

    static void checkKnown(String key) {
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

    /**
     * A setting of the system's own.
     *
     * @param otherwise its value where it is not given; empty for none
     */
    public record Setting(String name, String documentation, String otherwise) {}

    /** The system's own settings, by their names. */
    public static List<Setting> all() {
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
        return all().stream()
                .map(key -> "  %-28s %s [%s]".formatted(key.name(), key.documentation(), key.otherwise()))
                .collect(Collectors.joining("\n"));
    }
}
