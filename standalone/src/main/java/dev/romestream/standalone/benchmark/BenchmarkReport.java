package dev.romestream.standalone.benchmark;

import dev.romestream.client.table.Means;
import dev.romestream.client.table.MetricTable;
import dev.romestream.client.table.MetricTable.Cell;
import dev.romestream.client.table.MetricTable.Column;
import dev.romestream.client.table.MetricTable.Row;
import dev.romestream.client.table.TableText;
import dev.romestream.exchange.experiment.DistillationDefaults;
import dev.romestream.robustness.attack.Attacks;
import dev.romestream.standalone.benchmark.BenchmarkRow.Line;
import dev.romestream.standalone.benchmark.BenchmarkRow.Metric;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** What a benchmark has shown, in Markdown: tables and verdicts that follow from the lines of {@code results.csv}, and from nothing else. */
final class BenchmarkReport {
    private static final List<String> LABELS = List.of("class", "natural", "robust", "mixed");
    static final String UNTARGETED = "untargeted";
    static final String PIXEL = "pixel";
    private static final double MILLION = 1e6;
    private static final int MOST_LISTED = 12;

    private final List<BenchmarkRow> rows;
    private final Map<Line, List<BenchmarkRow>> lines;
    private final Set<Metric> figures = new LinkedHashSet<>();

    private BenchmarkReport(List<BenchmarkRow> rows) {
        this.rows = rows;
        this.lines = rows.stream()
                .collect(Collectors.groupingBy(BenchmarkRow::line, LinkedHashMap::new, Collectors.toList()));
        rows.forEach(row -> figures.addAll(row.figures().keySet()));
    }

    /**
     * The whole page.
     *
     * @param rows at least one
     */
    static String markdown(List<BenchmarkRow> rows) {
        return new BenchmarkReport(rows).page();
    }

    private String page() {
        StringBuilder page = new StringBuilder("# Results\n\n");
        Set<Long> seeds = new TreeSet<>();
        Set<String> networks = new TreeSet<>();
        rows.forEach(row -> {
            seeds.add(row.seed());
            networks.add(row.network());
        });
        page.append(
                "Written by `rome benchmark`; `results.csv` beside it has a line for each victim. %d lines of the tables, %d victims (%s), seeds %s.\n"
                        .formatted(
                                lines.size(),
                                rows.size(),
                                String.join("; ", networks),
                                seeds.stream().map(String::valueOf).collect(Collectors.joining(", "))));
        page.append("""
                Means over victims in per cent, with Student's 95 % intervals (the variance is the larger one of that over victims and that
                over the means of seeds, times the victims of a seed). After a semicolon: the difference to the first line, with Welch's
                interval, in the column that the verdicts below the table are on. All victims are scored on the same test images, whose choice the intervals leave out. Labels: the class alone, or
                the mean answer of naturally or adversarially (robust) trained teachers beside it. Bytes: of the images + of what stands
                beside them. Gradients: millions of gradient evaluations that a set costs by itself, with its networks and teachers. Images
                a class of `full` are all there are.
                """);
        Set<Integer> sizes = new TreeSet<>();
        lines.keySet().forEach(line -> sizes.add(line.imagesPerClass()));
        if (sizes.size() > 1) {
            sizes.remove(0);
        }
        for (int size : sizes) {
            for (boolean pixel : new boolean[] {true, false}) {
                table(size, pixel).ifPresent(table -> page.append("\n## ")
                        .append(table.title())
                        .append("\n\n")
                        .append(TableText.markdown(table)));
            }
        }
        flags(page);
        return page.toString();
    }

    private Optional<MetricTable> table(int size, boolean pixel) {
        List<Metric> shown = figures.stream()
                .filter(figure -> figure.space().equals(PIXEL) == pixel && isShown(figure))
                .toList();
        if (shown.isEmpty()) {
            return Optional.empty();
        }
        Optional<Metric> headline = headline(shown);
        boolean several = shown.stream().map(Metric::suite).distinct().count() > 1;
        List<Line> own = lines.keySet().stream()
                .filter(line -> line.imagesPerClass() == size || line.imagesPerClass() == 0)
                .sorted(Comparator.<Line>comparingInt(line -> line.imagesPerClass() == 0 ? 1 : 0)
                        .thenComparing(line -> LABELS.indexOf(line.labels()))
                        .thenComparing(line -> line.method().equals(DistillationDefaults.RANDOM) ? 0 : 1))
                .toList();
        return Optional.of(new MetricTable(
                "%s, %s"
                        .formatted(
                                size == 0
                                        ? "The whole training split"
                                        : size + (size == 1 ? " image" : " images") + " a class",
                                pixel ? "in pixel space" : "in normalised space, as published"),
                "",
                "",
                words(own.get(0)),
                List.of("method", "labels", "victims"),
                shown.stream()
                        .map(figure -> new Column(heading(figure, several), !isAttack(figure.attack())))
                        .toList(),
                List.of("bytes", "gradients"),
                own.stream().map(line -> row(line, own.get(0), shown, headline)).toList(),
                verdicts(own, headline)));
    }

