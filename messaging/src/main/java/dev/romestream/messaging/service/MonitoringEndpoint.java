package dev.romestream.messaging.service;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.romestream.messaging.config.RomeConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.function.BooleanSupplier;

/** {@code /health/live}, {@code /health/ready} and {@code /metrics} (Prometheus text format) of one process. */
public final class MonitoringEndpoint implements AutoCloseable {
    private final HttpServer server;

    /** Binds to {@code http.host} and {@code http.port}. */
    public MonitoringEndpoint(
            RomeConfig config, PrometheusMeterRegistry metrics, BooleanSupplier live, BooleanSupplier ready) {
        String host = config.string(RomeConfig.HTTP_HOST);
        int port = config.integer(RomeConfig.HTTP_PORT);
        try {
            this.server = HttpServer.create(new InetSocketAddress(host, port), 0);
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "Cannot serve health and metrics at " + host + ":" + port + " (http.host, http.port): "
                            + e.getMessage(),
                    e);
        }
        server.createContext("/health/live", exchange -> health(exchange, live.getAsBoolean()));
        server.createContext("/health/ready", exchange -> health(exchange, ready.getAsBoolean()));
        server.createContext(
                "/metrics", exchange -> answer(exchange, 200, "text/plain; version=0.0.4", metrics.scrape()));
        server.start();
    }

    private static void health(HttpExchange exchange, boolean up) throws IOException {
        answer(exchange, up ? 200 : 503, "application/json", up ? "{\"status\":\"UP\"}" : "{\"status\":\"DOWN\"}");
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
    }
}
