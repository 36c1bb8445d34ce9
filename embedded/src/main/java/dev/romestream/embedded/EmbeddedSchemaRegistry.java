package dev.romestream.embedded;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.avro.Schema;
import org.apache.avro.SchemaParseException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A schema registry in this JVM: Confluent's REST protocol for Avro, kept in the compacted topic {@code _schemas}. */
public final class EmbeddedSchemaRegistry implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(EmbeddedSchemaRegistry.class);
    /** JDK setting without which an answer waits some 40 ms for the acknowledgement of its own headers. */
    private static final String NO_DELAY = "sun.net.httpserver.nodelay";

    private static final String JSON = "application/vnd.schemaregistry.v1+json";

    private final ObjectMapper mapper = new ObjectMapper();
    private final SchemaStore store;
    private final HttpServer server;
    private final ExecutorService threads = Executors.newFixedThreadPool(4, body -> {
        Thread thread = new Thread(body, "schema-registry");
        thread.setDaemon(true);
        return thread;
    });

    /** A call's path below the root, decoded, and its query. */
    private record Call(String method, List<String> path, String query, JsonNode body) {
        boolean is(String wantedMethod, String... pattern) {
            return method.equals(wantedMethod)
                    && path.size() == pattern.length
                    && IntStream.range(0, pattern.length)
                            .allMatch(i -> pattern[i].equals("*") || pattern[i].equals(path.get(i)));
        }

        String at(int i) {
            return path.get(i);
        }

        boolean flag(String name) {
            return query != null && Arrays.asList(query.split("&")).contains(name + "=true");
        }
    }

    private EmbeddedSchemaRegistry(SchemaStore store, HttpServer server) {
        this.store = store;
        this.server = server;
    }

    /**
     * Starts a registry.
     *
     * @param bootstrapServers the brokers that keep its topic
     * @param port on localhost; 0 for any free one
     */
    public static EmbeddedSchemaRegistry start(String bootstrapServers, int port) {
        System.setProperty(NO_DELAY, "true");
        SchemaStore store = SchemaStore.open(bootstrapServers);
        try {
            HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 64);
            EmbeddedSchemaRegistry registry = new EmbeddedSchemaRegistry(store, server);
            server.setExecutor(registry.threads);
            server.createContext("/", registry::handle);
            server.start();
            return registry;
        } catch (IOException e) {
            store.close();
            throw new UncheckedIOException(
                    "The embedded schema registry cannot listen on port " + port + ": " + e.getMessage()
                            + ". End what listens there, or choose another port.",
                    e);
        }
    }

    public String url() {
        return "http://localhost:" + server.getAddress().getPort();
    }

    private void handle(HttpExchange exchange) throws IOException {
        int status = 200;
        Object answer;
        try {
            answer = route(call(exchange));
        } catch (RegistryError e) {
            status = e.status();
            answer = Map.of("error_code", e.code(), "message", e.getMessage());
        } catch (RuntimeException e) {
            log.error("The registry failed at {}", exchange.getRequestURI(), e);
            status = 500;
            answer = Map.of("error_code", 50001, "message", String.valueOf(e.getMessage()));
        }
        byte[] bytes = mapper.writeValueAsBytes(answer);
        try (exchange) {
            exchange.getResponseHeaders().set("Content-Type", JSON);
            exchange.sendResponseHeaders(status, bytes.length);
            exchange.getResponseBody().write(bytes);
        }
    }

    private Call call(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getRawPath();
        List<String> segments = Stream.of(path.split("/"))
                .filter(segment -> !segment.isEmpty())
                .map(segment -> URLDecoder.decode(segment, StandardCharsets.UTF_8))
                .toList();
        byte[] body = exchange.getRequestBody().readAllBytes();
        try {
            JsonNode json = body.length == 0 ? mapper.createObjectNode() : mapper.readTree(body);
            return new Call(
                    exchange.getRequestMethod(),
                    segments,
                    exchange.getRequestURI().getQuery(),
                    json);
        } catch (JsonProcessingException e) {
            throw new RegistryError(400, 400, "The body is not JSON: " + e.getOriginalMessage());
        }
    }

    private Object route(Call call) {
        return subjects(call)
                .or(() -> schemas(call))
                .or(() -> compatibility(call))
                .or(() -> other(call))
                .orElseThrow(() -> new RegistryError(
                        404, 404, "No such call: " + call.method() + " /" + String.join("/", call.path())))
                .get();
    }

    private Optional<Supplier<Object>> subjects(Call call) {
        if (call.is("GET", "subjects")) {
            return Optional.of(store::subjects);
        } else if (call.is("GET", "subjects", "*", "versions")) {
            return Optional.of(() -> store.versions(call.at(1)));
        } else if (call.is("GET", "subjects", "*", "versions", "*")) {
            return Optional.of(() -> described(store.version(call.at(1), call.at(3))));
        } else if (call.is("GET", "subjects", "*", "versions", "*", "schema")) {
            return Optional.of(() -> json(store.version(call.at(1), call.at(3)).schema()));
        } else if (call.is("POST", "subjects", "*", "versions")) {
            return Optional.of(() -> described(store.register(call.at(1), schema(call))));
        } else if (call.is("POST", "subjects", "*")) {
            return Optional.of(() -> described(store.lookUp(call.at(1), schema(call))));
        } else if (call.is("DELETE", "subjects", "*")) {
            return Optional.of(() -> store.deleteSubject(call.at(1), call.flag("permanent")));
        } else if (call.is("DELETE", "subjects", "*", "versions", "*")) {
            return Optional.of(() -> store.deleteVersion(call.at(1), call.at(3), call.flag("permanent")));
        }
        return Optional.empty();
    }

    private Optional<Supplier<Object>> schemas(Call call) {
        if (call.is("GET", "schemas", "types")) {
            return Optional.of(() -> List.of("AVRO"));
        } else if (call.is("GET", "schemas", "ids", "*")) {
            return Optional.of(() -> Map.of("schema", store.byId(call.at(2)).toString()));
        } else if (call.is("GET", "schemas", "ids", "*", "schema")) {
            return Optional.of(() -> json(store.byId(call.at(2)).toString()));
        } else if (call.is("GET", "schemas", "guids", "*")) {
            return Optional.of(() -> Map.of("schema", store.byGuid(call.at(2)).toString()));
        } else if (call.is("GET", "schemas", "ids", "*", "versions")) {
            return Optional.of(() -> store.uses(call.at(2)).stream()
                    .map(version -> Map.of("subject", version.subject(), "version", version.version()))
                    .toList());
        }
        return Optional.empty();
    }

    private Optional<Supplier<Object>> compatibility(Call call) {
        if (call.is("POST", "compatibility", "subjects", "*", "versions", "*")) {
            return Optional.of(() -> {
                List<String> messages = store.incompatibilities(call.at(2), call.at(4), schema(call));
                return Map.of("is_compatible", messages.isEmpty(), "messages", messages);
            });
        } else if (call.is("GET", "config")) {
            return Optional.of(
                    () -> Map.of("compatibilityLevel", store.level("").name()));
        } else if (call.is("PUT", "config")) {
            return Optional.of(() -> setLevel("", call));
        } else if (call.is("GET", "config", "*")) {
            return Optional.of(() -> Map.of(
                    "compatibilityLevel",
                    store.ownLevel(call.at(1), call.flag("defaultToGlobal")).name()));
        } else if (call.is("PUT", "config", "*")) {
            return Optional.of(() -> setLevel(call.at(1), call));
        }
        return Optional.empty();
    }

    private Optional<Supplier<Object>> other(Call call) {
        if (call.is("GET")) {
            return Optional.of(Map::of);
        } else if (call.is("GET", "mode") || call.is("GET", "mode", "*")) {
            return Optional.of(() -> Map.of("mode", "READWRITE"));
        } else if (call.is("GET", "contexts")) {
            return Optional.of(() -> List.of("."));
        }
        return Optional.empty();
    }

    private Object setLevel(String subject, Call call) {
        CompatibilityLevel level =
                CompatibilityLevel.parse(call.body().path("compatibility").asText());
        store.setLevel(subject, level);
        return Map.of("compatibility", level.name());
    }

    private JsonNode json(String text) {
        try {
            return mapper.readTree(text);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Schema schema(Call call) {
        JsonNode text = call.body().path("schema");
        String type = call.body().path("schemaType").asText("AVRO");
        if (!type.equals("AVRO")) {
            throw new RegistryError(422, 42201, "schemaType is " + type + "; this registry keeps AVRO.");
        }
        try {
            return new Schema.Parser().parse(text.asText());
        } catch (SchemaParseException e) {
            throw new RegistryError(422, 42201, "Invalid schema: " + e.getMessage());
        }
    }

    private static Map<String, Object> described(SchemaVersion version) {
        return Map.of(
                "subject", version.subject(),
                "version", version.version(),
                "id", version.id(),
                "guid",
                        SchemaStore.guid(new Schema.Parser().parse(version.schema()))
                                .toString(),
                "schema", version.schema());
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
        store.close();
    }
}
