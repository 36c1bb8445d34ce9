package dev.romestream.client.gate;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.romestream.robustness.attack.Attacks;
import dev.romestream.robustness.metric.FigureNames;
import dev.romestream.robustness.metric.PairedDifference;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** What is asked of figures: that they reach a limit, and that they have not fallen below those of a baseline. Works on metrics.json. */
public final class Gate {
    private static final String AGAINST = "not clearly below the baseline";
    private static final Set<String> RATIOS = Set.of(FigureNames.IRR, FigureNames.RR);
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Map<String, Double> least;
    private final Optional<List<JsonNode>> baseline;

    /**
     * A gate.
     *
     * @param least figures with the least that each is to be, in per cent, in every suite, untargeted
     * @param baseline records that figures are not to have fallen below
     */
    public Gate(Map<String, Double> least, Optional<List<JsonNode>> baseline) {
        this.least = new LinkedHashMap<>(least);
        this.baseline = baseline;
    }

    /**
     * The records of a text as {@code metrics.json} has them.
     *
     * @throws IllegalArgumentException where it is no such text
     */
    public static List<JsonNode> records(String text) {
        try {
            JsonNode array = JSON.readTree(text);
            if (!array.isArray() || array.isEmpty() || !array.get(0).has("attacks")) {
                throw new IllegalArgumentException("it is not what --out and --json write (metrics.json).");
            }
            List<JsonNode> records = new ArrayList<>();
            array.forEach(records::add);
            return records;
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("it is no JSON: " + e.getOriginalMessage(), e);
        }
    }

    /** As {@link #records(String)}, of a file. */
    public static List<JsonNode> records(Path file) {
        try {
            return records(Files.readString(file));
        } catch (IOException e) {
            throw new IllegalArgumentException("it cannot be read: " + e.getMessage(), e);
        }
    }

    /**
     * Holds every figure against what is asked of it.
     *
     * @param figures of the networks, as {@code metrics.json} has them
     * @throws IllegalArgumentException where something is asked of a figure that there is not, or the baseline does not fit
     */
    public List<GateCheck> checks(List<JsonNode> figures) {
        List<GateCheck> checks = new ArrayList<>();
        least.forEach((figure, limit) -> {
            List<GateCheck> own = figures.stream()
                    .filter(record -> mode(record).equals("untargeted") && has(record, figure))
                    .map(record -> atLeast(record, figure, limit))
                    .toList();
            if (own.isEmpty()) {
                throw new IllegalArgumentException("There is no figure '" + figure + "' to fail under; there are "
                        + String.join(", ", names(figures)) + ".");
            }
            checks.addAll(own);
        });
        baseline.ifPresent(before -> figures.forEach(record -> checks.addAll(against(record, match(record, before)))));
        return checks;
    }

    private static String mode(JsonNode record) {
        return record.path("mode").asText();
    }

    /** Without the experiment, which is another one where other networks are scored beside it. */
    private static String network(JsonNode record) {
        return last(record.path("victim").asText());
    }

    private static String last(String name) {
        return name.substring(name.lastIndexOf('/') + 1);
    }

    private static Set<String> names(List<JsonNode> figures) {
        Set<String> names = new TreeSet<>(RATIOS);
        names.addAll(List.of(FigureNames.CLEAN, FigureNames.WORST_CASE));
        figures.forEach(record -> record.path("attacks")
                .forEach(attack -> names.add(attack.path("attack").asText())));
        return names;
    }

    private static boolean has(JsonNode record, String figure) {
        return RATIOS.contains(figure)
                || figure.equals(FigureNames.CLEAN)
                || figure.equals(FigureNames.WORST_CASE)
                || !attacks(record, figure).isEmpty();
    }

    private static List<JsonNode> attacks(JsonNode record, String name) {
        List<JsonNode> attacks = new ArrayList<>();
        record.path("attacks").forEach(attack -> {
            if (attack.path("attack").asText().equals(name)) {
                attacks.add(attack);
            }
        });
        return attacks;
    }

    /** In per cent; of an attack that stands there several times, the least. */
    private static Optional<Double> value(JsonNode record, String figure) {
        if (RATIOS.contains(figure)) {
            return number(record.path(figure));
        }
        if (figure.equals(FigureNames.CLEAN) || figure.equals(FigureNames.WORST_CASE)) {
            return number(record.path(figure).path("accuracy"));
        }
        return attacks(record, figure).stream()
                .map(attack -> number(attack.path("accuracy")))
                .flatMap(Optional::stream)
                .min(Double::compare);
    }

    private static Optional<Double> number(JsonNode value) {
        return value.isNumber() ? Optional.of(value.asDouble()) : Optional.empty();
    }

    private static GateCheck check(
            JsonNode record, String figure, Optional<Double> value, String asked, Optional<String> failure) {
        return new GateCheck(
                network(record),
                record.path("suite").asText(),
                mode(record),
                figure,
                value,
                asked,
                Optional.empty(),
                failure);
    }

