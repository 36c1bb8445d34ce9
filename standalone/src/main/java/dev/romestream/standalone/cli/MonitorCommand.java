package dev.romestream.standalone.cli;

import dev.romestream.exchange.codec.RecordJson;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.NetworkVersion;
import dev.romestream.schemas.RobustnessMetrics;
import dev.romestream.standalone.network.ModelException;
import dev.romestream.standalone.network.ModelFile;
import dev.romestream.standalone.network.ModelFolder;
import dev.romestream.standalone.network.NetworkMonitoring;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code rome monitor DIR}. */
@Command(
        name = "monitor",
        description =
                "Scores every new or changed network (.pth, .pt, .pth.tar, .ckpt, .safetensors) in a folder, until it is"
                        + " interrupted. Figures are"
                        + " keyed by the file's name and a version that counts its changes.",
        mixinStandardHelpOptions = true)
final class MonitorCommand implements Runnable {
    @Parameters(paramLabel = "DIR", description = "The folder.")
    private Path directory;

    @Option(names = "--json", description = "Print complete figures as lines of JSON.")
    private boolean json;

    @Option(names = "--once", description = "Score what is there, and end.")
    private boolean once;

    @Option(
            names = "--alert",
            paramLabel = "RULE",
            description = "An alert rule, as 'figure: worstCase, dropsBy: 3'; may be given again (docs/alerts.md).")
    private List<String> alerts = List.of();

    @Mixin
    private NetworkOptions options;

    private final Map<String, Path> files = new HashMap<>();
    private String lastFailure = "";

    @Override
    public void run() {
        if (!Files.isDirectory(directory)) {
            throw new UsageException(directory + " is not a folder.");
        }
        RomeConfig config = options.config();
        Experiment experiment = options.experiment("monitor", alerts);
        try (Interruption interruption = new Interruption()) {
            options.withServices(config, (own, trouble) -> follow(own, trouble, experiment, interruption));
        }
    }

    private void follow(
            RomeConfig config, Supplier<Optional<String>> trouble, Experiment experiment, Interruption interruption) {
        Consumer<String> lines = System.err::println;
        try (Monitor monitor = new Monitor(config, List.of(experiment), lines, trouble);
                NetworkMonitoring monitoring = new NetworkMonitoring(config, experiment)) {
            ModelFolder folder = new ModelFolder(directory);
            Set<NetworkVersion> awaited = new LinkedHashSet<>();
            monitoring.start();
            monitor.follow(monitoring.experiment());
            try {
                monitor.await(() -> monitoring.isReady() || interruption.isSignalled())
                        .ifPresent(failure -> {
                            throw new FailureException(failure);
                        });
                System.err.println("Watching " + directory + " for networks. Stop with Ctrl-C.");
                do {
                    settled(folder, awaited).forEach(file -> publish(monitoring, file, awaited));
                    monitor.await(() -> true).ifPresent(failure -> tell(failure, awaited));
                    print(monitoring, awaited);
                    if (once && folder.isSettled() && awaited.isEmpty()) {
                        if (!alerts.isEmpty()) {
                            monitor.awaitAlerts(experiment.getId());
                        }
                        return;
                    }
                } while (!interruption.await(ModelFolder.INTERVAL_MS));
            } finally {
                monitoring.stop();
            }
        }
    }

    private List<Path> settled(ModelFolder folder, Set<NetworkVersion> awaited) {
        try {
            return folder.settled();
        } catch (UncheckedIOException e) {
            tell(e.getMessage(), awaited);
            return List.of();
        }
    }

    /** Tells a trouble once; a network that it names is awaited no longer. */
    private void tell(String failure, Set<NetworkVersion> awaited) {
        if (!failure.equals(lastFailure)) {
            Printable.error(failure);
            lastFailure = failure;
        }
        awaited.removeIf(version -> failure.contains(version.getNetwork() + " version " + version.getVersion() + ":"));
    }

    private void publish(NetworkMonitoring monitoring, Path file, Set<NetworkVersion> awaited) {
        String name = NetworkOptions.name(file);
        Path namesake = files.putIfAbsent(name, file);
        if (namesake != null && !namesake.equals(file)) {
            Printable.error(file + " is not scored: " + namesake + " has the same name; rename one.");
            return;
        }
        try {
            ModelFile model = options.read(file);
            NetworkVersion version = monitoring.version(name, model);
            monitoring.publish(monitoring.prepared(model, version), List.of());
            awaited.add(version);
        } catch (ModelException e) {
            Printable.error(e.getMessage());
        }
    }

    private void print(NetworkMonitoring monitoring, Set<NetworkVersion> awaited) {
        for (Iterator<NetworkVersion> each = awaited.iterator(); each.hasNext(); ) {
            NetworkVersion version = each.next();
            var failure = monitoring.failure(version);
            failure.ifPresent(Printable::error);
            boolean complete = monitoring.isComplete(version);
            if (complete) {
                List<RobustnessMetrics> figures = new ArrayList<>(monitoring.figures(version));
                figures.sort(Comparator.comparing(RobustnessMetrics::getSuite));
                figures.forEach(
                        figure -> System.out.println(json ? RecordJson.line(figure) : Printable.line(line(figure))));
            }
            if (failure.isPresent() || complete) {
                each.remove();
            }
        }
    }

    private static String line(RobustnessMetrics metrics) {
        String name = metrics.getVictim().substring(metrics.getVictim().lastIndexOf('/') + 1);
        return "%s version %d  %s %s: clean %.1f, worst case %.1f, I-RR %s%s"
                .formatted(
                        name,
                        metrics.getVersion(),
                        metrics.getSuite(),
                        metrics.getMode().name().toLowerCase(Locale.ROOT),
                        metrics.getClean().getAccuracy(),
                        metrics.getWorstCase().getAccuracy(),
                        Objects.toString(
                                metrics.getIrr() == null ? null : "%.1f".formatted(metrics.getIrr()), "undefined"),
                        metrics.getFlags().isEmpty() ? "" : "  flags: " + String.join(", ", metrics.getFlags()));
    }
}
