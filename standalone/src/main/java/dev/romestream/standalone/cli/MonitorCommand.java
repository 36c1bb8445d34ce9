package dev.romestream.standalone.cli;

import dev.romestream.client.experiment.ExperimentFile;
import dev.romestream.exchange.codec.RecordJson;
import dev.romestream.exchange.metric.NamedMetric;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.ImageLabels;
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
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
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
                        + " interrupted. Metrics are"
                        + " keyed by the file's name and a version that counts its changes. With --topic, the newest version of"
                        + " each is scored on every window of a stream.",
        mixinStandardHelpOptions = true)
final class MonitorCommand implements Runnable {
    @Parameters(paramLabel = "DIR", description = "The folder.")
    private Path directory;

    @Option(names = "--json", description = "Print complete figures as lines of JSON.")
    private boolean json;

    @Option(names = "--once", description = "Score what is there, and end.")
    private boolean once;

    @Option(
            names = "--topic",
            paramLabel = "TOPIC",
            description = "Score on a stream of images, in place of --dataset: a topic with image files as values and"
                    + " classes as keys (docs/streams.md).")
    private String topic;

    @Option(
            names = "--window",
            paramLabel = "KEY=VALUE",
            split = ",",
            description = "Windows of --topic, as the keys dataset.window.*: images=2000, or every=PT10M. Without it,"
                    + " images=2000; test is 1 where it is not given, so that all images are scored on.")
    private Map<String, String> window = Map.of();

    @Option(names = "--resize", paramLabel = "PIXELS", description = "Of --topic, as the key dataset.resize.")
    private Integer resize;

    @Option(
            names = "--unlabelled",
            description =
                    "Of --topic: images have no labels, and keys say nothing. What is printed is the stability, the"
                            + " share of the network's predictions that attacks leave.")
    private boolean unlabelled;

    @Option(
            names = "--label-topic",
            paramLabel = "TOPIC",
            description =
                    "With --unlabelled: the topic on which labels come later, the number of the class under the image's"
                            + " key. Accuracies follow.")
    private String labelTopic;

    @Option(names = "--windows", paramLabel = "N", description = "Of --topic: end after so many windows.")
    private Integer windows;

    @Option(
            names = "--alert",
            paramLabel = "RULE",
            description = "An alert rule, as 'figure: worstCase, dropsBy: 3'; may be given again (docs/alerts.md).")
    private List<String> alerts = List.of();

    @Mixin
    private NetworkOptions options;

    private static final int USUAL_IMAGES = 2000;
    private static final long QUIET_NANOS = 10_000_000_000L;

    /**
     * Labels that have come of an evaluation's images.
     *
     * @param printed when its metrics were last printed
     * @param known now, since a time
     */
    private record Labelled(long printed, long known, long since) {}

    private final Map<String, Path> files = new HashMap<>();
    /** Metrics that have been printed of each window. */
    private final Map<Integer, Integer> counts = new HashMap<>();

    private final Map<String, Labelled> labelled = new HashMap<>();

    private String lastFailure = "";

    @Override
    public void run() {
        if (!Files.isDirectory(directory)) {
            throw new UsageException(directory + " is not a folder.");
        }
        RomeConfig config = options.config();
        Experiment experiment = options.experiment("monitor", stream(), alerts);
        try (Interruption interruption = new Interruption()) {
            options.withServices(config, (own, trouble) -> follow(own, trouble, experiment, interruption));
        }
    }

    private Optional<Map<String, Object>> stream() {
        if (topic == null) {
            if (!window.isEmpty() || resize != null || windows != null || unlabelled || labelTopic != null) {
                throw new UsageException(
                        "--window, --windows, --resize, --unlabelled and --label-topic go with --topic;"
                                + " give the stream's topic.");
            }
            return Optional.empty();
        }
        if (labelTopic != null && !unlabelled) {
            throw new UsageException("--label-topic goes with --unlabelled; without it, keys are the labels.");
        }
        if (once) {
            throw new UsageException("--once goes without --topic; use --windows 1.");
        }
        if (windows != null && windows < 1) {
            throw new UsageException("--windows is " + windows + "; the least allowed is 1.");
        }
        Map<String, Object> keys = new LinkedHashMap<>(ExperimentFile.scalars(window));
        if (!keys.containsKey("images") && !keys.containsKey("every")) {
            keys.put("images", USUAL_IMAGES);
        }
        Map<String, Object> dataset = new LinkedHashMap<>(Map.of("name", "topic", "path", topic, "window", keys));
        if (unlabelled) {
            dataset.put("labels", "predicted");
            if (labelTopic != null) {
                keys.put("labelTopic", labelTopic);
            }
        } else {
            keys.putIfAbsent("test", 1);
        }
        if (resize != null) {
            dataset.put("resize", resize);
        }
        return Optional.of(dataset);
    }

