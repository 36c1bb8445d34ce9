package dev.romestream.dashboard.web;

import io.javalin.http.Handler;
import java.util.Map;

/**
 * A request that the API takes.
 *
 * @param body names of the fields of the JSON object that is sent, with what they are
 */
record Route(String method, String path, String summary, Map<String, String> body, Handler handler) {
    static Route get(String path, String summary, Handler handler) {
        return new Route("get", path, summary, Map.of(), handler);
    }

    static Route delete(String path, String summary, Handler handler) {
        return new Route("delete", path, summary, Map.of(), handler);
    }

    static Route post(String path, String summary, Map<String, String> body, Handler handler) {
        return new Route("post", path, summary, body, handler);
    }
}
