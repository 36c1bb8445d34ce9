package dev.romestream.messaging.service;

import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.config.Settings;
import dev.romestream.messaging.failure.Backoff;
import dev.romestream.messaging.topic.RecordInspector;
import dev.romestream.messaging.topic.TopicSetup;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.errors.InterruptException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Runs one service as a program: reads its configuration, serves health and metrics, and stops it on a signal. */
@Command(
        description = "Runs until it is stopped by a signal; exit code 2 on wrong usage, 1 on failure.",
        mixinStandardHelpOptions = true,
        version = "rome " + Version.NUMBER,
        usageHelpAutoWidth = true)
public final class ServiceMain implements Callable<Integer> {
    private static final Logger log = LoggerFactory.getLogger(ServiceMain.class);
    private static final int USAGE = 2;
    private static final int FAILURE = 1;
    private static final long WATCH_MS = 200;
    /** Less than the 30 s after which Kubernetes kills. */
    private static final int CLOSE_SECONDS = 25;

    private static final Duration FOR_EVER = Duration.ofMillis(-1);
    private final String program;
    private final BiFunction<RomeConfig, MeterRegistry, Service> factory;

    @Option(names = "--config", paramLabel = "FILE", description = "Properties file with settings.")
    private Path file;

    @Option(names = "--set", paramLabel = "KEY=VALUE", description = "A setting; may be given again.")
    private Map<String, String> flags = new HashMap<>();

    @Option(
            names = "--log-format",
            paramLabel = "FORMAT",
            description = "text, or json: an object a line. Without it, what ROME_LOG_FORMAT says, or text.")
    private LogFormat logFormat;

    public ServiceMain(String program, BiFunction<RomeConfig, MeterRegistry, Service> factory) {
        this.program = program;
        this.factory = factory;
    }

    /** Runs until a signal comes or the service fails; does not return. */
    public void run(String[] args) {
        // numbers in messages and metrics are the same on every machine
        Locale.setDefault(Locale.ROOT);
        CommandLine line = new CommandLine(this);
        line.setCommandName(program);
        line.setCaseInsensitiveEnumValuesAllowed(true);
        line.getCommandSpec()
                .usageMessage()
                .footer(
                        ("%nSettings, with their defaults (also as ROME_* in the environment); Kafka's client settings%n"
                                        + "and Confluent's serde settings go by their own names:%n%n")
                                + Settings.help().replace("%", "%%"));
        line.setParameterExceptionHandler((exception, arguments) -> {
            System.err.println(program + ": " + exception.getMessage() + " (see " + program + " --help)");
            return USAGE;
        });
        line.setExecutionExceptionHandler((exception, command, result) -> {
            log.debug("The service failed", exception);
            System.err.println(program + ": " + reason(exception));
            return code(exception);
        });
        System.exit(line.execute(args));
    }

    @Override
    public Integer call() {
        chosenFormat().use();
        try {
            RomeConfig config =
                    RomeConfig.load(file, System.getenv(), flags).withDefaults(Map.of("client.id", program));
            log.info("{}: configuration: {}", program, config.describe());
            return serve(config);
        } catch (KafkaException | IllegalStateException | IllegalArgumentException | UncheckedIOException e) {
            log.debug("The service failed", e);
            log.error("{}: {}", program, reason(e));
            return code(e);
        }
    }

    /** What is refused while a service starts is in its configuration. */
    private static int code(Exception exception) {
        return exception instanceof ConfigException
                        || exception instanceof IllegalArgumentException
                        || exception.getCause() instanceof ConfigException
                ? USAGE
                : FAILURE;
    }

    /** The message, and that of what was the matter in the end where it says something else. */
    private static String reason(Throwable exception) {
        Throwable root = exception;
        while (root.getCause() != null && root.getCause() != root) {
            root = root.getCause();
        }
        String message = String.valueOf(exception.getMessage());
        String meant = String.valueOf(root.getMessage());
        return message.contains(meant) ? message : message + ": " + meant;
    }

    private LogFormat chosenFormat() {
        try {
            return logFormat == null ? LogFormat.of(System.getenv()) : logFormat;
        } catch (IllegalArgumentException e) {
            throw new ConfigException(e.getMessage());
        }
    }

    /** The service as the endpoint sees it, from before it has started. */
    private static final class Running {
        private volatile Service service;
        private volatile RecordInspector inspector;

        private boolean hasEnded() {
            return service != null && !(service.isAlive() && inspector.isAlive());
        }

        private Optional<String> trouble() {
            return hasEnded() ? Optional.of("a thread of the service ended") : Optional.empty();
        }

        private Optional<String> unready() {
            return service == null ? Optional.of("starting") : service.stalled();
        }
    }

    private int serve(RomeConfig config) {
        CountDownLatch signalled = new CountDownLatch(1);
        CountDownLatch stopped = new CountDownLatch(1);
        Running running = new Running();
        try (Resources resources = new Resources();
                ProcessMetrics process = new ProcessMetrics(config)) {
            PrometheusMeterRegistry metrics = process.registry();
            Optional<MonitoringEndpoint> endpoint = config.integer(Settings.HTTP_PORT) < 0
                    ? Optional.empty()
                    : Optional.of(resources.add(
                            new MonitoringEndpoint(config, metrics, running::trouble, () -> running.trouble()
                                    .or(config.outages()::describe)
                                    .or(running::unready))));
            stopOnSignal(running, signalled, stopped);
            if (start(config, metrics, resources, running)) {
                log.info(
                        "{}: ready{}{}",
                        program,
                        running.service.page().map(url -> " at " + url).orElse(""),
                        endpoint.map(open -> ", health and metrics at http://" + config.string(Settings.HTTP_HOST) + ":"
                                        + open.port())
                                .orElse(""));
            }
            while (!signalled.await(WATCH_MS, TimeUnit.MILLISECONDS)) {
                if (running.hasEnded()) {
                    log.error("{}: a thread of the service ended; see the log above", program);
                    return FAILURE;
                }
            }
            log.info("{}: stopping", program);
            return 0;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return FAILURE;
        } finally {
            stopped.countDown();
        }
    }

    /** A signal is heeded while the service still waits for what it needs to start, too. */
    private static void stopOnSignal(Running running, CountDownLatch signalled, CountDownLatch stopped) {
        Thread main = Thread.currentThread();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            signalled.countDown();
            if (running.service == null) {
                main.interrupt();
            }
            if (!hasEnded(stopped)) {
                log.error("What is under way does not end within {} s; the process ends without it.", CLOSE_SECONDS);
                Runtime.getRuntime().halt(FAILURE);
            }
        }));
    }

    /** Waits for the brokers and the registry, for as long as it takes; false where a signal came first. */
    @SuppressWarnings("ResultOfMethodCallIgnored") // a pending interruption would end the closing
    private boolean start(RomeConfig config, MeterRegistry metrics, Resources resources, Running running) {
        try {
            Backoff.await(config.outages(), "the cluster", FOR_EVER, () -> {
                TopicSetup.ensure(config);
                return true;
            });
            running.inspector = resources.add(new RecordInspector(config));
            Service service = resources.add(factory.apply(config, metrics));
            service.start();
            running.service = service;
            return true;
        } catch (InterruptException e) {
            Thread.interrupted();
            return false;
        }
    }

    private static boolean hasEnded(CountDownLatch stopped) {
        try {
            return stopped.await(CLOSE_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