    private void follow(
            RomeConfig config, Supplier<Optional<String>> trouble, Experiment experiment, Interruption interruption) {
        Consumer<String> lines = System.err::println;
        try (Monitor monitor = new Monitor(config, List.of(experiment), lines, trouble);
                NetworkMonitoring monitoring = new NetworkMonitoring(config, experiment)) {
            ModelFolder folder = new ModelFolder(directory);
            Set<NetworkVersion> awaited = new LinkedHashSet<>();
            Set<String> printed = new HashSet<>(monitoring.complete().keySet());
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
                    if (topic == null) {
                        print(monitoring, awaited);
                    } else if (isLast(monitoring, printed)) {
                        return;
                    }
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
                figures.forEach(this::print);
            }
            if (failure.isPresent() || complete) {
                each.remove();
            }
        }
    }

    /** Prints what is new of a stream's windows. */
    private boolean isLast(NetworkMonitoring monitoring, Set<String> printed) {
        monitoring.complete().forEach((key, metrics) -> {
            boolean isToldAgain = isToldAgain(key, metrics);
            boolean isNew = printed.add(key);
            if (isNew) {
                counts.merge(metrics.getWindow().getNumber(), 1, Integer::sum);
            }
            if (isNew || isToldAgain) {
                print(metrics);
            }
        });
        int wanted = Math.max(1, files.size()) * monitoring.metricsOfNetwork();
        return windows != null
                && counts.values().stream().filter(count -> count >= wanted).count() >= windows;
    }

    /** Where labels have come for all images, for twice as many as were told, or for more, and no others for a while. */
    private boolean isToldAgain(String key, RobustnessMetrics metrics) {
        long now = metrics.getClean().getCount();
        long time = System.nanoTime();
        Labelled before = labelled.getOrDefault(key, new Labelled(now, now, time));
        boolean isQuiet = now == before.known() && time - before.since() > QUIET_NANOS;
        boolean isDue = now > before.printed()
                && (isQuiet || now >= 2 * before.printed() || now == NamedMetric.images(metrics));
        labelled.put(
                key, new Labelled(isDue ? now : before.printed(), now, now == before.known() ? before.since() : time));
        return isDue;
    }

    private void print(RobustnessMetrics metrics) {
        System.out.println(json ? RecordJson.line(metrics) : Printable.line(line(metrics)));
    }

    private static String line(RobustnessMetrics metrics) {
        String name = metrics.getVictim().substring(metrics.getVictim().lastIndexOf('/') + 1);
        String window = metrics.getWindow() == null
                ? ""
                : "  window " + metrics.getWindow().getNumber();
        List<String> values = new ArrayList<>();
        if (metrics.getLabels() == ImageLabels.PREDICTED) {
            values.add("stability %.1f".formatted(metrics.getStability().getPercent()));
        }
        if (metrics.getClean().getCount() > 0) {
            values.add("clean %.1f, worst case %.1f, I-RR %s"
                    .formatted(
                            metrics.getClean().getAccuracy(),
                            metrics.getWorstCase().getAccuracy(),
                            metrics.getIrr() == null ? "undefined" : "%.1f".formatted(metrics.getIrr())));
        }
        if (metrics.getLabels() == ImageLabels.PREDICTED && metrics.getClean().getCount() > 0) {
            values.add("of %d images with labels".formatted(metrics.getClean().getCount()));
        }
        return "%s version %d%s  %s %s: %s%s"
                .formatted(
                        name,
                        metrics.getVersion(),
                        window,
                        metrics.getSuite(),
                        metrics.getMode().name().toLowerCase(Locale.ROOT),
                        String.join(", ", values),
                        metrics.getFlags().isEmpty() ? "" : "  flags: " + String.join(", ", metrics.getFlags()));
    }
}
