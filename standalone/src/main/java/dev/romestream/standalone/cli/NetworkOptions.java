package dev.romestream.standalone.cli;

import dev.romestream.client.experiment.ExperimentFile;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.config.Settings;
import dev.romestream.robustness.network.Architecture;
import dev.romestream.schemas.CraftingPrecision;
import dev.romestream.schemas.Experiment;
import dev.romestream.standalone.network.ModelFile;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import java.util.stream.Stream;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Options of the commands that score networks which users bring. */
final class NetworkOptions {
    @Option(
            names = "--architecture",
            paramLabel = "NAME",
            defaultValue = Architecture.CONVNET,
            description = "Of a state dict: convnet, mlp, lenet, alexnet, vgg11 or resnet18 [${DEFAULT-VALUE}]. Width,"
                    + " depth and norm are read off the file.")
    private String architecture;

    @Option(
            names = "--dataset",
            paramLabel = "NAME",
            defaultValue = "cifar10",
            description = "cifar10, cifar100, shapes10 or folder [${DEFAULT-VALUE}].")
    private String dataset;

    @Option(names = "--data", paramLabel = "DIR", description = "Directory with the image files.")
    private Path data;

    @Option(
            names = "--suite",
            paramLabel = "NAME|FILE",
            description = "A built-in suite or a suite file (YAML); may be given again. Without it: as-published-quick"
                    + " and pixel-8.")
    private List<String> suites = List.of("as-published-quick", "pixel-8");

    @Option(
            names = "--precision",
            paramLabel = "PRECISION",
            defaultValue = "float32",
            description =
                    "Of the gradients that attacks follow: float32, bfloat16, or auto, which is bfloat16 on processors that have"
                            + " it and takes 0.6 to 0.8 of the time. Every outcome is judged in float32. Suites that reproduce publications"
                            + " stay in float32 [${DEFAULT-VALUE}].")
    private String precision;

    @Option(names = "--limit", paramLabel = "N", description = "Only N test images, of each class its share.")
    private Integer limit;

    @Option(
            names = "--inputs",
            paramLabel = "KIND",
            defaultValue = "normalised",
            description = "What the network takes: normalised images, or pixels in [0,1] [${DEFAULT-VALUE}].")
    private String inputs;

    @Option(
            names = "--request-size",
            paramLabel = "N",
            defaultValue = "64",
            description = "Images of one attack request [${DEFAULT-VALUE}].")
    private int requestSize;

    @Mixin
    private NormalizationOptions normalization;

    @Mixin
    private LabelsOptions labels;

    @Mixin
    private ClusterOptions cluster;

    /**
     * Does {@code work} against the cluster that was named, or with a broker, a registry and services of its own; it is given the
     * configuration, and what tells of trouble with the services.
     */
    void withServices(RomeConfig config, BiConsumer<RomeConfig, Supplier<Optional<String>>> work) {
        if (cluster.usesCluster()) {
            work.accept(ClusterOptions.existing(config), Optional::empty);
        } else {
            ExperimentRunner.embedded(
                    config, new DashboardOptions(), stack -> work.accept(stack.config(), stack::trouble));
        }
    }

    RomeConfig config() {
        cluster.refuseExperimentKeys();
        if (cluster.usesCluster() && data != null) {
            throw new UsageException("--data goes with the embedded stack; on a cluster the producer has data.dir.");
        }
        Map<String, String> settings = new HashMap<>();
        if (data != null) {
            settings.put(Settings.DATA_DIR, data.toAbsolutePath().toString());
        }
        if (!cluster.usesCluster() && !cluster.sets(Settings.NETWORKS_TORCHSCRIPT)) {
            // the only programs on its topics are the files that were named
            settings.put(Settings.NETWORKS_TORCHSCRIPT, "true");
        }
        if (!cluster.sets(Settings.ATTACKER_COUNT)) {
            // nothing else has work to do
            settings.put(
                    Settings.ATTACKER_COUNT,
                    Integer.toString(Runtime.getRuntime().availableProcessors()));
        }
        return cluster.config(settings);
    }

    /** The experiment that scores the networks. */
    Experiment experiment(String name) {
        return experiment(name, Map.of("name", dataset, "order", labels.order()), List.of());
    }

    /** As {@link #experiment(String)}, on a stream where there is one, with alert rules. */
    Experiment experiment(String name, Optional<Map<String, Object>> stream, List<String> alerts) {
        return experiment(name, stream.orElseGet(() -> Map.of("name", dataset, "order", labels.order())), alerts);
    }

    private Experiment experiment(String name, Map<String, Object> images, List<String> alerts) {
        if (limit != null && limit < 1) {
            throw new UsageException("--limit is " + limit + "; the least allowed is 1.");
        }
        if (Stream.of(CraftingPrecision.values())
                .noneMatch(known -> known.name().toLowerCase(Locale.ROOT).equals(precision))) {
            throw new UsageException("--precision is '" + precision + "'; known are float32, bfloat16 and auto.");
        }
        return ExperimentFile.monitoring(
                name, images, suites, precision, Optional.ofNullable(limit), requestSize, alerts);
    }

    /** A network's file. */
    ModelFile read(Path file) {
        if (!Architecture.NAMES.contains(architecture)) {
            throw new UsageException("--architecture is '" + architecture + "'; known are "
                    + String.join(", ", Architecture.NAMES) + ".");
        }
        return ModelFile.read(file, architecture, inputs(inputs), normalization.constants());
    }

    /** What an option {@code --inputs} says. */
    static ModelFile.Inputs inputs(String text) {
        for (ModelFile.Inputs kind : ModelFile.Inputs.values()) {
            if (kind.name().toLowerCase(Locale.ROOT).equals(text)) {
                return kind;
            }
        }
        throw new UsageException("--inputs is '" + text + "'; known are normalised and pixels.");
    }

    /** A network's name: its file's without the ending. */
    static String name(Path file) {
        String name = file.getFileName().toString();
        for (String ending : ModelFile.ENDINGS) {
            if (ending.indexOf('.', 1) > 0 && name.endsWith(ending)) {
                return name.substring(0, name.length() - ending.length());
            }
        }
        int dot = name.lastIndexOf('.');
        return dot > 0 ? name.substring(0, dot) : name;
    }
}
