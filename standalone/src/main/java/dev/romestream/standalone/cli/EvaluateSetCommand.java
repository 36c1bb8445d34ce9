package dev.romestream.standalone.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.romestream.client.experiment.ExperimentControl;
import dev.romestream.client.experiment.ExperimentFile;
import dev.romestream.client.result.Results;
import dev.romestream.exchange.experiment.DistillationDefaults;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.schemas.DesiredState;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.Mode;
import dev.romestream.schemas.RobustnessMetrics;
import dev.romestream.standalone.set.DistilledSet;
import dev.romestream.standalone.set.SetException;
import dev.romestream.standalone.set.SetFile;
import dev.romestream.standalone.set.SetPublisher;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Supplier;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code rome evaluate-set FILE...}. */
@Command(
        name = "evaluate-set",
        description =
                "Scores distilled sets: trains networks on each and attacks them, beside random images of the same"
                        + " number. Read are .npz, .pt and .pkl with images and labels, hard or soft, and folders of images by class.",
        mixinStandardHelpOptions = true)
final class EvaluateSetCommand implements Runnable {
    private static final String FULL = "full";
    private static final String RANDOM_PREFIX = "random-";

    @Parameters(paramLabel = "FILE", arity = "1..*", description = "Distilled sets.")
    private List<Path> files;

    @Option(
            names = "--dataset",
            paramLabel = "NAME",
            defaultValue = "cifar10",
            description = "What the sets are of: cifar10, cifar100, shapes10, mnist, fashion-mnist, tiny-imagenet or"
                    + " folder [${DEFAULT-VALUE}].")
    private String dataset;

    @Option(names = "--data", paramLabel = "DIR", description = "Directory with the image files.")
    private Path data;

    @Option(
            names = "--inputs",
            paramLabel = "KIND",
            description =
                    "What the sets' values are: pixels in [0,1], or normalised by the data set's mean and standard"
                            + " deviation. Without it: pixels in .npz and image files, normalised in .pt and .pkl, as is usual.")
    private String inputs;

    @Option(
            names = "--multi-formation",
            description = "The images are 2x2 mosaics, as IDC's and ROME's; .npz files of rome say so themselves.")
    private boolean multiFormation;

    @Option(
            names = "--full",
            paramLabel = "EPOCHS",
            description =
                    "Also train networks on the whole training split, for so many epochs, and tell how much of their"
                            + " accuracy is recovered. Takes long.")
    private Integer fullEpochs;

    @Option(
            names = "--suite",
            paramLabel = "NAME|FILE",
            description = "A built-in suite or a suite file (YAML); may be given again.")
    private List<String> suites = List.of();

