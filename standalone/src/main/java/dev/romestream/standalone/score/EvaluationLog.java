package dev.romestream.standalone.score;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Evaluations in the log format of the BEARD benchmark: a line an attack, with accuracy in per cent and seconds in both modes.
 *
 * @param method that distilled the set
 * @param imagesPerClass of the set
 * @param clean without an attack
 * @param attacks by name in lower case, in the log's order
 */
public record EvaluationLog(String method, String dataset, int imagesPerClass, Line clean, Map<String, Line> attacks) {
    private static final String CLEAN = "clean";
    private static final Pattern LINE = Pattern.compile("(?<attack>\\w+) attack on (?<method>\\S+): final acc is:\\s*"
            + "target_attack: (?<t>[\\d.]+) \\+- [\\d.]+, attack time is (?<tTime>[\\d.]+);\\s*"
            + "non_target_attack: (?<u>[\\d.]+) \\+- [\\d.]+, attack time is (?<uTime>[\\d.]+),?\\s*"
            + "dataset: (?<dataset>\\w+), IPC: (?<ipc>\\d+)");

    /** Accuracies in per cent and seconds of an attack. */
    public record Line(double targeted, double targetedSeconds, double untargeted, double untargetedSeconds) {}

    private record Key(String method, String dataset, int imagesPerClass) {}

    /**
     * The evaluations of a log.
     *
     * @param name of the log, for messages
     * @throws IllegalArgumentException where there is no such line, or no clean accuracy beside the attacks
     */
    public static List<EvaluationLog> parse(String name, List<String> lines) {
        Map<Key, Map<String, Line>> found = new LinkedHashMap<>();
        for (String text : lines) {
            parse(name, text, found);
        }
        if (found.isEmpty()) {
            throw new IllegalArgumentException(name + " has no line of the form '<ATTACK> attack on <METHOD>: final acc"
                    + " is:  target_attack: 44.68 +- 0.00, attack time is 3.01; non_target_attack: ...'.");
        }
        List<EvaluationLog> logs = new ArrayList<>();
        found.forEach((key, attacks) -> {
            Line clean = Optional.ofNullable(attacks.remove(CLEAN))
                    .orElseThrow(() -> new IllegalArgumentException(
                            name + " has no Clean line for " + key.method() + ", IPC " + key.imagesPerClass() + "."));
            logs.add(new EvaluationLog(key.method(), key.dataset(), key.imagesPerClass(), clean, attacks));
        });
        return logs;
    }

    private static void parse(String name, String text, Map<Key, Map<String, Line>> found) {
        Matcher matcher = LINE.matcher(text);
        if (matcher.find()) {
            try {
                parse(matcher, found);
            } catch (NumberFormatException e) {
                throw new IllegalArgumentException(
                        name + " has a line with what is no number, or none that can be: " + text.strip() + ".", e);
            }
        }
    }

    private static void parse(Matcher matcher, Map<Key, Map<String, Line>> found) {
        Key key = new Key(matcher.group("method"), matcher.group("dataset"), Integer.parseInt(matcher.group("ipc")));
        Line line = new Line(
                accuracy(matcher, "t"), number(matcher, "tTime"), accuracy(matcher, "u"), number(matcher, "uTime"));
        found.computeIfAbsent(key, any -> new LinkedHashMap<>())
                .put(matcher.group("attack").toLowerCase(Locale.ROOT), line);
    }

    private static double accuracy(Matcher matcher, String group) {
        double accuracy = number(matcher, group);
        if (accuracy > 100) {
            throw new NumberFormatException(accuracy + " per cent");
        }
        return accuracy;
    }

    private static double number(Matcher matcher, String group) {
        return Double.parseDouble(matcher.group(group));
    }
}
