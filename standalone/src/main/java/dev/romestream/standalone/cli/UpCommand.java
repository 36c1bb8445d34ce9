package dev.romestream.standalone.cli;

import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.config.Settings;
import dev.romestream.messaging.service.MonitoringEndpoint;
import dev.romestream.standalone.stack.LocalStack;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code rome up}. */
@Command(
        name = "up",
        description = "Runs broker, schema registry and every service in one process until it is interrupted.",
        mixinStandardHelpOptions = true)
final class UpCommand implements Runnable {
    private static final long CHECK_MS = 500;

    @Option(names = "--data", paramLabel = "DIR", description = "Directory with the image files.")
    private Path data;

    @Option(
            names = "--keep",
            paramLabel = "DIR",
            description = "Directory in which the broker keeps its data; without it, nothing is kept.")
    private Path keep;

    @Option(
            names = "--port",
            paramLabel = "PORT",
            defaultValue = "9092",
            description = "Port of the broker on localhost [${DEFAULT-VALUE}].")
    private int port;

    @Option(
            names = "--registry-port",
            paramLabel = "PORT",
            defaultValue = "8081",
            description = "Port of the schema registry on localhost [${DEFAULT-VALUE}].")
    private int registryPort;

    @Option(
            names = "--dashboard-port",
            paramLabel = "PORT",
            defaultValue = "8080",
            description = "Port of the dashboard on localhost [${DEFAULT-VALUE}].")
    private int dashboardPort;

    @Mixin
    private ClusterOptions cluster;

    @Mixin
    private DashboardOptions dashboard;

    @Override
    public void run() {
        cluster.refuseExperimentKeys();
        if (cluster.usesCluster()) {
            throw new UsageException("up starts a broker of its own; leave --bootstrap-server out.");
        }
        Map<String, String> settings = new HashMap<>();
        if (data != null) {
            settings.put(Settings.DATA_DIR, data.toAbsolutePath().toString());
        }
        if (!cluster.sets(Settings.DASHBOARD_PORT)) {
            settings.put(Settings.DASHBOARD_PORT, Integer.toString(dashboardPort));
        }
        RomeConfig config = cluster.config(settings);
        System.err.println("Starting broker, schema registry and services ...");
        var options = new LocalStack.Options(Optional.ofNullable(keep), port, registryPort);
        try (Interruption interruption = new Interruption();
                LocalStack stack = LocalStack.start(config, options);
                MonitoringEndpoint endpoint =
                        new MonitoringEndpoint(config, stack.metrics(), stack::trouble, stack::waitsFor)) {
            System.out.println("broker           " + stack.config().bootstrapServers());
            System.out.println("schema registry  " + stack.config().string(Settings.REGISTRY_URL));
            stack.dashboard().ifPresent(url -> System.out.println("dashboard        " + url));
            System.out.println("health, metrics  http://" + config.string(Settings.HTTP_HOST) + ":" + endpoint.port());
            stack.dashboard().ifPresent(dashboard::open);
            System.err.println("Ready. In another terminal: ./rome submit FILE, ./rome watch. Stop with Ctrl-C.");
            while (!interruption.await(CHECK_MS)) {
                stack.trouble().ifPresent(trouble -> {
                    throw new FailureException(trouble);
                });
            }
            System.err.println("Stopping ...");
        }
    }
}
