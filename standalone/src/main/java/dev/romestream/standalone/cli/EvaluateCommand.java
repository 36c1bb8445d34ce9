package dev.romestream.standalone.cli;

import dev.romestream.client.result.MetricsFile;
import dev.romestream.client.result.WholeFile;
import dev.romestream.client.table.Comparison;
import dev.romestream.client.table.Comparison.Subject;
import dev.romestream.client.table.TableText;
import dev.romestream.exchange.codec.RecordJson;
import dev.romestream.exchange.identity.Digest;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.Network;
import dev.romestream.schemas.NetworkVersion;
import dev.romestream.schemas.RobustnessMetrics;
import dev.romestream.standalone.network.ModelException;
import dev.romestream.standalone.network.ModelFile;
import dev.romestream.standalone.network.NetworkMonitoring;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code rome evaluate MODEL...}. */
@Command(
        name = "evaluate",
        description =
                "Scores trained networks: PyTorch state dicts and checkpoints (.pth, .pth.tar, .ckpt, .safetensors) of"
                        + " known architectures, or TorchScript programs (.pt). Load programs only from people you trust.",
        mixinStandardHelpOptions = true)
final class EvaluateCommand implements Runnable {
    private static final Logger log = LoggerFactory.getLogger(EvaluateCommand.class);

    @Parameters(paramLabel = "MODEL", arity = "1..*", description = "Files with networks.")
    private List<Path> files;

    @Option(names = "--json", description = "Print the array of metrics.json instead of a table.")
    private boolean json;

    @Option(names = "--out", paramLabel = "DIR", description = "Also write metrics.json there.")
    private Path out;

    @Mixin
    private NetworkOptions options;

    @Mixin
    private GateOptions gate;

    private int refused;

    @Override
    public void run() {
        RomeConfig config = options.config();
        Map<String, ModelFile> models = models();
        gate.check(List.copyOf(models.keySet()));
        Experiment experiment = options.experiment("evaluate-" + digest(models));
        options.withServices(config, (own, trouble) -> evaluate(own, trouble, experiment, models));
    }

    /** So that other networks under the same options are another experiment: a plan holds all that are evaluated together. */
    private static String digest(Map<String, ModelFile> models) {
        Digest digest = new Digest();
        models.forEach((name, model) -> digest.add(name).add(model.fingerprint()));
        return digest.shortHex();
    }

    private Map<String, ModelFile> models() {
        Map<String, ModelFile> models = new LinkedHashMap<>();
        for (Path file : files) {
            String name = NetworkOptions.name(file);
            if (models.containsKey(name)) {
                throw new UsageException("Two files are named " + name + "; rename one.");
            }
            try {
                models.put(name, options.read(file));
            } catch (ModelException e) {
                refuse(e);
            }
        }
        if (models.isEmpty()) {
            throw new FailureException("There is no network to score.");
        }
        return models;
    }

    /** The others go on. */
    private void refuse(ModelException reason) {
        refused++;
        Printable.error(reason.getMessage());
    }

    private void evaluate(
            RomeConfig config,
            Supplier<Optional<String>> trouble,
            Experiment experiment,
            Map<String, ModelFile> models) {
        Consumer<String> lines = System.err::println;
        try (Monitor monitor = new Monitor(config, List.of(experiment), lines, trouble);
                NetworkMonitoring monitoring = new NetworkMonitoring(config, experiment)) {
            monitoring.start();
            monitor.follow(monitoring.experiment());
            Thread interrupted = new Thread(monitoring::stop);
            Runtime.getRuntime().addShutdownHook(interrupted);
            try {
                ExperimentRunner.failOn(monitor.await(monitoring::isReady));
                System.err.println(Printable.line(LabelsOptions.described(monitoring.dataset())));
                Map<String, NetworkVersion> versions = new LinkedHashMap<>();
                List<Network> networks = new ArrayList<>();
                models.forEach((name, model) -> {
                    NetworkVersion version = monitoring.version(name, model);
                    try {
                        networks.add(monitoring.prepared(model, version));
                        System.err.println(Printable.line(name + ": takes " + monitoring.units(model) + "."));
                        versions.put(name, version);
                    } catch (ModelException e) {
                        refuse(e);
                    }
                });
                if (networks.isEmpty()) {
                    throw new FailureException("There is no network to score.");
                }
                List<NetworkVersion> sources = List.copyOf(versions.values());
                networks.forEach(network -> monitoring.publish(network, sources));
                ExperimentRunner.failOn(monitor.await(() -> sources.stream()
                        .allMatch(version -> monitoring.isComplete(version)
                                || monitoring.failure(version).isPresent())));
                sources.forEach(version -> ExperimentRunner.failOn(monitoring.failure(version)));
                report(monitoring, versions);
                if (refused > 0) {
                    throw new FailureException(refused + " of " + files.size() + " files were not scored; see above.");
                }
            } finally {
                withdraw(interrupted);
                monitoring.stop();
            }
        }
    }

    private static void withdraw(Thread hook) {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            log.debug("The hook runs already", e);
        }
    }

    private void report(NetworkMonitoring monitoring, Map<String, NetworkVersion> versions) {
        List<Subject> rows = new ArrayList<>();
        List<RobustnessMetrics> all = new ArrayList<>();
        versions.forEach((name, version) -> {
            List<RobustnessMetrics> figures = monitoring.figures(version);
            LabelsOptions.doubt(name, figures).ifPresent(Printable::error);
            rows.add(new Subject(name, name, figures));
            all.addAll(figures);
        });
        if (json) {
            System.out.println(RecordJson.array(all));
        } else {
            System.out.println();
            Comparison.tables("network", rows)
                    .forEach(table -> System.out.println(Printable.lines(TableText.terminal(table))));
        }
        if (out != null) {
            write(all);
        }
        gate.hold(all);
    }

    private void write(List<RobustnessMetrics> metrics) {
        try {
            Files.createDirectories(out);
            WholeFile.write(out.resolve("metrics.json"), MetricsFile.write(metrics));
        } catch (IOException e) {
            throw new UncheckedIOException(e.getMessage(), e);
        }
    }
}
