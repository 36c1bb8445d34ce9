package dev.romestream.dashboard.web;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The API in the OpenAPI format, from the routes that are served. */
final class OpenApi {
    private static final Pattern PARAMETER = Pattern.compile("\\{([a-z]+)}");

    private OpenApi() {}

    static String document(List<Route> routes) {
        ObjectNode document = JsonNodeFactory.instance.objectNode();
        document.put("openapi", "3.1.0");
        document.putObject("info")
                .put("title", "ROME Stream dashboard")
                .put("version", "0.1.0")
                .put(
                        "description",
                        "What the pages show and do. /api/stream is the same as server-sent events: an event 'state' with"
                                + " all entries, then 'changes'; an entry is {kind, key, value}. Errors are {error}.");
        ObjectNode paths = document.putObject("paths");
        for (Route route : routes) {
            ObjectNode operation = paths.withObjectProperty(route.path()).putObject(route.method());
            operation.put("summary", route.summary());
            Matcher parameter = PARAMETER.matcher(route.path());
            while (parameter.find()) {
                ObjectNode described = operation.withArrayProperty("parameters").addObject();
                described.put("name", parameter.group(1)).put("in", "path").put("required", true);
                described.putObject("schema").put("type", "string");
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
            responses
                    .putObject(
                            route.path().equals("/api/experiments")
                                            && route.method().equals("post")
                                    ? "201"
                                    : "200")
                    .put("description", "Done.");
            responses.putObject("4XX").put("description", "Refused; 'error' says why.");
        }
        return document.toPrettyString();
    }
}
