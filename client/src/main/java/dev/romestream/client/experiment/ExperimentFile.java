package dev.romestream.client.experiment;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import dev.romestream.exchange.codec.AttackCodec;
import dev.romestream.exchange.codec.NetworkCodec;
import dev.romestream.exchange.codec.SuiteCodec;
import dev.romestream.exchange.experiment.AlertRules;
import dev.romestream.exchange.experiment.DistillationDefaults;
import dev.romestream.exchange.experiment.Victim;
import dev.romestream.exchange.identity.Digest;
import dev.romestream.exchange.identity.Identity;
import dev.romestream.experiments.WindowSettings;
import dev.romestream.robustness.attack.Attacks;
import dev.romestream.robustness.augment.Augmentation;
import dev.romestream.schemas.AttackSpec;
import dev.romestream.schemas.DistillationSpec;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.Ranges;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.avro.Schema;
import org.yaml.snakeyaml.error.MarkedYAMLException;

/** Experiment files: YAML with presets, overrides and sweeps, to the records that start experiments. */
public final class ExperimentFile {
    private static final String PRESET = "preset";
    private static final String SWEEP = "sweep";
    private static final String DISTILLATION = "distillation";
    private static final int MOST_EXPERIMENTS = 1000;
    private static final List<String> PRESETS = List.of(
            "small",
            "robust-small",
            "robust-cifar10-ipc10",
            "paper-cifar10-ipc1",
            "paper-cifar10-ipc10",
            "paper-cifar10-ipc50",
            "paper-cifar100-ipc1",
            "paper-cifar100-ipc10",
            "paper-cifar100-ipc50");
    private static final ObjectMapper YAML =
            new ObjectMapper(new YAMLFactory().disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER));

    private ExperimentFile() {}

    /**
     * The experiments of a file: of each of its documents one, or one for each combination of a sweep.
     *
     * @param overrides by dotted keys, stronger than the file
     * @param suites in place of the file's where there are any: names of built-in ones, or suite files
     * @throws ExperimentException naming the key, the value and what is allowed
     */
    public static List<Experiment> read(Path file, Map<String, String> overrides, List<String> suites) {
        try {
            return parse(Files.readString(file), overrides, suites);
        } catch (IOException e) {
            throw new ExperimentException("Cannot read the experiment file " + file + ".", e);
        }
    }

    /** As {@link #read}, of a file's text. */
    public static List<Experiment> parse(String text, Map<String, String> overrides, List<String> suites) {
        List<Map<String, Object>> files = new ArrayList<>();
        List<Map<String, Object>> combinations = new ArrayList<>();
        for (Map<String, Object> file : maps(text, "the experiment file")) {
            overrides.forEach((key, value) -> put(file, key, scalar(value)));
            if (!suites.isEmpty()) {
                put(file, "evaluation.suites", SuiteFile.values(suites));
            }
            // a text is the name of the sweep that a written file came from
            Object sweep = file.get(SWEEP) instanceof String ? null : file.remove(SWEEP);
            for (Map<String, Object> combination : combinations(sweep)) {
                Map<String, Object> values = copy(file);
                copy(combination).forEach((key, value) -> put(values, key, value));
                files.add(values);
                combinations.add(combination);
            }
        }
        Set<String> problems = new LinkedHashSet<>();
        gather(problems, () -> refuseWhatNoMethodKnows(files));
        List<Experiment> experiments = new ArrayList<>();
        for (int i = 0; i < files.size(); i++) {
            Map<String, Object> file = files.get(i);
            Map<String, Object> combination = combinations.get(i);
            gather(problems, () -> experiments.add(experiment(file, combination)));
        }
        if (!problems.isEmpty()) {
            throw new ExperimentException(problems);
        }
        return experiments;
    }

    private static void gather(Set<String> problems, Runnable step) {
        try {
            step.run();
        } catch (ExperimentException e) {
            problems.addAll(e.problems());
        }
    }

    /** A key of the distillation means something to the method, or to another one of the file. */
    private static void refuseWhatNoMethodKnows(List<Map<String, Object>> files) {
        Set<String> methods = new TreeSet<>();
        Set<String> keys = new TreeSet<>();
        for (Map<String, Object> values : files) {
            if (values.get(DISTILLATION) instanceof Map<?, ?> distillation) {
                method(distillation).ifPresent(methods::add);
                distillation.keySet().forEach(key -> keys.add(String.valueOf(key)));
            }
        }
        Set<String> known = new TreeSet<>();
        methods.forEach(method -> known.addAll(keys(method)));
        keys.retainAll(fields());
        keys.removeAll(known);
        if (!methods.isEmpty() && !keys.isEmpty()) {
            throw new ExperimentException(keys.stream()
                    .map(key -> "The key 'distillation." + key + "' means nothing to the method "
                            + String.join(" or ", methods) + "; known are " + String.join(", ", known) + ".")
                    .toList());
        }
    }

    private static Optional<String> method(Map<?, ?> distillation) {
        return Optional.ofNullable(distillation.get("method")).map(String::valueOf);
    }

    private static Set<String> keys(String method) {
        try {
            return DistillationDefaults.keys(method);
        } catch (IllegalArgumentException e) {
            throw new ExperimentException(e.getMessage(), e);
        }
    }

    /** Every key of a distillation; others are refused for all methods alike. */
    private static Set<String> fields() {
        return DistillationSpec.getClassSchema().getFields().stream()
                .map(Schema.Field::name)
                .collect(Collectors.toSet());
    }

    /** Takes away what means something to other methods alone: of a preset, or of a sweep over methods. */
    private static void keepWhatTheMethodKnows(Map<String, Object> values) {
        if (values.get(DISTILLATION) instanceof Map<?, ?> distillation) {
            method(distillation)
                    .filter(DistillationDefaults.methods()::contains)
                    .ifPresent(method -> {
                        Set<String> others = fields();
                        others.removeAll(keys(method));
                        Map<Object, Object> kept = new LinkedHashMap<>(distillation);
                        kept.keySet().removeAll(others);
                        values.put(DISTILLATION, kept);
                    });
        }
    }

    private static Experiment experiment(Map<String, Object> values, Map<String, Object> combination) {
        Map<String, Object> merged = preset(values.remove(PRESET));
        merge(merged, values);
        keepWhatTheMethodKnows(merged);
        for (String reserved : ExperimentSchema.RESERVED) {
            if (merged.containsKey(reserved)) {
                throw new ExperimentException("Unknown key '" + reserved
                        + "'; ids are derived, and states and times are set by submit and stop.");
            }
        }
        StringBuilder name = new StringBuilder(String.valueOf(merged.getOrDefault("name", "")));
        if (!combination.isEmpty()) {
            merged.put(SWEEP, name.toString());
        }
        combination.values().forEach(value -> name.append('-').append(words(value)));
        merged.put("id", "");
        if (merged.containsKey("name")) {
            merged.put("name", name.toString());
        }
        Experiment experiment = RecordBinder.bind(Experiment.class, merged);
        check(experiment);
        if (experiment.getDistillation() != null) {
            experiment.setDistillation(DistillationDefaults.fill(experiment.getDistillation()));
        }
        return identified(experiment);
    }

    /**
     * An experiment that scores networks which users bring.
     *
     * @param suites names of built-in ones, or suite files
     * @param images of the test split; empty for all
     */
    public static Experiment monitoring(
            String name, String dataset, List<String> suites, Optional<Integer> images, int requestSize) {
        return monitoring(name, Map.of("name", dataset), suites, "float32", images, requestSize, List.of());
    }

    /**
     * As {@link #monitoring(String, String, List, Optional, int)}, of any data set.
     *
     * @param dataset keys of its specification
     * @param precision of crafting, in suites that do not reproduce a publication
     * @param alerts rules as a file has them, with or without braces
     */
    public static Experiment monitoring(
            String name,
            Map<String, Object> dataset,
            List<String> suites,
            String precision,
            Optional<Integer> images,
            int requestSize,
            List<String> alerts) {
        List<Map<String, Object>> rules = alerts.stream()
                .map(rule -> map(rule.strip().startsWith("{") ? rule : "{" + rule + "}", "an alert rule"))
                .toList();
        Map<String, Object> evaluation = new LinkedHashMap<>();
        evaluation.put("suites", SuiteFile.values(suites, precision));
        images.ifPresent(count -> evaluation.put("images", count));
        evaluation.put("requestSize", requestSize);
        Experiment experiment = RecordBinder.bind(
                Experiment.class,
                Map.of(
                        "id", "",
                        "name", name,
                        "dataset", dataset,
                        "evaluation", evaluation,
                        "alerts", rules));
        check(experiment);
        return identified(experiment);
    }

    /** Values of options, as a file would have them. */
    public static Map<String, Object> scalars(Map<String, String> values) {
        Map<String, Object> scalars = new LinkedHashMap<>();
        values.forEach((key, value) -> scalars.put(key, scalar(value)));
        return scalars;
    }

    /**
     * An experiment like another one that scores a set which a user brings.
     *
     * @param digest of the set
     * @param imagesPerClass the most stored images of a class
     */
    public static Experiment given(
            Experiment like, String name, String digest, int imagesPerClass, boolean multiFormation) {
        DistillationSpec distillation = DistillationSpec.newBuilder(like.getDistillation())
                .setMethod(DistillationDefaults.GIVEN)
                .setSet(digest)
                .setImagesPerClass(imagesPerClass)
                .setMultiFormation(multiFormation)
                .build();
        return identified(Experiment.newBuilder(like)
                .setId("")
                .setName(name)
                .setDistillation(DistillationDefaults.fill(distillation))
                .build());
    }

    private static Experiment identified(Experiment experiment) {
        String readable = experiment.getName().toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9._-]+", "-");
        if (!readable.matches("[a-z0-9].*")) {
            throw new ExperimentException(
                    "The key 'name' is '" + experiment.getName() + "'; it must begin with a letter or digit.");
        }
        experiment.setId(readable + "-"
                + new Digest().add(Identity.work(experiment)).shortHex().substring(0, 8));
        return experiment;
    }

    private static void check(Experiment experiment) {
        List<String> violations = Ranges.violations(experiment);
        if (!violations.isEmpty()) {
            throw new ExperimentException(violations);
        }
        DistillationSpec distillation = experiment.getDistillation();
        try {
            WindowSettings.check(experiment);
            AlertRules.of(experiment, SuiteCodec.decode(experiment.getEvaluation()));
            if (distillation == null) {
                return;
            }
            if (DistillationDefaults.isBrought(distillation.getMethod()) || distillation.getSet() != null) {
                throw new ExperimentException("distillation.method is 'given', or there is a distillation.set: a set of"
                        + " one's own is scored by rome evaluate-set.");
            }
            DistillationDefaults.fill(distillation);
            NetworkCodec.decode(distillation.getNetwork()).requireIndependentImages();
            if (distillation.getLabels().getNetwork() != null) {
                NetworkCodec.decode(distillation.getLabels().getNetwork()).requireIndependentImages();
            }
            new Augmentation(distillation.getAugmentation());
            for (AttackSpec attack : List.of(
                    distillation.getPrior().getAttack(),
                    distillation.getLabels().getAttack(),
                    distillation.getTrajectories().getAttack(),
                    distillation.getContrast().getAttack())) {
                Attacks.create(AttackCodec.decode(attack));
            }
            Victim.of(experiment);
        } catch (IllegalArgumentException e) {
            throw new ExperimentException(e.getMessage(), e);
        }
    }

    /** The file that runs as this experiment does, every default filled in. */
    public static String write(Experiment experiment) {
        try {
            return YAML.writeValueAsString(values(experiment));
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The maps, lists and plain values of that file. */
    public static Map<String, Object> values(Experiment experiment) {
        Map<String, Object> values = RecordBinder.unbind(experiment);
        values.keySet().removeAll(ExperimentSchema.RESERVED);
        if (experiment.getSweep().isEmpty()) {
            values.remove(SWEEP);
        }
        keepWhatTheMethodKnows(values);
        return values;
    }

    /** A value of a sweep as part of a name: of a mapping, its values. */
    private static String words(Object value) {
        return value instanceof Map<?, ?> map
                ? map.values().stream().map(ExperimentFile::words).collect(Collectors.joining("-"))
                : String.valueOf(value);
    }

    private static Map<String, Object> preset(Object name) {
        if (name == null) {
            return new LinkedHashMap<>();
        }
        return map(presetText(String.valueOf(name)), "the preset " + name);
    }

    /** The names of the presets. */
    public static List<String> presets() {
        return PRESETS;
    }

    /**
     * A preset as a file.
     *
     * @throws ExperimentException where there is none of this name
     */
    public static String presetText(String name) {
        if (!PRESETS.contains(name)) {
            throw new ExperimentException(
                    "The key 'preset' is '" + name + "'; known are " + String.join(", ", PRESETS) + ".");
        }
        String resource = "/dev/romestream/client/presets/" + name + ".yaml";
        try (InputStream in = ExperimentFile.class.getResourceAsStream(resource)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Map<String, Object> map(String text, String what) {
        List<Map<String, Object>> maps = maps(text, what);
        if (maps.size() != 1) {
            throw new ExperimentException(what + " must be one YAML mapping, and it has " + maps.size() + ".");
        }
        return maps.get(0);
    }

    /** The documents of a file: at least one. */
    @SuppressWarnings("unchecked")
    private static List<Map<String, Object>> maps(String text, String what) {
        List<Map<String, Object>> maps = new ArrayList<>();
        try (MappingIterator<Object> documents = YAML.readerFor(Object.class).readValues(text)) {
            while (documents.hasNextValue()) {
                if (!(documents.nextValue() instanceof Map<?, ?> map)) {
                    throw notAMapping(what);
                }
                maps.add((Map<String, Object>) map);
            }
        } catch (JsonProcessingException e) {
            throw new ExperimentException(
                    what + " is not YAML: "
                            + (e.getCause() instanceof MarkedYAMLException marked && marked.getProblemMark() != null
                                    ? marked.getProblem() + " (line "
                                            + (marked.getProblemMark().getLine() + 1)
                                    : e.getOriginalMessage() + " (line "
                                            + (e.getLocation() == null
                                                    ? "?"
                                                    : e.getLocation().getLineNr()))
                            + ").",
                    e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        if (maps.isEmpty()) {
            throw notAMapping(what);
        }
        return maps;
    }

    private static ExperimentException notAMapping(String what) {
        return new ExperimentException(what + " must be a YAML mapping, with name, dataset and distillation.");
    }

    private static Object scalar(String value) {
        try {
            return YAML.readValue(value, Object.class);
        } catch (JsonProcessingException e) {
            return value;
        }
    }

    @SuppressWarnings("unchecked")
    private static void put(Map<String, Object> map, String dottedKey, Object value) {
        String[] keys = dottedKey.split("\\.");
        Map<String, Object> at = map;
        for (int i = 0; i < keys.length - 1; i++) {
            Object next = at.get(keys[i]);
            if (next instanceof List) {
                throw new ExperimentException("The key '" + dottedKey + "' cannot be set: '" + keys[i]
                        + "' is a list in the file; change it there.");
            }
            if (!(next instanceof Map)) {
                next = new LinkedHashMap<String, Object>();
                at.put(keys[i], next);
            }
            at = (Map<String, Object>) next;
        }
        at.put(keys[keys.length - 1], value);
    }

    @SuppressWarnings("unchecked")
    private static void merge(Map<String, Object> base, Map<String, Object> over) {
        over.forEach((key, value) -> {
            if (value instanceof Map<?, ?> map && base.get(key) instanceof Map<?, ?> present) {
                merge((Map<String, Object>) present, (Map<String, Object>) map);
            } else {
                base.put(key, value);
            }
        });
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> copy(Map<String, Object> map) {
        Map<String, Object> copy = new LinkedHashMap<>();
        map.forEach((key, value) ->
                copy.put(key, value instanceof Map<?, ?> nested ? copy((Map<String, Object>) nested) : value));
        return copy;
    }

    private static List<Map<String, Object>> combinations(Object sweep) {
        List<Map<String, Object>> combinations = new ArrayList<>(List.of(new LinkedHashMap<>()));
        if (sweep == null) {
            return combinations;
        }
        if (!(sweep instanceof Map<?, ?> axes)) {
            throw new ExperimentException(
                    "The key 'sweep' is '" + sweep + "'; allowed is a mapping of dotted keys to lists of values.");
        }
        for (Map.Entry<?, ?> axis : axes.entrySet()) {
            if (!(axis.getValue() instanceof List<?> values) || values.isEmpty()) {
                throw new ExperimentException(
                        "The key 'sweep." + axis.getKey() + "' is '" + axis.getValue() + "'; allowed is a list.");
            }
            if ((long) combinations.size() * values.size() > MOST_EXPERIMENTS) {
                throw new ExperimentException("The key 'sweep' makes more than " + MOST_EXPERIMENTS
                        + " experiments; sweep over fewer values at a time.");
            }
            List<Map<String, Object>> longer = new ArrayList<>();
            for (Map<String, Object> shorter : combinations) {
                for (Object value : values) {
                    Map<String, Object> one = new LinkedHashMap<>(shorter);
                    one.put(String.valueOf(axis.getKey()), value);
                    longer.add(one);
                }
            }
            combinations = longer;
        }
        return combinations;
    }
}
