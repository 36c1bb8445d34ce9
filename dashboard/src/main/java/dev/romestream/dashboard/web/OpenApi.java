package dev.romestream.dashboard.web;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.romestream.messaging.service.Version;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The API in the OpenAPI format, from the routes that are served. */
final class OpenApi {
    private static final Pattern PARAMETER = Pattern.compile("\\{([a-z]+)}");
    private static final Set<String> NUMBERS = Set.of("snapshot");

    private OpenApi() {}

    static String document(List<Route> routes) {
        ObjectNode document = JsonNodeFactory.instance.objectNode();
        document.put("openapi", "3.1.0");
        document.putObject("info")
                .put("title", "ROME Stream dashboard")
                .put("version", Version.NUMBER)
                .put(
                        "description",
                        "What the pages show and do. Errors are problem details (RFC 9457), whose 'detail' says why and what helps.");
        ObjectNode paths = document.putObject("paths");
        for (Route route : routes) {
            ObjectNode operation = paths.withObjectProperty(route.path()).putObject(route.method());
            operation.put("operationId", operationId(route)).put("summary", route.summary());
            Matcher parameter = PARAMETER.matcher(route.path());
            while (parameter.find()) {
                ObjectNode described = operation.withArrayProperty("parameters").addObject();
                described.put("name", parameter.group(1)).put("in", "path").put("required", true);
                described.putObject("schema").put("type", NUMBERS.contains(parameter.group(1)) ? "integer" : "string");
            }
            for (Route.Query query : route.queries()) {
                ObjectNode described = operation.withArrayProperty("parameters").addObject();
                described
                        .put("name", query.name())
                        .put("in", "query")
                        .put("required", query.required())
                        .put("description", query.meaning());
                described.putObject("schema").put("type", query.type());
            }
            if (!route.body().isEmpty()) {
                ObjectNode schema = operation
                        .putObject("requestBody")
                        .put("required", true)
                        .putObject("content")
                        .putObject("application/json")
                        .putObject("schema");
                schema.put("type", "object");
                ObjectNode properties = schema.putObject("properties");
                route.body().forEach((name, meaning) -> {
                    properties.putObject(name).put("type", "string").put("description", meaning);
                    schema.withArrayProperty("required").add(name);
                });
            }
            ObjectNode responses = operation.putObject("responses");
            boolean creates =
                    route.path().equals("/api/experiments") && route.method().equals("post");
            ObjectNode content = responses
                    .putObject(creates ? "201" : "200")
                    .put("description", "Done.")
                    .putObject("content")
                    .putObject(type(route.path()));
            route.answer().ifPresent(schema -> content.set("schema", schema));
            responses
                    .putObject("4XX")
                    .put("description", "Refused.")
                    .putObject("content")
                    .putObject("application/problem+json")
                    .set("schema", ApiSchemas.PROBLEM);
        }
        document.putObject("components").putObject("schemas").setAll(ApiSchemas.all());
        return document.toPrettyString();
    }

    /** The method and the words of the path: getExperimentsIdFigures. */
    private static String operationId(Route route) {
        StringBuilder id = new StringBuilder(route.method());
        for (String word : route.path().substring("/api/".length()).split("[^a-z]+")) {
            if (!word.isEmpty()) {
                id.append(Character.toUpperCase(word.charAt(0))).append(word, 1, word.length());
            }
        }
        return id.toString();
    }

    private static String type(String path) {
        return path.endsWith(".png")
                ? "image/png"
                : path.endsWith("stream")
                        ? "text/event-stream"
                        : path.contains("presets") ? "text/plain" : "application/json";
    }
}