    private static GateCheck atLeast(JsonNode record, String figure, double limit) {
        Optional<Double> value = value(record, figure);
        String asked = words("at least %.1f", limit);
        Optional<String> failure = value.isEmpty()
                ? Optional.of("it is undefined: "
                        + record.path("undefined").path(figure).asText("no reason is given"))
                : value.filter(given -> given < limit).map(given -> words("%.1f is below %.1f", given, limit));
        return check(record, figure, value, asked, failure);
    }

    private static String words(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }

    /** The record of the baseline: of the network of the same name, or of the only one. */
    private static JsonNode match(JsonNode record, List<JsonNode> baseline) {
        Set<String> networks = baseline.stream().map(Gate::network).collect(Collectors.toCollection(TreeSet::new));
        String wanted = networks.contains(network(record)) || networks.size() > 1
                ? network(record)
                : networks.iterator().next();
        return baseline.stream()
                .filter(before -> network(before).equals(wanted)
                        && before.path("suite").equals(record.path("suite"))
                        && mode(before).equals(mode(record)))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("The baseline has no figures of " + wanted + ", suite "
                        + record.path("suite").asText() + ", " + mode(record) + "; it has "
                        + String.join(", ", networks) + "."));
    }

    /** What each attack leaves, and all of them, against what was left before. */
    private static List<GateCheck> against(JsonNode record, JsonNode before) {
        List<GateCheck> checks = new ArrayList<>();
        Map<String, String> now = outcomes(record);
        Map<String, String> then = outcomes(before);
        String images = before.path("imagesDigest").asText();
        if (!images.isEmpty() && !images.equals(record.path("imagesDigest").asText())) {
            throw new IllegalArgumentException("The baseline was scored on other images than " + network(record)
                    + " (imagesDigest " + images + " and "
                    + record.path("imagesDigest").asText() + "); give the same --dataset and --limit.");
        }
        if (!record.path("classCounts").equals(before.path("classCounts"))) {
            throw new IllegalArgumentException("The baseline was scored on " + before.path("classCounts")
                    + " images of each class, and " + network(record) + " on " + record.path("classCounts")
                    + "; give the same --dataset and --limit.");
        }
        then.forEach((name, bits) -> checks.add(
                now.containsKey(name)
                        ? difference(record, name, now.get(name), bits)
                        : check(
                                record,
                                name,
                                Optional.empty(),
                                AGAINST,
                                Optional.of("the baseline has it, and it was not measured"))));
        if (checks.isEmpty()) {
            throw new IllegalArgumentException("The baseline of " + network(record) + ", suite "
                    + record.path("suite").asText()
                    + ", has no attack with outcomes of single images in common with it.");
        }
        return checks;
    }

    /** Attacks with what tells them apart, and the worst case, to the outcomes of single images. */
    private static Map<String, String> outcomes(JsonNode record) {
        Map<String, String> outcomes = new LinkedHashMap<>();
        char[] worst = null;
        for (JsonNode attack : record.path("attacks")) {
            String bits = attack.path("perImage").asText();
            String name = attack.path("attack").asText();
            boolean counts =
                    name.equals(Attacks.NONE) || !attack.path("control").asBoolean();
            if (bits.isEmpty() || !counts) {
                continue;
            }
            outcomes.put(
                    name.equals(Attacks.NONE)
                            ? FigureNames.CLEAN
                            : words(
                                    "%s %.6f x%d%s%s",
                                    name,
                                    attack.path("epsilon").asDouble(),
                                    attack.path("steps").asInt(),
                                    attack.path("norm").isTextual()
                                            ? " " + attack.path("norm").asText()
                                            : "",
                                    attack.path("source").isNull()
                                            ? ""
                                            : " from "
                                                    + attack.path("source")
                                                            .path("network")
                                                            .asText()),
                    bits);
            if (worst == null) {
                worst = bits.toCharArray();
            }
            for (int i = 0; i < Math.min(worst.length, bits.length()); i++) {
                worst[i] = bits.charAt(i) == '0' ? '0' : worst[i];
            }
        }
        if (worst != null) {
            outcomes.put(FigureNames.WORST_CASE, new String(worst));
        }
        return outcomes;
    }

    private static GateCheck difference(JsonNode record, String name, String now, String then) {
        if (now.length() != then.length()) {
            throw new IllegalArgumentException("The baseline was scored on " + then.length() + " images, and "
                    + network(record) + " on " + now.length() + "; give the same --limit.");
        }
        PairedDifference difference = PairedDifference.of(now, then);
        double value = 100.0 * now.chars().filter(bit -> bit == '1').count() / now.length();
        String words = words("%+.1f [%.1f, %.1f] points", difference.points(), difference.low(), difference.high());
        return new GateCheck(
                network(record),
                record.path("suite").asText(),
                mode(record),
                name,
                Optional.of(value),
                AGAINST,
                Optional.of(value - difference.points()),
                difference.high() < 0
                        ? Optional.of("fell by " + words + ": " + difference.lost() + " images lost, "
                                + difference.won() + " won")
                        : Optional.empty());
    }
}
