package dev.romestream.messaging.config;

import dev.romestream.messaging.failure.UnavailableException;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.kafka.KafkaClientMetrics;
import io.micrometer.core.instrument.binder.kafka.KafkaStreamsMetrics;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.Topology;

/**
 * Makes Kafka's clients: each with a {@code client.id} that tells the brokers what it is for, the same in every instance of a service,
 * and with its metrics on the process's endpoint for as long as it is open.
 */
public final class KafkaClients {
    private static final String DEFAULT_ID = "rome";

    private final AtomicReference<MeterRegistry> registry = new AtomicReference<>();

    /** One thread for the metrics of all clients. */
    private static final class Scheduler {
        private static final ScheduledExecutorService SHARED = Executors.newSingleThreadScheduledExecutor(body -> {
            Thread thread = new Thread(body, "kafka-metrics");
            thread.setDaemon(true);
            return thread;
        });
    }

    KafkaClients() {}

    /** Has the metrics of clients that are opened from now on in {@code wanted}. */
    public void bindTo(MeterRegistry wanted) {
        registry.set(wanted);
    }

    private static void identify(String purpose, Map<? super String, Object> settings) {
        Object base = Optional.ofNullable(settings.get(CommonClientConfigs.CLIENT_ID_CONFIG))
                .filter(id -> !id.toString().isEmpty())
                .orElse(DEFAULT_ID);
        settings.put(CommonClientConfigs.CLIENT_ID_CONFIG, base + "-" + purpose);
    }

    /** Names of brokers that nobody knows may be known later, as the brokers may be there later. */
    private static <T> T opened(Map<String, Object> settings, Supplier<T> client) {
        try {
            return client.get();
        } catch (KafkaException e) {
            if (e.getCause() instanceof ConfigException reason
                    && String.valueOf(reason.getMessage()).contains("No resolvable bootstrap")) {
                throw new UnavailableException(
                        "no name in bootstrap.servers (" + settings.get(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG)
                                + ") can be resolved",
                        e);
            }
            throw e;
        }
    }

    /** @param purpose what it is for, in lower case with hyphens */
    public <K, V> KafkaConsumer<K, V> consumer(
            String purpose, Map<String, Object> settings, Deserializer<K> keys, Deserializer<V> values) {
        identify(purpose, settings);
        return opened(settings, () -> new MeteredConsumer<>(settings, keys, values, registry.get()));
    }

    /** As {@link #consumer}; Micrometer has no metrics of these. */
    public <K, V> KafkaShareConsumer<K, V> shareConsumer(
            String purpose, Map<String, Object> settings, Deserializer<K> keys, Deserializer<V> values) {
        identify(purpose, settings);
        return opened(settings, () -> new KafkaShareConsumer<>(settings, keys, values));
    }

    /** @param values null for the one that the settings name */
    public <K, V> KafkaProducer<K, V> producer(
            String purpose, Map<String, Object> settings, Serializer<K> keys, Serializer<V> values) {
        identify(purpose, settings);
        return opened(settings, () -> new MeteredProducer<>(settings, keys, values, registry.get()));
    }

    /** As {@link #consumer}. */
    public Admin admin(String purpose, Map<String, Object> settings) {
        identify(purpose, settings);
        return opened(settings, () -> Admin.create(settings));
    }

    /** As {@link #consumer}. */
    public KafkaStreams streams(String purpose, Topology topology, Properties settings) {
        identify(purpose, settings);
        return new MeteredStreams(topology, settings, registry.get());
    }

    private static Optional<KafkaClientMetrics> bound(MeterRegistry registry, KafkaClientMetrics metrics) {
        if (registry == null) {
            return Optional.empty();
        }
        metrics.bindTo(registry);
        return Optional.of(metrics);
    }

    private static final class MeteredConsumer<K, V> extends KafkaConsumer<K, V> {
        private final Optional<KafkaClientMetrics> metrics;

        MeteredConsumer(
                Map<String, Object> settings, Deserializer<K> keys, Deserializer<V> values, MeterRegistry registry) {
            super(settings, keys, values);
            this.metrics = bound(registry, new KafkaClientMetrics(this, Tags.empty(), Scheduler.SHARED));
        }

        @Override
        public void close() {
            metrics.ifPresent(KafkaClientMetrics::close);
            super.close();
        }

        @Override
        public void close(CloseOptions options) {
            metrics.ifPresent(KafkaClientMetrics::close);
            super.close(options);
        }
    }

    private static final class MeteredProducer<K, V> extends KafkaProducer<K, V> {
        private final Optional<KafkaClientMetrics> metrics;

        MeteredProducer(
                Map<String, Object> settings, Serializer<K> keys, Serializer<V> values, MeterRegistry registry) {
            super(settings, keys, values);
            this.metrics = bound(registry, new KafkaClientMetrics(this, Tags.empty(), Scheduler.SHARED));
        }

        @Override
        public void close() {
            metrics.ifPresent(KafkaClientMetrics::close);
            super.close();
        }

        @Override
        public void close(Duration limit) {
            metrics.ifPresent(KafkaClientMetrics::close);
            super.close(limit);
        }
    }

    private static final class MeteredStreams extends KafkaStreams {
        private final Optional<KafkaStreamsMetrics> metrics;

        MeteredStreams(Topology topology, Properties settings, MeterRegistry registry) {
            super(topology, settings);
            this.metrics = Optional.ofNullable(registry).map(wanted -> {
                var bound = new KafkaStreamsMetrics(this, Tags.empty(), Scheduler.SHARED);
                bound.bindTo(wanted);
                return bound;
            });
        }

        @Override
        public synchronized boolean close(org.apache.kafka.streams.CloseOptions options) {
            metrics.ifPresent(KafkaStreamsMetrics::close);
            return super.close(options);
        }
    }
}
