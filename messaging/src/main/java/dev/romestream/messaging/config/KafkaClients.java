package dev.romestream.messaging.config;

import dev.romestream.messaging.failure.UnavailableException;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.micrometer.core.instrument.binder.kafka.KafkaClientMetrics;
import io.micrometer.core.instrument.binder.kafka.KafkaStreamsMetrics;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.MetricName;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.errors.InterruptException;
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
    private final HiddenSettings hidden;
    private final Map<String, BitSet> open = new HashMap<>();
    private final ScheduledThreadPoolExecutor looking = looking();

    /**
     * The metrics of a client. There may be several of a purpose, under the same {@code client_id}: the tag {@code client} is the number
     * of one among those that are open, and given again once it is closed.
     */
    private final class Metered {
        private final String purpose;
        private final List<Future<?>> tasks = new ArrayList<>();
        private Runnable closing = () -> {};

        Metered(String purpose) {
            this.purpose = purpose;
        }

        /** Called once the client is made; {@code binder} is given its tags and who looks for new metrics. */
        <M extends MeterBinder> void bind(
                BiFunction<List<Tag>, ScheduledExecutorService, M> binder, Consumer<M> closer) {
            Optional.ofNullable(registry.get()).ifPresent(wanted -> {
                int number = number();
                M metrics = binder.apply(List.of(Tag.of("client", String.valueOf(number))), remembering());
                metrics.bindTo(wanted);
                closing = () -> {
                    tasks.forEach(task -> task.cancel(false));
                    closer.accept(metrics);
                    synchronized (open) {
                        open.get(purpose).clear(number);
                    }
                };
            });
        }

        /** The common thread. Micrometer leaves its task there when it closes; this remembers it, so that it ends. */
        private ScheduledExecutorService remembering() {
            return (ScheduledExecutorService) Proxy.newProxyInstance(
                    KafkaClients.class.getClassLoader(),
                    new Class<?>[] {ScheduledExecutorService.class},
                    (proxy, method, arguments) -> {
                        Object answer = method.invoke(looking, arguments);
                        if (answer instanceof Future<?> task) {
                            tasks.add(task);
                        }
                        return answer;
                    });
        }

        private int number() {
            synchronized (open) {
                BitSet numbers = open.computeIfAbsent(purpose, any -> new BitSet());
                int free = numbers.nextClearBit(0);
                numbers.set(free);
                return free;
            }
        }

        synchronized void close() {
            closing.run();
            closing = () -> {};
        }
    }

    /** One thread for all clients, as long as there are such. */
    private static ScheduledThreadPoolExecutor looking() {
        var executor = new ScheduledThreadPoolExecutor(1, task -> {
            Thread thread = new Thread(task, "kafka-metrics");
            thread.setDaemon(true);
            return thread;
        });
        executor.setRemoveOnCancelPolicy(true);
        executor.setKeepAliveTime(1, TimeUnit.MINUTES);
        executor.allowCoreThreadTimeOut(true);
        return executor;
    }

    /** Clients whose new metrics are looked for. */
    int looks() {
        return looking.getQueue().size();
    }

    /**
     * Of a whole client. Kafka has some of a name for a client, for each topic and for each partition, and to Prometheus these are one metric with
     * different labels, which it refuses.
     */
    private static <M extends Metric> Map<MetricName, M> whole(Map<MetricName, M> all) {
        Map<MetricName, M> whole = new HashMap<>(all);
        whole.keySet()
                .removeIf(
                        name -> name.tags().containsKey("topic") || name.tags().containsKey("partition"));
        return whole;
    }

    KafkaClients(HiddenSettings hidden) {
        this.hidden = hidden;
    }

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
    private <T> T opened(Map<?, ?> settings, Supplier<T> client) {
        try {
            return client.get();
        } catch (ConfigException e) {
            throw hidden.shown(e);
        } catch (KafkaException e) {
            if (e.getCause() instanceof ConfigException reason
                    && String.valueOf(reason.getMessage()).contains("No resolvable bootstrap")) {
                throw new UnavailableException(
                        "no name in bootstrap.servers (" + settings.get(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG)
                                + ") can be resolved",
                        e);
            }
            List<String> elsewhere =
                    hidden.among(settings.keySet().stream().map(String::valueOf).collect(Collectors.toSet()));
            if (isRefusal(e.getCause()) && !elsewhere.isEmpty()) {
                // what is refused is told with its value, wholly or in part
                throw new ConfigException("Kafka's client refuses a setting; " + String.join(", ", elsewhere)
                        + " refer to values that stand elsewhere, and are not printed: see whether they are what Kafka"
                        + " expects.");
            }
            if (e instanceof InterruptException
                    || !String.valueOf(e.getMessage()).startsWith("Failed to c")) {
                throw e;
            }
            // "Failed to construct kafka consumer", "Failed to create new KafkaAdminClient"
            throw new ConfigException("Kafka's client cannot be made with these settings: " + reason(e));
        }
    }

    /** What was the matter in the end; of a JAAS configuration nothing is told, because it holds a password. */
    private static String reason(Throwable failure) {
        Throwable root = failure;
        while (root.getCause() != null && root.getCause() != root) {
            root = root.getCause();
        }
        String message = String.valueOf(root.getMessage());
        boolean jaas = Stream.of(root.getStackTrace())
                .anyMatch(frame -> frame.getClassName().contains("JaasConfig"));
        if (jaas) {
            return "sasl.jaas.config is not of the form MODULE required NAME=\"VALUE\" ...;";
        }
        return message.contains("/") && !message.contains(" ") ? "there is no file " + message : message;
    }

    private static boolean isRefusal(Throwable cause) {
        return cause instanceof ConfigException || cause instanceof IllegalArgumentException;
    }

    /** @param purpose what it is for, in lower case with hyphens */
    public <K, V> KafkaConsumer<K, V> consumer(
            String purpose, Map<String, Object> settings, Deserializer<K> keys, Deserializer<V> values) {
        identify(purpose, settings);
        return opened(settings, () -> new MeteredConsumer<>(settings, keys, values, new Metered(purpose)));
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
        return opened(settings, () -> new MeteredProducer<>(settings, keys, values, new Metered(purpose)));
    }

    /** As {@link #consumer}. */
    public Admin admin(String purpose, Map<String, Object> settings) {
        identify(purpose, settings);
        return opened(settings, () -> Admin.create(settings));
    }

    /** As {@link #consumer}. */
    public KafkaStreams streams(String purpose, Topology topology, Properties settings) {
        identify(purpose, settings);
        return opened(settings, () -> new MeteredStreams(topology, settings, new Metered(purpose)));
    }

    private static final class MeteredConsumer<K, V> extends KafkaConsumer<K, V> {
        private final Metered metrics;

        MeteredConsumer(Map<String, Object> settings, Deserializer<K> keys, Deserializer<V> values, Metered metrics) {
            super(settings, keys, values);
            this.metrics = metrics;
            metrics.bind((tags, looking) -> new KafkaClientMetrics(this, tags, looking), KafkaClientMetrics::close);
        }

        @Override
        public Map<MetricName, ? extends Metric> metrics() {
            return whole(Map.copyOf(super.metrics()));
        }

        @Override
        public void close() {
            metrics.close();
            super.close();
        }

        @Override
        public void close(CloseOptions options) {
            metrics.close();
            super.close(options);
        }
    }

    private static final class MeteredProducer<K, V> extends KafkaProducer<K, V> {
        private final Metered metrics;

        MeteredProducer(Map<String, Object> settings, Serializer<K> keys, Serializer<V> values, Metered metrics) {
            super(settings, keys, values);
            this.metrics = metrics;
            metrics.bind((tags, looking) -> new KafkaClientMetrics(this, tags, looking), KafkaClientMetrics::close);
        }

        @Override
        public Map<MetricName, ? extends Metric> metrics() {
            return whole(Map.copyOf(super.metrics()));
        }

        @Override
        public void close() {
            metrics.close();
            super.close();
        }

        @Override
        public void close(Duration limit) {
            metrics.close();
            super.close(limit);
        }
    }

    private static final class MeteredStreams extends KafkaStreams {
        private final Metered metrics;

        MeteredStreams(Topology topology, Properties settings, Metered metrics) {
            super(topology, settings);
            this.metrics = metrics;
            metrics.bind((tags, looking) -> new KafkaStreamsMetrics(this, tags, looking), KafkaStreamsMetrics::close);
        }

        @Override
        public Map<MetricName, ? extends Metric> metrics() {
            return whole(Map.copyOf(super.metrics()));
        }

        @Override
        public synchronized boolean close(org.apache.kafka.streams.CloseOptions options) {
            metrics.close();
            return super.close(options);
        }
    }
}
