package dev.romestream.dashboard.live;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.config.Settings;
import dev.romestream.messaging.service.MonitoringEndpoint;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class ServiceViewTest {
    private static final String REQUESTS = "rome.evaluation.requests";

    private final SimpleMeterRegistry own = new SimpleMeterRegistry();

    /** Held here, because a gauge holds weakly what it is of. */
    private final AtomicInteger two = new AtomicInteger(2);

    private final AtomicInteger seven = new AtomicInteger(7);

    private ServiceView view(String services) {
        return new ServiceView(
                RomeConfig.of(Map.of("bootstrap.servers", "none:1", Settings.DASHBOARD_SERVICES, services)), own);
    }

    @Test
    void servicesAreAskedForTheirHealthAndForRequestsThatAreOut() throws Exception {
        PrometheusMeterRegistry metrics = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        metrics.gauge(REQUESTS, Tags.of("evaluation", "e/0/v/pixels"), seven);
        own.gauge(REQUESTS, Tags.of("evaluation", "mine/0/v/pixels"), two);
        RomeConfig config = RomeConfig.of(Map.of("bootstrap.servers", "none:1", Settings.HTTP_PORT, "0"));
        try (MonitoringEndpoint endpoint =
                new MonitoringEndpoint(config, metrics, Optional::empty, () -> Optional.of("it waits"))) {
            ServiceView view = view("evaluator=http://localhost:" + endpoint.port() + ",gone=http://localhost:1");
            assertThat(view.requests()).isEqualTo(Map.of("e/0/v/pixels", 7L, "mine/0/v/pixels", 2L));
            assertThat(view.health().get(0))
                    .containsEntry("name", "evaluator")
                    .containsEntry("ready", false)
                    .containsEntry("reason", "it waits");
            assertThat(view.health().get(1).get("reason").toString()).startsWith("does not answer: ");
        }
    }

    @Test
    void anAddressWithoutANameIsRefused() {
        assertThatThrownBy(() -> view("http://localhost:1"))
                .hasMessageContaining("dashboard.services has 'http://localhost:1'; it takes name=http://host:port");
    }
}