    @Option(names = "--limit", paramLabel = "N", description = "Only N test images, of each class its share.")
    private Integer limit;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            description = "Where metrics.json and, for each set, synthetic.npz and synthetic.png are written.")
    private Path out;

    @Mixin
    private NormalizationOptions normalization;

    @Mixin
    private LabelsOptions labels;

    @Mixin
    private ClusterOptions cluster;

    @Override
    public void run() {
        Map<String, DistilledSet> sets = sets();
        List<Experiment> experiments = new ArrayList<>();
        sets.forEach((name, set) -> experiments.add(ExperimentFile.given(
                base("random", set.imagesPerClass(), Map.of()),
                name,
                set.fingerprint(),
                set.imagesPerClass(),
                set.multiFormation())));
        sets.values().stream()
                .map(DistilledSet::imagesPerClass)
                .distinct()
                .forEach(size ->
                        experiments.add(base(DistillationDefaults.RANDOM, size, Map.of("name", RANDOM_PREFIX + size))));
        if (fullEpochs != null) {
            experiments.add(base(
                    DistillationDefaults.FULL,
                    1,
                    Map.of("name", FULL, "evaluation.victims.epochs", fullEpochs.toString())));
        }
        ExperimentRunner.withServices(
                cluster, data, new DashboardOptions(), (config, trouble) -> score(config, trouble, experiments, sets));
    }

    private Map<String, DistilledSet> sets() {
        Map<String, DistilledSet> sets = new LinkedHashMap<>();
        for (Path file : files) {
            DistilledSet set = read(file);
            if (set.name().matches(FULL + "|" + RANDOM_PREFIX + "[0-9]+")) {
                throw new UsageException(file + " is named as what sets are compared with; rename it.");
            }
            if (sets.put(set.name(), set) != null) {
                throw new UsageException("Two files are named " + set.name() + "; rename one.");
            }
            System.err.println(Printable.line(set.description()));
        }
        return sets;
    }

    private DistilledSet read(Path file) {
        try {
            return SetFile.read(
                    file,
                    Optional.ofNullable(inputs).map(NetworkOptions::inputs),
                    normalization.constants(),
                    multiFormation);
        } catch (SetException e) {
            throw new FailureException(e.getMessage());
        }
    }

    /** An experiment of a method, as all of them are evaluated. */
    private Experiment base(String method, int imagesPerClass, Map<String, String> more) {
        Map<String, String> keys = new LinkedHashMap<>(cluster.experimentKeys());
        keys.put("name", method);
        keys.put("dataset.name", dataset);
        if (!labels.order().isEmpty()) {
            keys.put("dataset.order", json(labels.order()));
        }
        keys.put("distillation.method", method);
        keys.put("distillation.imagesPerClass", Integer.toString(imagesPerClass));
        keys.put("distillation.multiFormation", "false");
        if (limit != null) {
            keys.put("evaluation.images", limit.toString());
        }
        keys.putAll(more);
        return ExperimentFile.parse("{}", keys, suites).get(0);
    }

    private static String json(List<String> texts) {
        ArrayNode array = JsonNodeFactory.instance.arrayNode();
        texts.forEach(array::add);
        return array.toString();
    }

    private void score(
            RomeConfig config,
            Supplier<Optional<String>> trouble,
            List<Experiment> experiments,
            Map<String, DistilledSet> sets) {
        ExperimentRunner.run(
                config,
                experiments,
                Optional.ofNullable(out),
                trouble,
                (monitor, started) -> publish(config, monitor, started, sets),
                results -> report(results, experiments, sets));
    }

    private static void publish(
            RomeConfig config, Monitor monitor, List<Experiment> started, Map<String, DistilledSet> sets) {
        Map<Experiment, DistilledSet> byExperiment = new LinkedHashMap<>();
        started.stream()
                .filter(experiment -> DistillationDefaults.isBrought(
                        experiment.getDistillation().getMethod()))
                .forEach(experiment -> byExperiment.put(experiment, sets.get(experiment.getName())));
        try (SetPublisher publisher = new SetPublisher(config, started.get(0).getDataset())) {
            ExperimentRunner.failOn(monitor.await(publisher::isReady));
            System.err.println(Printable.line(LabelsOptions.described(publisher.dataset())));
            byExperiment.values().forEach(set -> {
                System.err.println(Printable.line(publisher.units(set)));
                publisher.doubt(set).ifPresent(Printable::error);
                publisher.check(set);
            });
            byExperiment.forEach(publisher::publish);
        } catch (SetException e) {
            started.forEach(experiment -> ExperimentControl.setState(config, experiment, DesiredState.STOP));
            throw new FailureException(e.getMessage());
        }
    }

    /** How much of the clean accuracy that could be had each set gives. */
    private static void report(Results results, List<Experiment> experiments, Map<String, DistilledSet> sets) {
        Map<String, OptionalDouble> clean = new LinkedHashMap<>();
        experiments.forEach(experiment -> clean.put(experiment.getName(), clean(results, experiment)));
        OptionalDouble full = clean.getOrDefault(FULL, OptionalDouble.empty());
        sets.forEach((name, set) -> {
            experiments.stream()
                    .filter(experiment -> experiment.getName().equals(name))
                    .flatMap(experiment -> LabelsOptions.doubt(name, results.metrics(experiment.getId())).stream())
                    .forEach(Printable::error);
            double own = clean.get(name).orElse(Double.NaN);
            double random = clean.get(RANDOM_PREFIX + set.imagesPerClass()).orElse(Double.NaN);
            String ofFull = full.isPresent()
                    ? ", %.1f %% of the whole training split's %.1f"
                            .formatted(100 * own / full.getAsDouble(), full.getAsDouble())
                    : "";
            System.out.println(
                    Printable.line("%s: clean accuracy %.1f, %+.1f points over %d random images a class (%.1f)%s"
                            .formatted(name, own, own - random, set.imagesPerClass(), random, ofFull)));
        });
    }

    private static OptionalDouble clean(Results results, Experiment experiment) {
        return results.metrics(experiment.getId()).stream()
                .filter(figure -> figure.getFinal$() && figure.getMode() == Mode.UNTARGETED)
                .map(RobustnessMetrics::getClean)
                .mapToDouble(accuracy -> accuracy.getAccuracy())
                .average();
    }
}
