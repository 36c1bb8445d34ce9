package dev.romestream.messaging.registry;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.romestream.messaging.failure.Backoff;
import dev.romestream.messaging.failure.Outages;
import dev.romestream.messaging.failure.UnavailableException;
import dev.romestream.messaging.failure.UnprocessableException;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import org.apache.avro.Schema;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.config.SslConfigs;
import org.apache.kafka.common.security.ssl.DefaultSslEngineFactory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Client of a schema registry that speaks Confluent's REST protocol (Confluent, Apicurio's ccompat, Karapace, Redpanda).
 * Schemas and ids never change once given, so both are kept. Safe for use by several threads.
 */
public final class SchemaRegistryClient {
    private static final Logger log = LoggerFactory.getLogger(SchemaRegistryClient.class);
    private static final String JSON = "application/vnd.schemaregistry.v1+json";
    private static final Duration TIMEOUT = Duration.ofSeconds(10);
    private static final String TLS_PREFIX = "schema.registry.";
    private static final int MOST_KEPT = 1000;
    private static final int MOST_CHARACTERS = 1 << 20;
    private static final int TOO_MANY_REQUESTS = 429;
    /** A gateway in front of the registry, or credentials that are about to be mended: no record's fault. */
    private static final Set<Integer> AWAY = Set.of(401, 403, 407, 408, TOO_MANY_REQUESTS);

    /** Longest wait for a registry that is away, in milliseconds; negative for as long as it takes. */
    public static final String PATIENCE = "registry.patience.ms";

    /** The {@link Outages} that waits are reported to. */
    public static final String OUTAGES = "outages";

    private final ObjectMapper mapper = new ObjectMapper();
    private final HttpClient http;
    private final List<String> urls;
    private final Optional<String> authorization;
    private final String normalize;
    private final Duration patience;
    private final Outages outages;
    private final Cache<String, Schema> schemas =
            Caffeine.newBuilder().maximumSize(MOST_KEPT).build();
    private final Cache<SubjectSchema, Integer> ids =
            Caffeine.newBuilder().maximumSize(MOST_KEPT).build();

    private record SubjectSchema(String subject, Schema schema) {}

    /** @param settings with Confluent's names; {@code schema.registry.url} is needed */
    public SchemaRegistryClient(Map<String, ?> settings) {
        Object url = settings.get("schema.registry.url");
        if (url == null || url.toString().isBlank()) {
            throw new IllegalArgumentException("schema.registry.url is not set; give the registry's address.");
        }
        this.urls = Stream.of(url.toString().split(","))
                .map(String::strip)
                .map(address -> address.endsWith("/") ? address.substring(0, address.length() - 1) : address)
                .map(SchemaRegistryClient::checked)
                .toList();
        this.authorization = authorization(settings);
        this.normalize = isSet(settings, "normalize.schemas") ? "?normalize=true" : "";
        Object limit = settings.get(PATIENCE);
        this.patience = Duration.ofMillis(limit == null ? -1 : Long.parseLong(limit.toString()));
        this.outages = settings.get(OUTAGES) instanceof Outages shared ? shared : new Outages();
        this.http = tls(settings)
                .map(context -> httpClient().sslContext(context).build())
                .orElse(DefaultTls.CLIENT);
    }

    private static boolean isSet(Map<String, ?> settings, String flag) {
        Object value = settings.get(flag);
        return value != null && Boolean.parseBoolean(value.toString().strip());
    }

    /** One client, and its thread, serves all that need no TLS settings of their own. */
    private static final class DefaultTls {
        private static final HttpClient CLIENT = httpClient().build();
    }

    /** What is wrong with an address must not be told with the password in it. */
    private static String checked(String address) {
        try {
            URI uri = new URI(address);
            if (uri.getHost() != null && Set.of("http", "https").contains(String.valueOf(uri.getScheme()))) {
                return address;
            }
        } catch (URISyntaxException e) {
            log.debug("An address is refused at position {}", e.getIndex());
        }
        throw new IllegalArgumentException("schema.registry.url has an address that is none, beginning with '"
                + address.substring(0, Math.max(0, address.indexOf("://"))) + "'; needed is http://HOST:PORT or"
                + " https://HOST:PORT, or several with commas, with special characters of a password encoded.");
    }

    private static HttpClient.Builder httpClient() {
        return HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(TIMEOUT);
    }

    private static Optional<String> authorization(Map<String, ?> settings) {
        Object source = settings.get("bearer.auth.credentials.source");
        if (source != null && !source.equals("STATIC_TOKEN")) {
            throw new IllegalArgumentException(
                    "bearer.auth.credentials.source is " + source + "; known is STATIC_TOKEN, with bearer.auth.token.");
        }
        Object token = settings.get("bearer.auth.token");
        if (token != null) {
            return Optional.of("Bearer " + token.toString().strip());
        }
        Object user = settings.get("basic.auth.user.info");
        if (user != null && !"URL".equals(settings.get("basic.auth.credentials.source"))) {
            return Optional.of(basic(user.toString()));
        }
        return Optional.empty();
    }

    private static String basic(String userInfo) {
        return "Basic " + Base64.getEncoder().encodeToString(userInfo.getBytes(StandardCharsets.UTF_8));
    }

    private static Optional<SSLContext> tls(Map<String, ?> settings) {
        Map<String, Object> tls = new HashMap<>();
        settings.forEach((key, value) -> {
            if (key.startsWith(TLS_PREFIX + "ssl.")) {
                tls.put(key.substring(TLS_PREFIX.length()), value);
            }
        });
        if (tls.isEmpty()) {
            return Optional.empty();
        }
        ConfigDef definition = new ConfigDef();
        SslConfigs.addClientSslSupport(definition);
        try (DefaultSslEngineFactory factory = new DefaultSslEngineFactory()) {
            factory.configure(definition.parse(tls));
            return Optional.of(factory.sslContext());
        } catch (KafkaException e) {
            throw new ConfigException("The settings " + TLS_PREFIX + "ssl.* cannot be used: " + e.getMessage());
        }
    }

