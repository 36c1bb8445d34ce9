package dev.romestream.standalone;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** Takes posts in whose signature holds, each once, after it has refused a few. */
final class WebhookReceiver implements AutoCloseable {
    static final int REFUSALS = 3;

    private static final byte[] KEY = "a secret of some length".getBytes(StandardCharsets.UTF_8);
    static final String SECRET = "whsec_" + Base64.getEncoder().encodeToString(KEY);

    private final HttpServer server;
    private final Map<String, JsonNode> taken = new LinkedHashMap<>();
    private int refused;

    private WebhookReceiver(HttpServer server) {
        this.server = server;
        server.createContext("/alerts", this::take);
        server.start();
    }

    static WebhookReceiver start() throws IOException {
        return new WebhookReceiver(HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0));
    }

    String url() {
        return "http://localhost:" + server.getAddress().getPort() + "/alerts";
    }

    private synchronized void take(HttpExchange exchange) throws IOException {
        try (exchange) {
            String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
            var headers = exchange.getRequestHeaders();
            String id = headers.getFirst("webhook-id");
            String signed = id + "." + headers.getFirst("webhook-timestamp") + "." + body;
            if (!signature(signed).equals(headers.getFirst("webhook-signature"))) {
                exchange.sendResponseHeaders(400, -1);
            } else if (refused < REFUSALS) {
                refused++;
                exchange.sendResponseHeaders(503, -1);
            } else {
                taken.put(id, new ObjectMapper().readTree(body));
                exchange.sendResponseHeaders(204, -1);
            }
        }
    }

    private static String signature(String content) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(KEY, "HmacSHA256"));
            return "v1," + Base64.getEncoder().encodeToString(mac.doFinal(content.getBytes(StandardCharsets.UTF_8)));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    synchronized List<JsonNode> taken() {
        return List.copyOf(taken.values());
    }

    synchronized int refused() {
        return refused;
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
