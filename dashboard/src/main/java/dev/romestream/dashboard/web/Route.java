package dev.romestream.dashboard.web;

import io.javalin.http.Handler;
import java.util.List;
import java.util.Map;

/**
 * A request that the API takes.
 *
 * @param body names of the fields of the JSON object that is sent, with what they are
 * @param queries that it may have
 */
record Route(
        String method, String path, String summary, Map<String, String> body, List<Query> queries, Handler handler) {

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
        return new Route("get", path, summary, Map.of(), List.of(), handler);
    }

    static Route delete(String path, String summary, Handler handler) {
        return new Route("delete", path, summary, Map.of(), List.of(), handler);
    }

    static Route post(String path, String summary, Map<String, String> body, Handler handler) {
        return new Route("post", path, summary, body, List.of(), handler);
    }

    /** The same with parameters. */
    Route with(Query... parameters) {
        return new Route(method, path, summary, body, List.of(parameters), handler);
    }
}