    /** Registers {@code schema} under {@code subject}; registering it again gives the same id. */
    public int register(String subject, Schema schema) {
        return id(new SubjectSchema(subject, schema), "/subjects/" + encode(subject) + "/versions");
    }

    /** The id of a schema that is registered already. */
    public int id(String subject, Schema schema) {
        return id(new SubjectSchema(subject, schema), "/subjects/" + encode(subject));
    }

    private int id(SubjectSchema wanted, String path) {
        return kept(ids, wanted, key -> call("POST", path + normalize, body(key.schema()))
                .get("id")
                .asInt());
    }

    /**
     * The newest schema of a subject, as it is now.
     *
     * @throws RegistryException with status 404 where there is none
     */
    public RegisteredSchema latest(String subject) {
        JsonNode found = call("GET", "/subjects/" + encode(subject) + "/versions/latest", null);
        return new RegisteredSchema(found.get("id").asInt(), parse(subject, found));
    }

    /** The schema with this id. */
    public Schema schema(int id) {
        return kept(schemas, "/schemas/ids/" + id, this::fetch);
    }

    /** The schema with this globally unique id, as newer serializers send in a header. */
    public Schema schema(UUID guid) {
        return kept(schemas, "/schemas/guids/" + guid, this::fetch);
    }

    /** Not computed within the cache: a wait for the registry must hold up nobody else. */
    private static <K, V> V kept(Cache<K, V> cache, K key, Function<K, V> load) {
        V found = cache.getIfPresent(key);
        if (found == null) {
            found = load.apply(key);
            cache.put(key, found);
        }
        return found;
    }

    private Schema fetch(String path) {
        return parse(path, call("GET", path, null));
    }

    private static Schema parse(String path, JsonNode found) {
        String type = found.path("schemaType").asText("AVRO");
        if (!type.equals("AVRO")) {
            throw new UnprocessableException(
                    "The schema at " + path + " is of type " + type + "; records are written in AVRO.");
        }
        if (!found.path("references").isEmpty()) {
            throw new UnprocessableException(
                    "The schema at " + path + " refers to other schemas; write records with schemas that stand alone.");
        }
        String text = found.path("schema").asText("");
        if (text.length() > MOST_CHARACTERS) {
            throw new UnprocessableException("The schema at " + path + " has " + text.length()
                    + " characters; the most allowed is " + MOST_CHARACTERS + ".");
        }
        try {
            return new Schema.Parser().parse(text);
        } catch (RuntimeException | StackOverflowError e) {
            throw new UnprocessableException("The schema at " + path + " is not valid Avro: " + e.getMessage(), e);
        }
    }

    /**
     * Has the registry accept only schemas under {@code subject} that go with the earlier ones.
     *
     * @param level in the registry's words
     */
    public void requireCompatibility(String subject, String level) {
        call("PUT", "/config/" + encode(subject), mapper.createObjectNode().put("compatibility", level));
    }

    private ObjectNode body(Schema schema) {
        return mapper.createObjectNode().put("schema", schema.toString()).put("schemaType", "AVRO");
    }

    /** The registry's answer, once it gives one. */
    private JsonNode call(String method, String path, JsonNode body) {
        return Backoff.await(outages, "the schema registry", patience, () -> exchange(method, path, body));
    }

    private JsonNode exchange(String method, String path, JsonNode body) throws InterruptedException {
        UnavailableException away = null;
        for (String url : urls) {
            try {
                return answer(url + path, http.send(request(url, method, path, body), textBody()));
            } catch (UnavailableException e) {
                away = e;
            } catch (IOException e) {
                away = new UnavailableException(
                        "No schema registry answers at " + withoutCredentials(url)
                                + " (schema.registry.url). Is it running?",
                        e);
            }
        }
        throw away;
    }

    private static String withoutCredentials(String url) {
        return url.replaceFirst("^([a-z]+://)?.*@", "$1");
    }

    private static HttpResponse.BodyHandler<String> textBody() {
        return HttpResponse.BodyHandlers.ofString(StandardCharsets.UTF_8);
    }

    private HttpRequest request(String url, String method, String path, JsonNode body) {
        URI uri = URI.create(url + path);
        HttpRequest.Builder request = HttpRequest.newBuilder(uri)
                .timeout(TIMEOUT)
                .header("Accept", JSON + ", application/json")
                .header("Content-Type", JSON)
                .method(
                        method,
                        body == null
                                ? HttpRequest.BodyPublishers.noBody()
                                : HttpRequest.BodyPublishers.ofString(body.toString(), StandardCharsets.UTF_8));
        Optional<String> header =
                authorization.or(() -> Optional.ofNullable(uri.getUserInfo()).map(SchemaRegistryClient::basic));
        header.ifPresent(value -> request.header("Authorization", value));
        return request.build();
    }

    private JsonNode answer(String address, HttpResponse<String> response) throws IOException {
        int status = response.statusCode();
        if (status >= 500 || AWAY.contains(status)) {
            throw new UnavailableException(
                    withoutCredentials(address) + " answered with status " + status + " (schema.registry.url).");
        }
        if (status >= 300) {
            throw new RegistryException(
                    status,
                    "The schema registry refused " + withoutCredentials(address) + " (" + status + "): "
                            + response.body());
        }
        return mapper.readTree(response.body());
    }

    private static String encode(String segment) {
        return URLEncoder.encode(segment, StandardCharsets.UTF_8).replace("+", "%20");
    }
}
