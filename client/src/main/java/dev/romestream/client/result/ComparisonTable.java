package dev.romestream.client.result;

import dev.romestream.schemas.AttackAccuracy;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.Mode;
import dev.romestream.schemas.RobustnessMetrics;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;

/** Experiments or networks side by side, in per cent. */
public final class ComparisonTable {
    private ComparisonTable() {}

    /**
     * A line of the table: the mean over figures.
     *
     * @param metrics of every victim, in both modes and all suites
     */
    public record Row(String name, List<RobustnessMetrics> metrics) {
        private List<RobustnessMetrics> of(String suite, Mode mode) {
            return metrics.stream()
                    .filter(figure -> figure.getSuite().equals(suite) && figure.getMode() == mode)
                    .toList();
        }
    }

    /** Of experiments: for each suite a block, for each experiment a row, and one for each architecture of its victims. */
    public static String of(Results results, List<Experiment> experiments) {
        Set<String> suites = new LinkedHashSet<>();
        List<Row> rows = new ArrayList<>();
        for (Experiment experiment : experiments) {
            experiment.getEvaluation().getSuites().forEach(suite -> suites.add(suite.getName()));
            rows.addAll(rows(results, experiment));
        }
        return of("experiment", rows, List.copyOf(suites)) + sizes(results, experiments);
    }

    /** What each set weighs: its images, and what stands beside them. */
    private static String sizes(Results results, List<Experiment> experiments) {
        String sizes = experiments.stream()
                .flatMap(experiment -> results.metrics(experiment.getId()).stream()
                        .filter(figure -> figure.getFinal$() && figure.getImageBytes() > 0)
                        .limit(1)
                        .map(figure -> String.format(
                                Locale.ROOT,
                                "%s %,d + %,d",
                                experiment.getName(),
                                figure.getImageBytes(),
                                figure.getLabelBytes())))
                .collect(Collectors.joining("; "));
        return sizes.isEmpty() ? "" : "Bytes of images + labels: " + sizes + "\n\n";
    }

    /** Of any rows: for each suite a block. */
    public static String of(String what, List<Row> rows, List<String> suites) {
        StringBuilder text = new StringBuilder();
        for (String suite : suites) {
            text.append(block(what, rows, suite)).append('\n');
        }
        return text.toString();
    }

    private static List<Row> rows(Results results, Experiment experiment) {
        Map<String, List<RobustnessMetrics>> byArchitecture = new LinkedHashMap<>();
        for (RobustnessMetrics figure : results.metrics(experiment.getId())) {
            if (figure.getFinal$()) {
                byArchitecture
                        .computeIfAbsent(figure.getArchitecture(), any -> new ArrayList<>())
                        .add(figure);
            }
        }
        List<Row> rows = new ArrayList<>();
        byArchitecture.forEach((architecture, figures) -> rows.add(new Row(
                byArchitecture.size() == 1 ? experiment.getName() : experiment.getName() + ": " + architecture,
                figures)));
        return rows;
    }

    private static String block(String what, List<Row> rows, String suite) {
        List<List<String>> lines = new ArrayList<>();
        List<List<AttackAccuracy>> attacks = new ArrayList<>();
        Set<String> flags = new TreeSet<>();
        for (Row row : rows) {
            List<RobustnessMetrics> untargeted = row.of(suite, Mode.UNTARGETED);
            List<RobustnessMetrics> targeted = row.of(suite, Mode.TARGETED);
            if (!untargeted.isEmpty() && !targeted.isEmpty()) {
                lines.add(line(row.name(), untargeted, targeted));
                attacks.add(untargeted.get(0).getAttacks());
                untargeted.forEach(figure -> figure.getFlags().forEach(flag -> flags.add(row.name() + ": " + flag)));
            }
        }
        if (lines.isEmpty()) {
            return "Suite " + suite + ": no results\n";
        }
        List<String> header = new ArrayList<>(List.of(what, "victims", "clean"));
        for (int i = 0; i < attacks.get(0).size(); i++) {
            if (!isClean(attacks.get(0).get(i))) {
                header.add(heading(attacks, i));
            }
        }
        header.addAll(List.of("worst case", "I-RR", "I-RR targeted", "RR"));
        String notes = flags.isEmpty() ? "" : "  flags: " + String.join("; ", flags) + "\n";
        return "Suite " + suite + " (accuracies and ratios in per cent, untargeted unless said)\n"
                + layout(header, lines) + notes;
    }

