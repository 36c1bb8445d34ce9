package dev.romestream.standalone.stack;

import dev.romestream.attacker.AttackerService;
import dev.romestream.dashboard.DashboardService;
import dev.romestream.distiller.DistillerService;
import dev.romestream.distiller.PoolTrainerService;
import dev.romestream.embedded.EmbeddedBroker;
import dev.romestream.embedded.EmbeddedSchemaRegistry;
import dev.romestream.evaluator.EvaluatorService;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.config.Settings;
import dev.romestream.messaging.service.ProcessMetrics;
import dev.romestream.messaging.service.Resources;
import dev.romestream.messaging.service.Service;
import dev.romestream.messaging.topic.RecordInspector;
import dev.romestream.messaging.topic.TopicSetup;
import dev.romestream.producer.ProducerService;
import dev.romestream.robustness.tensor.Tensors;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.BiFunction;
import java.util.stream.Stream;

/** Broker, schema registry and every service in this JVM. Closing it leaves nothing running, and no files but those asked for. */
public final class LocalStack implements AutoCloseable {
    private final RomeConfig config;
    private final PrometheusMeterRegistry metrics;
    private final List<Service> services;
    private final Resources resources;

    private LocalStack(
            RomeConfig config, PrometheusMeterRegistry metrics, List<Service> services, Resources resources) {
        this.config = config;
        this.metrics = metrics;
        this.services = services;
        this.resources = resources;
    }

    /**
     * Where the embedded broker and registry listen and keep their data.
     *
     * @param directory empty: a temporary one, deleted afterwards
     * @param brokerPort 0: any free one
     */
    public record Options(Optional<Path> directory, int brokerPort, int registryPort) {
        public static Options temporary() {
            return new Options(Optional.empty(), 0, 0);
        }
    }

    /** Starts a broker, a registry and all services. */
    public static LocalStack start(RomeConfig config, Options options) {
        Resources resources = new Resources();
        CompletableFuture<Void> engine = CompletableFuture.runAsync(
                () -> Tensors.manager(config.string(Settings.ENGINE_DEVICE), config.integer(Settings.ENGINE_THREADS))
                        .close());
        try {
            Path directory = options.directory().orElseGet(() -> temporaryDirectory(resources));
            EmbeddedBroker broker = EmbeddedBroker.start(directory.resolve("broker"), options.brokerPort());
            resources.add(broker);
            EmbeddedSchemaRegistry registry =
                    EmbeddedSchemaRegistry.start(broker.bootstrapServers(), options.registryPort());
            resources.add(registry);
            RomeConfig own = config.with(
                    Map.of("bootstrap.servers", broker.bootstrapServers(), Settings.REGISTRY_URL, registry.url()));
            engine.join();
            return withServices(own, resources, own.integer(Settings.DASHBOARD_PORT) >= 0);
        } catch (RuntimeException e) {
            resources.close();
            throw e;
        }
    }

    /** Starts all services but the dashboard against the brokers and registry of the configuration. */
    public static LocalStack connect(RomeConfig config) {
        return withServices(config, new Resources(), false);
    }

    private static LocalStack withServices(RomeConfig config, Resources resources, boolean dashboard) {
        ProcessMetrics process = new ProcessMetrics(config);
        resources.add(process);
        PrometheusMeterRegistry metrics = process.registry();
        TopicSetup.ensure(config);
        List<BiFunction<RomeConfig, PrometheusMeterRegistry, Service>> factories = new ArrayList<>();
        factories.add(ProducerService::new);
        factories.add(DistillerService::new);
        factories.add(EvaluatorService::new);
        for (int i = 0; i < config.integer(Settings.POOL_TRAINER_COUNT); i++) {
            factories.add(PoolTrainerService::new);
        }
        for (int i = 0; i < config.integer(Settings.ATTACKER_COUNT); i++) {
            factories.add(AttackerService::new);
        }
        if (dashboard) {
            factories.add((own, meters) -> new DashboardService(own, meters, new StackCost(own)));
        }
        List<CompletableFuture<Service>> starting = factories.stream()
                .map(factory -> CompletableFuture.supplyAsync(
                        () -> {
                            Service service = factory.apply(config, metrics);
                            service.start();
                            return service;
                        },
                        task -> new Thread(task, "start").start()))
                .toList();
        List<Service> services = new ArrayList<>();
        RuntimeException failure = null;
        for (CompletableFuture<Service> future : starting) {
            try {
                services.add(future.join());
            } catch (CompletionException e) {
                failure = e.getCause() instanceof RuntimeException cause ? cause : e;
            }
        }
        resources.add(new RecordInspector(config));
        LocalStack stack = new LocalStack(config, metrics, services, resources);
        if (failure != null) {
            stack.close();
            throw failure;
        }
        stack.dashboards().forEach(own -> own.beside(services));
        return stack;
    }

    /** The configuration with the addresses of this stack. */
    public RomeConfig config() {
        return config;
    }

    /** Where a browser finds the dashboard, if there is one. */
    public Optional<String> dashboard() {
        return dashboards().map(DashboardService::url).findFirst();
    }

    private Stream<DashboardService> dashboards() {
        return services.stream().filter(DashboardService.class::isInstance).map(DashboardService.class::cast);
    }

    public PrometheusMeterRegistry metrics() {
        return metrics;
    }

    /** Why the stack is to be restarted; empty where it is not. */
    public Optional<String> trouble() {
        return deadService().map(name -> "The service " + name + " ended; see the log above.");
    }

    /** Why the stack makes no progress; empty where it does. */
    public Optional<String> waitsFor() {
        return trouble().or(config.outages()::describe).or(() -> services.stream()
                .map(Service::stalled)
                .flatMap(Optional::stream)
                .findFirst());
    }

    /** The name of a service that has ended by itself. */
    public Optional<String> deadService() {
        return services.stream()
                .filter(service -> !service.isAlive())
                .map(Service::name)
                .findFirst();
    }

    @Override
    public void close() {
        List<Thread> closing = services.stream()
                .map(service -> new Thread(service::close, "close-" + service.name()))
                .toList();
        closing.forEach(Thread::start);
        for (Thread thread : closing) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        resources.close();
    }

    private static Path temporaryDirectory(Resources resources) {
        try {
            Path directory = Files.createTempDirectory("rome-stream");
            resources.add(() -> delete(directory));
            return directory;
        } catch (IOException e) {
            throw new UncheckedIOException("No temporary directory for the broker's data.", e);
        }
    }

    private static void delete(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }
}
