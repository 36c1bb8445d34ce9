package dev.romestream.messaging.service;

import static org.assertj.core.api.Assertions.assertThat;

import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.config.Settings;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class MonitoringEndpointTest {
    /** An orchestrator that gets no answer restarts the service. */
    @Test
    void clientsThatNeverFinishTheirRequestHoldUpNobody() throws Exception {
        RomeConfig config = RomeConfig.of(Map.of(Settings.HTTP_HOST, "localhost", Settings.HTTP_PORT, "0"));
        var metrics = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        List<Socket> slow = new ArrayList<>();
        try (MonitoringEndpoint endpoint =
                new MonitoringEndpoint(config, metrics, Optional::empty, () -> Optional.of("it waits"))) {
            for (int i = 0; i < 10; i++) {
                Socket socket = new Socket(InetAddress.getLoopbackAddress(), endpoint.port());
                socket.getOutputStream().write("GET /metrics HTTP/1.1\r\nHost: x\r\n".getBytes(StandardCharsets.UTF_8));
                slow.add(socket);
            }
            assertThat(status(endpoint, "/health/live")).isEqualTo(200);
            assertThat(status(endpoint, "/health/ready")).isEqualTo(503);
        } finally {
            for (Socket socket : slow) {
                socket.close();
            }
        }
    }

    private static int status(MonitoringEndpoint endpoint, String path) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://localhost:" + endpoint.port() + path))
                .timeout(Duration.ofSeconds(20))
                .build();
        return HttpClient.newHttpClient()
                .send(request, HttpResponse.BodyHandlers.discarding())
                .statusCode();
    }
}
