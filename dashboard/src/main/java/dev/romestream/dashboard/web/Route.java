package dev.romestream.dashboard.web;

import com.fasterxml.jackson.databind.JsonNode;
import io.javalin.http.Handler;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A request that the API takes.
 *
 * @param body names of the fields of the JSON object that is sent, with what they are
 * @param queries that it may have
 * @param answer the JSON Schema of what it answers with; empty where that is no JSON
 */
record Route(
        String method,
        String path,
        String summary,
        Map<String, String> body,
        List<Query> queries,
        Optional<JsonNode> answer,
        Handler handler) {

    /**
     * A parameter after the path.
     *
     * @param type of JSON
     */
    record Query(String name, String type, boolean required, String meaning) {
        static Query needed(String name, String meaning) {
            return new Query(name, "string", true, meaning);
        }

        static Query optional(String name, String meaning) {
            return new Query(name, "string", false, meaning);
        }
    }

    static Route get(String path, String summary, Handler handler) {
        return new Route("get", path, summary, Map.of(), List.of(), Optional.empty(), handler);
    }

    static Route delete(String path, String summary, Handler handler) {
        return new Route("delete", path, summary, Map.of(), List.of(), Optional.empty(), handler);
    }

    static Route post(String path, String summary, Map<String, String> body, Handler handler) {
        return new Route("post", path, summary, body, List.of(), Optional.empty(), handler);
    }

    /** The same with parameters. */
    Route with(Query... parameters) {
        return new Route(method, path, summary, body, List.of(parameters), answer, handler);
    }

    /** The same with what it answers. */
    Route answers(JsonNode schema) {
        return new Route(method, path, summary, body, queries, Optional.of(schema), handler);
    }
}
