package dev.romestream.standalone.result;

import dev.romestream.schemas.AttackAccuracy;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.Mode;
import dev.romestream.schemas.RobustnessMetrics;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;

/** Experiments side by side: means over the victims of the last snapshot, in per cent. */
public final class ComparisonTable {
    private ComparisonTable() {}

    /** The table's text: for each suite a block, for each experiment a row. */
    public static String of(Results results, List<Experiment> experiments) {
        Set<String> suites = new LinkedHashSet<>();
        experiments.forEach(
                experiment -> experiment.getEvaluation().getSuites().forEach(suite -> suites.add(suite.getName())));
        StringBuilder text = new StringBuilder();
        for (String suite : suites) {
            text.append(block(results, experiments, suite)).append('\n');
        }
        return text.toString();
    }

    private static String block(Results results, List<Experiment> experiments, String suite) {
        List<List<String>> rows = new ArrayList<>();
        List<String> header = new ArrayList<>(List.of("experiment", "victims", "clean"));
        boolean headerDone = false;
        for (Experiment experiment : experiments) {
            List<RobustnessMetrics> untargeted = finals(results, experiment, suite, Mode.UNTARGETED);
            List<RobustnessMetrics> targeted = finals(results, experiment, suite, Mode.TARGETED);
            if (untargeted.isEmpty() || targeted.isEmpty()) {
                continue;
            }
            List<String> row = new ArrayList<>();
            row.add(experiment.getName());
            row.add(Integer.toString(untargeted.size()));
            row.add(mean(untargeted, metrics -> metrics.getClean().getAccuracy()));
            List<AttackAccuracy> attacks = untargeted.get(0).getAttacks();
            for (int i = 0; i < attacks.size(); i++) {
                if (!attacks.get(i).getAttack().equals("none")) {
                    int position = i;
                    if (!headerDone) {
                        header.add(attacks.get(i).getAttack());
                    }
                    row.add(mean(
                            untargeted,
                            metrics -> metrics.getAttacks().get(position).getAccuracy()));
                }
            }
            row.add(mean(untargeted, metrics -> metrics.getWorstCase().getAccuracy()));
            row.add(mean(untargeted, RobustnessMetrics::getIrr));
            row.add(mean(targeted, RobustnessMetrics::getIrr));
            row.add(mean(untargeted, RobustnessMetrics::getRr));
            headerDone = true;
            rows.add(row);
        }
        header.addAll(List.of("worst case", "I-RR", "I-RR targeted", "RR"));
        return rows.isEmpty()
                ? "Suite " + suite + ": no results\n"
                : "Suite " + suite + " (accuracies and ratios in per cent, untargeted unless said)\n"
                        + layout(header, rows);
    }

    private static List<RobustnessMetrics> finals(Results results, Experiment experiment, String suite, Mode mode) {
        return results.metrics(experiment.getId()).stream()
                .filter(metrics -> metrics.getFinal$() && metrics.getSuite().equals(suite) && metrics.getMode() == mode)
                .toList();
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
