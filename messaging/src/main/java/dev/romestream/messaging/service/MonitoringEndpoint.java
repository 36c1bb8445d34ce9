package dev.romestream.messaging.service;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.config.Settings;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;

/**
 * {@code /health/live}, {@code /health/ready} and {@code /metrics} (Prometheus text format) of one process. A client that is slow
 * holds up no other.
 */
public final class MonitoringEndpoint implements AutoCloseable {
    private static final int MOST_AT_ONCE = 16;

    static {
        // seconds that a client has for its request, and to take its answer
        System.setProperty("sun.net.httpserver.maxReqTime", "10");
        System.setProperty("sun.net.httpserver.maxRspTime", "30");
    }

    private final HttpServer server;
    private final ExecutorService clients;

    /**
     * Binds to {@code http.host} and {@code http.port}.
     *
     * @param dead why the process is to be restarted; empty where it is not
     * @param unready why the process makes no progress; empty where it does
     */
    public MonitoringEndpoint(
            RomeConfig config,
            PrometheusMeterRegistry metrics,
            Supplier<Optional<String>> dead,
            Supplier<Optional<String>> unready) {
        String host = config.string(Settings.HTTP_HOST);
        int port = config.integer(Settings.HTTP_PORT);
        try {
            this.server = HttpServer.create(new InetSocketAddress(host, port), 0);
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "Cannot serve health and metrics at " + host + ":" + port + " (http.host, http.port): "
                            + e.getMessage(),
                    e);
        }
        this.clients = Executors.newFixedThreadPool(MOST_AT_ONCE, body -> {
            Thread thread = new Thread(body, "monitoring-client");
            thread.setDaemon(true);
            return thread;
        });
        server.setExecutor(clients);
        server.createContext("/health/live", exchange -> health(exchange, dead.get()));
        server.createContext("/health/ready", exchange -> health(exchange, unready.get()));
        server.createContext(
                "/metrics", exchange -> answer(exchange, 200, "text/plain; version=0.0.4", metrics.scrape()));
        server.start();
    }

    private static void health(HttpExchange exchange, Optional<String> trouble) throws IOException {
        var body = JsonNodeFactory.instance.objectNode().put("status", trouble.isEmpty() ? "UP" : "DOWN");
        trouble.ifPresent(reason -> body.put("reason", reason));
        answer(exchange, trouble.isEmpty() ? 200 : 503, "application/json", body.toString());
    }

    private static void answer(HttpExchange exchange, int status, String type, String body) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        try (exchange) {
            exchange.getResponseHeaders().set("Content-Type", type);
            exchange.sendResponseHeaders(status, bytes.length);
            exchange.getResponseBody().write(bytes);
        }
    }

    public int port() {
        return server.getAddress().getPort();
    }

    @Override
    public void close() {
        server.stop(0);
        clients.shutdownNow();
    }
}