    private static List<String> line(
            String name, List<RobustnessMetrics> untargeted, List<RobustnessMetrics> targeted) {
        List<String> line = new ArrayList<>();
        line.add(name);
        line.add(Integer.toString(untargeted.size()));
        line.add(mean(untargeted, metrics -> metrics.getClean().getAccuracy()));
        List<AttackAccuracy> attacks = untargeted.get(0).getAttacks();
        for (int i = 0; i < attacks.size(); i++) {
            if (!isClean(attacks.get(i))) {
                int position = i;
                line.add(mean(
                        untargeted,
                        metrics -> metrics.getAttacks().get(position).getAccuracy()));
            }
        }
        line.add(mean(untargeted, metrics -> metrics.getWorstCase().getAccuracy()));
        line.add(mean(untargeted, RobustnessMetrics::getIrr));
        line.add(mean(targeted, RobustnessMetrics::getIrr));
        line.add(mean(untargeted, RobustnessMetrics::getRr));
        return line;
    }

    private static boolean isClean(AttackAccuracy attack) {
        return attack.getAttack().equals("none");
    }

    /** The attack's name, with what tells it from others of the name, and where it was crafted. */
    private static String heading(List<List<AttackAccuracy>> rows, int position) {
        List<AttackAccuracy> attacks = rows.get(0);
        AttackAccuracy attack = attacks.get(position);
        StringBuilder heading = new StringBuilder(attack.getAttack());
        if (differs(attacks, attack, AttackAccuracy::getEpsilon)) {
            heading.append(" %.3f".formatted(attack.getEpsilon()));
        }
        if (differs(attacks, attack, AttackAccuracy::getSteps)) {
            heading.append(" x").append(attack.getSteps());
        }
        rows.stream()
                .map(row -> row.get(position).getSource())
                .filter(Objects::nonNull)
                .findFirst()
                .ifPresent(source -> heading.append(" from ")
                        .append(source.getNetwork()
                                .substring(source.getNetwork().lastIndexOf('/') + 1)));
        return heading.toString();
    }

    private static boolean differs(
            List<AttackAccuracy> attacks, AttackAccuracy attack, Function<AttackAccuracy, Object> property) {
        return attacks.stream()
                .anyMatch(other -> other.getAttack().equals(attack.getAttack())
                        && !property.apply(other).equals(property.apply(attack)));
    }

    private static String mean(List<RobustnessMetrics> metrics, Function<RobustnessMetrics, Double> figure) {
        List<Double> defined =
                metrics.stream().map(figure).filter(Objects::nonNull).toList();
        ToDoubleFunction<Double> value = Double::doubleValue;
        return defined.size() < metrics.size()
                ? "-"
                : "%.1f".formatted(defined.stream().mapToDouble(value).average().orElse(Double.NaN));
    }

    private static String layout(List<String> header, List<List<String>> rows) {
        List<List<String>> lines = new ArrayList<>();
        lines.add(header);
        lines.addAll(rows);
        StringBuilder text = new StringBuilder();
        for (List<String> line : lines) {
            for (int column = 0; column < header.size(); column++) {
                int at = column;
                int width = lines.stream()
                        .mapToInt(row -> row.get(at).length())
                        .max()
                        .orElse(0);
                String format = column == 0 ? "  %-" + width + "s" : "  %" + width + "s";
                text.append(format.formatted(line.get(column)));
            }
            text.append('\n');
        }
        return text.toString();
    }
}