    /** Of a suite's untargeted figures all but what is said by others, and of its targeted ones the ratio. */
    private boolean isShown(Metric figure) {
        if (!figure.mode().equals(UNTARGETED)) {
            return figure.attack().equals(Metric.IRR)
                    && figures.stream()
                            .anyMatch(other -> other.suite().equals(figure.suite())
                                    && other.mode().equals(figure.mode())
                                    && isAttack(other.attack()));
        }
        boolean first = figures.stream()
                .filter(other -> other.space().equals(figure.space()))
                .findFirst()
                .orElseThrow()
                .suite()
                .equals(figure.suite());
        return switch (figure.attack()) {
            case Metric.RR, Metric.WORST_CASE -> false;
            case Attacks.NONE -> first;
            case Attacks.CLAMP -> !figure.space().equals(PIXEL);
            default -> true;
        };
    }

    static boolean isAttack(String attack) {
        return !Set.of(Attacks.NONE, Attacks.CLAMP, Metric.RR, Metric.IRR, Metric.WORST_CASE)
                .contains(attack);
    }

    private static String heading(Metric figure, boolean several) {
        String attack = figure.attack().equals(Attacks.NONE) ? "clean" : figure.attack();
        String mode = figure.mode().equals(UNTARGETED) ? "" : ", " + figure.mode();
        return figure.attack().equals(Attacks.NONE) || !several ? attack + mode : figure.suite() + ": " + attack + mode;
    }

    private static String words(Line line) {
        return line.method() + ", " + line.labels();
    }

    private Row row(Line line, Line base, List<Metric> shown, Optional<Metric> headline) {
        List<BenchmarkRow> victims = lines.get(line);
        BenchmarkRow one = victims.get(0);
        double gradients =
                victims.stream().mapToLong(BenchmarkRow::gradients).average().orElseThrow();
        return new Row(
                words(line),
                List.of(line.method(), line.labels(), Integer.toString(victims.size())),
                shown.stream()
                        .map(figure -> new Cell(
                                estimate(line, figure).map(Estimate::percent),
                                headline.filter(figure::equals).flatMap(any -> difference(line, base, figure))))
                        .toList(),
                List.of(
                        "%,d + %,d".formatted(one.imageBytes(), one.labelBytes()),
                        String.format(Locale.ROOT, "%.2f", gradients / MILLION)));
    }

    private Optional<Means> difference(Line line, Line base, Metric figure) {
        return line.equals(base)
                ? Optional.empty()
                : estimate(line, figure).flatMap(one -> estimate(base, figure)
                        .map(other -> one.less(other).points()));
    }

    /** What verdicts are on: I-RR as published; in pixel space the last attack of the first suite. */
    private static Optional<Metric> headline(List<Metric> shown) {
        return shown.stream()
                .filter(figure -> figure.mode().equals(UNTARGETED)
                        && (figure.space().equals(PIXEL)
                                ? figure.suite().equals(shown.get(0).suite()) && isAttack(figure.attack())
                                : figure.attack().equals(Metric.IRR)))
                .reduce((first, second) -> second);
    }

    private List<String> verdicts(List<Line> own, Optional<Metric> headline) {
        List<String> verdicts = new ArrayList<>();
        headline.ifPresent(figure -> own.forEach(line -> difference(line, own.get(0), figure)
                .ifPresent(difference -> verdicts.add("%s against %s, %s: %s."
                        .formatted(words(line), words(own.get(0)), figure.attack(), difference.verdict())))));
        return verdicts;
    }

    private Optional<Estimate> estimate(Line line, Metric figure) {
        return estimate(lines.get(line), figure);
    }

    /** Of the victims of a line; empty where a figure is undefined for some victim. */
    static Optional<Estimate> estimate(List<BenchmarkRow> victims, Metric figure) {
        if (victims.stream().anyMatch(row -> !row.figures().containsKey(figure))) {
            return Optional.empty();
        }
        Map<Long, List<Double>> bySeed = new TreeMap<>();
        victims.forEach(row -> bySeed.computeIfAbsent(row.seed(), any -> new ArrayList<>())
                .add(row.figures().get(figure)));
        return Optional.of(Estimate.of(bySeed));
    }

    private void flags(StringBuilder page) {
        Map<String, Set<String>> flagged = new TreeMap<>();
        rows.forEach(row -> {
            for (String flag : row.flags().split(" ")) {
                if (!flag.isEmpty()) {
                    flagged.computeIfAbsent(flag, any -> new LinkedHashSet<>())
                            .add("%s, %s"
                                    .formatted(
                                            words(row.line()),
                                            row.line().imagesPerClass() == 0
                                                    ? "all"
                                                    : String.valueOf(row.line().imagesPerClass())));
                }
            }
        });
        page.append("\n## Flags\n\n");
        if (flagged.isEmpty()) {
            page.append("None.\n");
        }
        flagged.forEach((flag, where) -> page.append("- `%s` for victims of %d of the %d lines%s\n"
                .formatted(
                        flag,
                        where.size(),
                        lines.size(),
                        where.size() > MOST_LISTED ? "" : ": " + String.join("; ", where))));
    }
}
