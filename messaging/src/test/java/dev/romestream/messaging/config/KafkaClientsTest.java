package dev.romestream.messaging.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.romestream.messaging.failure.UnavailableException;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.streams.Topology;
import org.junit.jupiter.api.Test;

class KafkaClientsTest {
    private final RomeConfig config = RomeConfig.of(Map.of("bootstrap.servers", "localhost:1"));
    private final SimpleMeterRegistry metrics = new SimpleMeterRegistry();

    private KafkaConsumer<byte[], byte[]> view() {
        Map<String, Object> settings = config.consumer();
        settings.remove("value.deserializer");
        return config.clients().consumer("view", settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    private List<String> clients() {
        return metrics.getMeters().stream()
                .map(Meter::getId)
                .filter(id -> id.getName().equals("kafka.consumer.connection.count"))
                .map(id -> id.getTag("client.id") + " " + id.getTag("client"))
                .sorted()
                .toList();
    }

    @Test
    void clientsOfOnePurposeHaveMetricsEachAndLeaveNoneBehind() {
        config.clients().bindTo(metrics);
        List<KafkaConsumer<byte[], byte[]>> views =
                Stream.generate(this::view).limit(3).toList();
        assertThat(clients()).containsExactly("rome-view 0", "rome-view 1", "rome-view 2");
        assertThat(Thread.getAllStackTraces().keySet().stream().map(Thread::getName))
                .as("one thread looks for new metrics of all clients")
                .noneMatch(name -> name.contains("micrometer-kafka"));
        assertThat(config.clients().looks()).isEqualTo(3);
        views.get(0).close();
        views.get(0).close();
        assertThat(clients()).containsExactly("rome-view 1", "rome-view 2");
        try (var another = view()) {
            assertThat(another).isNotNull();
            assertThat(clients()).containsExactly("rome-view 0", "rome-view 1", "rome-view 2");
        }
        views.forEach(KafkaConsumer::close);
        assertThat(metrics.getMeters()).isEmpty();
        assertThat(config.clients().looks()).isZero();
    }

    private static Topology topology() {
        return new Topology().addSource("source", "topic");
    }

    @Test
    void aRefusedValueThatStandsElsewhereIsNotPrinted() {
        RomeConfig referring = RomeConfig.of(Map.of("security.protocol", "${env:HOME}"));
        assertThatThrownBy(() -> referring.clients().admin("setup", referring.admin()))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("security.protocol")
                .extracting(Throwable::getMessage)
                .asString()
                .doesNotContain(System.getenv("HOME"));
        for (String key : List.of("bootstrap.servers", "consumer.fetch.max.wait.ms")) {
            RomeConfig streams = RomeConfig.of(Map.of(key, "${env:HOME}"));
            Properties settings = new Properties();
            settings.putAll(streams.streams());
            settings.put("application.id", "test");
            assertThatThrownBy(() -> streams.clients().streams("test", topology(), settings))
                    .isInstanceOf(ConfigException.class)
                    .hasMessageContaining(key)
                    .hasMessageNotContaining(System.getenv("HOME"));
        }
    }

    @Test
    void settingsWithWhichThereIsNoClientAreRefusedWithTheReasonAndNoPassword() {
        Map<String, String> sasl = Map.of("security.protocol", "SASL_PLAINTEXT", "sasl.mechanism", "PLAIN");
        for (String jaas : List.of("", "Module hush password=hush", "no.such.Module required password=hush;")) {
            Map<String, String> settings = new HashMap<>(sasl);
            settings.put("sasl.jaas.config", jaas);
            RomeConfig refused = RomeConfig.of(settings);
            assertThatThrownBy(() -> refused.clients().admin("setup", refused.admin()))
                    .isInstanceOf(ConfigException.class)
                    .hasMessageNotContaining("hush");
        }
        RomeConfig missing =
                RomeConfig.of(Map.of("security.protocol", "SSL", "ssl.truststore.location", "/no/such/store"));
        assertThatThrownBy(() -> missing.clients().admin("setup", missing.admin()))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("/no/such/store");
    }

    /** While it is away, which is no refusal of the configuration. */
    @Test
    void anUnknownHostIsWaitedForByEveryClient() {
        RomeConfig away = RomeConfig.of(Map.of("bootstrap.servers", "no-such-host.invalid:9092"));
        Properties settings = new Properties();
        settings.putAll(away.streams());
        settings.put("application.id", "test");
        assertThatThrownBy(() -> away.clients().streams("test", topology(), settings))
                .isInstanceOf(UnavailableException.class);
        assertThatThrownBy(() -> away.clients().admin("setup", away.admin())).isInstanceOf(UnavailableException.class);
    }
}
