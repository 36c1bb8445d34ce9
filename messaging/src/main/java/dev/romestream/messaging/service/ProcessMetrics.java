package dev.romestream.messaging.service;

import dev.romestream.messaging.config.RomeConfig;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.core.instrument.config.MeterFilter;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.util.Set;

/** The metrics of a process: the JVM's, those of its Kafka clients, and what services add. */
public final class ProcessMetrics implements AutoCloseable {
    /** Of the hundreds that each of Kafka's clients has, those that people look at. */
    private static final Set<String> KAFKA_METRICS = Set.of(
            "kafka.consumer.fetch.manager.records.lag.max",
            "kafka.consumer.fetch.manager.records.consumed.total",
            "kafka.consumer.fetch.manager.bytes.consumed.total",
            "kafka.consumer.fetch.manager.fetch.throttle.time.avg",
            "kafka.consumer.coordinator.rebalance.total",
            "kafka.consumer.coordinator.failed.rebalance.total",
            "kafka.consumer.time.between.poll.max",
            "kafka.consumer.connection.count",
            "kafka.consumer.failed.authentication.total",
            "kafka.producer.record.send.total",
            "kafka.producer.record.error.total",
            "kafka.producer.record.retry.total",
            "kafka.producer.outgoing.byte.total",
            "kafka.producer.request.latency.avg",
            "kafka.producer.produce.throttle.time.avg",
            "kafka.producer.buffer.available.bytes",
            "kafka.producer.connection.count",
            "kafka.producer.failed.authentication.total",
            "kafka.stream.alive.stream.threads",
            "kafka.stream.failed.stream.threads",
            "kafka.stream.thread.process.total",
            "kafka.stream.thread.process.latency.max",
            "kafka.stream.thread.commit.total",
            "kafka.stream.thread.poll.records.max");

    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final JvmGcMetrics collections = new JvmGcMetrics();

    /** Has the metrics of the clients that the configuration makes from now on. */
    public ProcessMetrics(RomeConfig config) {
        registry.config()
                .meterFilter(MeterFilter.deny(
                        id -> id.getName().startsWith("kafka.") && !KAFKA_METRICS.contains(id.getName())));
        new JvmMemoryMetrics().bindTo(registry);
        new JvmThreadMetrics().bindTo(registry);
        new ProcessorMetrics().bindTo(registry);
        new UptimeMetrics().bindTo(registry);
        collections.bindTo(registry);
        config.clients().bindTo(registry);
    }

    public PrometheusMeterRegistry registry() {
        return registry;
    }

    @Override
    public void close() {
        collections.close();
    }
}
