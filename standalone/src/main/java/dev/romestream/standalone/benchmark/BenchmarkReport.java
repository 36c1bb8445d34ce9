package dev.romestream.standalone.benchmark;

import dev.romestream.exchange.experiment.DistillationDefaults;
import dev.romestream.robustness.attack.Attacks;
import dev.romestream.standalone.benchmark.BenchmarkRow.Figure;
import dev.romestream.standalone.benchmark.BenchmarkRow.Line;
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
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** What a benchmark has shown, in Markdown: tables and sentences that follow from the lines of {@code results.csv}, and from nothing else. */
final class BenchmarkReport {
    private static final Set<String> NOT_DISTILLED = Set.of(
            DistillationDefaults.RANDOM,
            DistillationDefaults.HERDING,
            DistillationDefaults.KCENTER,
            DistillationDefaults.FULL);
    private static final List<String> LABELS = List.of("class", "natural", "robust", "mixed");
    private static final String UNTARGETED = "untargeted";
    private static final String TARGETED = "targeted";
    private static final String PIXEL = "pixel";
    private static final double MILLION = 1e6;
    private static final int MOST_LISTED = 12;

    private final List<BenchmarkRow> rows;
    private final Map<Line, List<BenchmarkRow>> lines;
    private final Set<Figure> figures = new LinkedHashSet<>();

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
                Means over victims in per cent, with half the width of Student's 95 % interval (its variance is the larger one of that over
                victims and that over the means of seeds, times the victims of a seed). All victims are scored on the same test images, whose choice
                the intervals leave out. Labels: the class alone, or the mean answer of naturally or adversarially (robust) trained teachers
                beside it. Bytes: of the images + of what stands beside them. Gradients: millions of gradient evaluations that a set costs by
                itself, with its networks and teachers. Images a class of `full` are all there are.

                """);
        page.append("## In short\n\n");
        sentences().forEach(sentence -> page.append("- ").append(sentence).append('\n'));
        Set<Integer> sizes = new TreeSet<>();
        lines.keySet().forEach(line -> sizes.add(line.imagesPerClass()));
        if (sizes.size() > 1) {
            sizes.remove(0);
        }
        for (int size : sizes) {
            for (boolean pixel : new boolean[] {true, false}) {
                table(size, pixel).ifPresent(page::append);
            }
        }
        flags(page);
        return page.toString();
    }

    private Optional<String> table(int size, boolean pixel) {
        List<Figure> shown = figures.stream()
                .filter(figure -> figure.space().equals(PIXEL) == pixel && isShown(figure))
                .toList();
        if (shown.isEmpty()) {
            return Optional.empty();
        }
        StringBuilder table = new StringBuilder("\n## %s, %s\n\n"
                .formatted(
                        size == 0 ? "The whole training split" : size + (size == 1 ? " image" : " images") + " a class",
                        pixel ? "in pixel space" : "in normalised space, as published"));
        Set<String> suites = new LinkedHashSet<>();
        shown.forEach(figure -> suites.add(figure.suite()));
        List<String> heading = new ArrayList<>(List.of("method", "labels", "victims"));
        shown.forEach(figure -> heading.add(heading(figure, suites.size() > 1)));
        heading.addAll(List.of("bytes", "gradients"));
        table.append("| ").append(String.join(" | ", heading)).append(" |\n");
        table.append("|---".repeat(heading.size())).append("|\n");
        lines.keySet().stream()
                .filter(line -> line.imagesPerClass() == size || line.imagesPerClass() == 0)
                .sorted(Comparator.<Line>comparingInt(line -> line.imagesPerClass() == 0 ? 1 : 0)
                        .thenComparing(line -> LABELS.indexOf(line.labels())))
                .forEach(line -> table.append(row(line, shown)));
        return Optional.of(table.toString());
    }

    /** Of a suite's untargeted figures all but what is said by others, and of its targeted ones the ratio. */
    private boolean isShown(Figure figure) {
        if (figure.mode().equals(TARGETED)) {
            return figure.attack().equals(Figure.IRR)
                    && figures.stream()
                            .anyMatch(other -> other.suite().equals(figure.suite())
                                    && other.mode().equals(TARGETED)
                                    && isAttack(other.attack()));
        }
        boolean first = figures.stream()
                .filter(other -> other.space().equals(figure.space()))
                .findFirst()
                .orElseThrow()
                .suite()
                .equals(figure.suite());
        return switch (figure.attack()) {
            case Figure.RR, Figure.WORST_CASE -> false;
            case Attacks.NONE -> first;
            case Attacks.CLAMP -> !figure.space().equals(PIXEL);
            default -> true;
        };
    }

    private static boolean isAttack(String attack) {
        return !Set.of(Attacks.NONE, Attacks.CLAMP, Figure.RR, Figure.IRR, Figure.WORST_CASE)
                .contains(attack);
    }

    private static String heading(Figure figure, boolean several) {
        String attack = figure.attack().equals(Attacks.NONE) ? "clean" : figure.attack();
        String mode = figure.mode().equals(TARGETED) ? " targeted" : "";
        return figure.attack().equals(Attacks.NONE) || !several ? attack + mode : figure.suite() + ": " + attack + mode;
    }

    private String row(Line line, List<Figure> shown) {
        List<BenchmarkRow> victims = lines.get(line);
        List<String> cells = new ArrayList<>(List.of(line.method(), line.labels(), Integer.toString(victims.size())));
        shown.forEach(figure ->
                cells.add(estimate(line, figure).map(BenchmarkReport::words).orElse("-")));
        BenchmarkRow one = victims.get(0);
        cells.add("%,d + %,d".formatted(one.imageBytes(), one.labelBytes()));
        double gradients =
                victims.stream().mapToLong(BenchmarkRow::gradients).average().orElseThrow();
        cells.add(String.format(Locale.ROOT, "%.2f", gradients / MILLION));
        return "| " + String.join(" | ", cells) + " |\n";
    }

    private static String words(Estimate estimate) {
        return Double.isNaN(estimate.halfWidth())
                ? String.format(Locale.ROOT, "%.1f", estimate.mean())
                : String.format(Locale.ROOT, "%.1f ± %.1f", estimate.mean(), estimate.halfWidth());
    }

    /** Empty where a figure is undefined for some victim. */
    private Optional<Estimate> estimate(Line line, Figure figure) {
        List<BenchmarkRow> victims = lines.getOrDefault(line, List.of());
        if (victims.isEmpty() || victims.stream().anyMatch(row -> !row.figures().containsKey(figure))) {
            return Optional.empty();
        }
        Map<Long, List<Double>> bySeed = new TreeMap<>();
        victims.forEach(row -> bySeed.computeIfAbsent(row.seed(), any -> new ArrayList<>())
                .add(row.figures().get(figure)));
        return Optional.of(Estimate.of(bySeed));
    }

    private List<String> sentences() {
        List<String> sentences = new ArrayList<>();
        sentences.add(
                "The paper (ROME, ICML 2025; CIFAR-10, width 128, 20,000 iterations, images attacked in normalised space): of all methods"
                        + " ROME has the highest I-RR, 67.0 untargeted (the next, DM, 56.2) and 97.4 targeted (the next, DC, 88.5).");
        int size = lines.keySet().stream().mapToInt(Line::imagesPerClass).max().orElseThrow();
        for (String mode : List.of(UNTARGETED, TARGETED)) {
            figures.stream()
                    .filter(figure -> !figure.space().equals(PIXEL)
                            && figure.mode().equals(mode)
                            && figure.attack().equals(Figure.IRR))
                    .findFirst()
                    .flatMap(irr -> claim(irr, size))
                    .ifPresent(sentences::add);
        }
        strongestInPixels().ifPresent(figure -> {
            labels(figure, size).ifPresent(sentences::add);
            images(figure, size).ifPresent(sentences::add);
        });
        return sentences;
    }

    /** Whether what the paper claims shows: of distilled sets with class labels. */
    private Optional<String> claim(Figure irr, int size) {
        Optional<Estimate> rome = estimate(new Line(DistillationDefaults.ROME, "class", size), irr);
        Map<String, Estimate> others = byMethod(
                irr,
                size,
                "class",
                method -> !NOT_DISTILLED.contains(method) && !method.equals(DistillationDefaults.ROME));
        if (rome.isEmpty() || others.isEmpty()) {
            return Optional.empty();
        }
        Map.Entry<String, Estimate> best = others.entrySet().stream()
                .max(Comparator.comparingDouble(entry -> entry.getValue().mean()))
                .orElseThrow();
        long place = 1
                + others.values().stream()
                        .filter(other -> other.mean() > rome.get().mean())
                        .count();
        String verdict = rome.get().isClearlyAbove(best.getValue())
                ? "the claim shows"
                : best.getValue().isClearlyAbove(rome.get())
                        ? "the claim does not show"
                        : "the intervals overlap, so that the claim is neither shown nor refuted";
        return Optional.of(
                "Here, in the same protocol (%s, %s, class labels, %d images a class): rome has %s, place %d of %d distilled sets; the best of the others is %s with %s: %s."
                        .formatted(
                                irr.suite(),
                                irr.mode(),
                                size,
                                words(rome.get()),
                                place,
                                others.size() + 1,
                                best.getKey(),
                                words(best.getValue()),
                                verdict));
    }

    /** The last attack of the first suite in pixel space. */
    private Optional<Figure> strongestInPixels() {
        Optional<String> suite = figures.stream()
                .filter(figure -> figure.space().equals(PIXEL))
                .map(Figure::suite)
                .findFirst();
        return figures.stream()
                .filter(figure -> suite.filter(figure.suite()::equals).isPresent()
                        && figure.mode().equals(UNTARGETED)
                        && isAttack(figure.attack()))
                .reduce((first, second) -> second);
    }

    private static Figure clean(Figure figure) {
        return new Figure(figure.suite(), figure.space(), figure.mode(), Attacks.NONE);
    }

    private Map<String, Estimate> byMethod(Figure figure, int size, String labels, Predicate<String> wanted) {
        Map<String, Estimate> estimates = new TreeMap<>();
        lines.keySet().stream()
                .filter(line ->
                        line.imagesPerClass() == size && line.labels().equals(labels) && wanted.test(line.method()))
                .forEach(line -> estimate(line, figure).ifPresent(estimate -> estimates.put(line.method(), estimate)));
        return estimates;
    }

    /** What labels bring, whatever the images. */
    private Optional<String> labels(Figure figure, int size) {
        Map<String, Map<String, Estimate>> standing = new LinkedHashMap<>();
        List<String> parts = new ArrayList<>();
        for (String labels : LABELS) {
            Map<String, Estimate> of = byMethod(figure, size, labels, method -> true);
            if (!of.isEmpty()) {
                standing.put(labels, of);
                parts.add("%s labels %s (clean %s)"
                        .formatted(labels, mean(of), mean(byMethod(clean(figure), size, labels, method -> true))));
            }
        }
        if (standing.size() < 2) {
            return Optional.empty();
        }
        StringBuilder sentence =
                new StringBuilder("What stands under %s of %s, mean over methods at %d images a class: %s."
                        .formatted(figure.attack(), figure.suite(), size, String.join(", ", parts)));
        Map<String, Estimate> robust = standing.get("robust");
        if (robust != null) {
            for (String labels : List.of("class", "natural")) {
                Map<String, Estimate> others = standing.getOrDefault(labels, Map.of());
                long clear = robust.entrySet().stream()
                        .filter(entry -> others.containsKey(entry.getKey())
                                && entry.getValue().isClearlyAbove(others.get(entry.getKey())))
                        .count();
                sentence.append(" Robust labels are clearly above %s ones for %d of %d methods."
                        .formatted(
                                labels,
                                clear,
                                robust.keySet().stream()
                                        .filter(others::containsKey)
                                        .count()));
            }
        }
        return Optional.of(sentence.toString());
    }

    private static String mean(Map<String, Estimate> estimates) {
        return String.format(
                Locale.ROOT,
                "%.1f",
                estimates.values().stream()
                        .mapToDouble(Estimate::mean)
                        .average()
                        .orElse(Double.NaN));
    }

    /** What images bring, with the same labels. */
    private Optional<String> images(Figure figure, int size) {
        List<String> parts = new ArrayList<>();
        for (String labels : LABELS) {
            Optional<Estimate> random = estimate(new Line(DistillationDefaults.RANDOM, labels, size), figure);
            Map<String, Estimate> distilled = byMethod(figure, size, labels, method -> !NOT_DISTILLED.contains(method));
            if (random.isPresent() && !distilled.isEmpty()) {
                String above = distilled.entrySet().stream()
                        .filter(entry -> entry.getValue().isClearlyAbove(random.get()))
                        .map(entry -> entry.getKey() + " (" + words(entry.getValue()) + ")")
                        .collect(Collectors.joining(", "));
                parts.add("with %s labels (random: %s) %s"
                        .formatted(labels, words(random.get()), above.isEmpty() ? "none" : above));
            }
        }
        return parts.isEmpty()
                ? Optional.empty()
                : Optional.of("Distilled sets that leave clearly more standing there than random real images: "
                        + String.join("; ", parts) + ".");
    }

    private void flags(StringBuilder page) {
        Map<String, Set<String>> flagged = new TreeMap<>();
        rows.forEach(row -> {
            for (String flag : row.flags().split(" ")) {
                if (!flag.isEmpty()) {
                    flagged.computeIfAbsent(flag, any -> new LinkedHashSet<>())
                            .add("%s, %s, %s"
                                    .formatted(
                                            row.line().method(),
                                            row.line().labels(),
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
