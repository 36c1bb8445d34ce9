package dev.romestream.messaging.service;

import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.topic.TopicSetup;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.config.ConfigException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Runs one service as a program: reads its configuration, serves health and metrics, and stops it on a signal. */
public final class ServiceMain {
    private static final Logger log = LoggerFactory.getLogger(ServiceMain.class);
    private static final int USAGE = 2;
    private static final int FAILURE = 1;
    private static final long WATCH_MS = 200;

    private final String program;
    private final BiFunction<RomeConfig, MeterRegistry, Service> factory;

    public ServiceMain(String program, BiFunction<RomeConfig, MeterRegistry, Service> factory) {
        this.program = program;
        this.factory = factory;
    }

    private record Arguments(Optional<Path> file, Map<String, String> flags, boolean help) {
        static Arguments parse(String[] args) {
            Optional<Path> file = Optional.empty();
            Map<String, String> flags = new HashMap<>();
            for (int i = 0; i < args.length; i++) {
                switch (args[i]) {
                    case "--help", "-h" -> {
                        return new Arguments(file, flags, true);
                    }
                    case "--config" -> file = Optional.of(Path.of(operand(args, ++i, "--config FILE")));
                    case "--set" -> {
                        String[] pair = operand(args, ++i, "--set key=value").split("=", 2);
                        if (pair.length < 2) {
                            throw new ConfigException("--set " + pair[0] + " has no value; write --set key=value.");
                        }
                        flags.put(pair[0], pair[1]);
                    }
                    default -> throw new ConfigException("Unknown argument '" + args[i] + "'; see --help.");
                }
            }
            return new Arguments(file, flags, false);
        }

        private static String operand(String[] args, int i, String usage) {
            if (i >= args.length) {
                throw new ConfigException("An argument is missing: " + usage + ".");
            }
            return args[i];
        }
    }

    /** Runs until a signal comes or the service fails; does not return. */
    public void run(String[] args) {
        System.exit(execute(args));
    }

    private int execute(String[] args) {
        RomeConfig config;
        try {
            Arguments arguments = Arguments.parse(args);
            if (arguments.help()) {
                System.out.println("Usage: " + program + " [--config FILE] [--set key=value]...\n\n"
                        + "Settings, with their defaults (also as ROME_* in the environment); Kafka's client settings\n"
                        + "and Confluent's serde settings go by their own names:\n" + RomeConfig.help());
                return 0;
            }
            config = RomeConfig.load(arguments.file().orElse(null), System.getenv(), arguments.flags());
        } catch (ConfigException e) {
            System.err.println(program + ": " + e.getMessage());
            return USAGE;
        }
        try {
            return serve(config);
        } catch (KafkaException | IllegalStateException | IllegalArgumentException | UncheckedIOException e) {
            log.debug("The service failed", e);
            System.err.println(program + ": " + e.getMessage());
            return FAILURE;
        }
    }

    private int serve(RomeConfig config) {
        PrometheusMeterRegistry metrics = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        new JvmMemoryMetrics().bindTo(metrics);
        new ProcessorMetrics().bindTo(metrics);
        TopicSetup.ensure(config);
        CountDownLatch signalled = new CountDownLatch(1);
        CountDownLatch stopped = new CountDownLatch(1);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            signalled.countDown();
            awaitUninterruptibly(stopped);
        }));
        boolean[] ready = new boolean[1];
        try (Service service = factory.apply(config, metrics);
                MonitoringEndpoint endpoint = config.integer(RomeConfig.HTTP_PORT) < 0
                        ? null
                        : new MonitoringEndpoint(
                                config,
                                metrics,
                                () -> !ready[0] || service.isAlive(),
                                () -> ready[0] && service.isAlive())) {
            service.start();
            ready[0] = true;
            System.err.println(program + ": ready"
                    + (endpoint == null
                            ? ""
                            : ", health and metrics at http://" + config.string(RomeConfig.HTTP_HOST) + ":"
                                    + endpoint.port()));
            while (!signalled.await(WATCH_MS, TimeUnit.MILLISECONDS)) {
                if (!service.isAlive()) {
                    System.err.println(program + ": a thread of the service ended; see the log above");
                    return FAILURE;
                }
            }
            System.err.println(program + ": stopping");
            return 0;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return FAILURE;
        } finally {
            stopped.countDown();
        }
    }

    private static void awaitUninterruptibly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
