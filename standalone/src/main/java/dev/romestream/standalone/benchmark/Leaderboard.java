package dev.romestream.standalone.benchmark;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.romestream.client.table.Means;
import dev.romestream.robustness.attack.Attacks;
import dev.romestream.standalone.benchmark.BenchmarkRow.Line;
import dev.romestream.standalone.benchmark.BenchmarkRow.Metric;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The lines of {@code results.csv} as one page by itself: sorted by what stands against the strongest attack, filtered by the reader. */
final class Leaderboard {
    private static final String PAGE = "/dev/romestream/standalone/benchmark/leaderboard.html";
    /** The same bytes for the same figures. */
    private static final ObjectMapper JSON = JsonMapper.builder()
            .enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
            .build();

    private static final double MILLION = 1e6;

    private Leaderboard() {}

    /** @param rows at least one */
    static String html(List<BenchmarkRow> rows) {
        Set<Metric> known = new LinkedHashSet<>();
        rows.forEach(row -> known.addAll(row.figures().keySet()));
        boolean pixel = known.stream().anyMatch(metric -> metric.space().equals(BenchmarkReport.PIXEL));
        List<Metric> shown = known.stream()
                .filter(metric -> metric.mode().equals(BenchmarkReport.UNTARGETED)
                        && metric.space().equals(BenchmarkReport.PIXEL) == pixel)
                .toList();
        String first = shown.get(0).suite();
        List<Metric> columns = Stream.concat(
                        shown.stream()
                                .filter(metric -> metric.suite().equals(first)
                                        && metric.attack().equals(Attacks.NONE)),
                        shown.stream().filter(metric -> BenchmarkReport.isAttack(metric.attack())))
                .toList();
        Metric headline = columns.stream()
                .filter(metric -> metric.suite().equals(first))
                .reduce((one, other) -> other)
                .orElseThrow();
        Map<Line, List<BenchmarkRow>> lines = rows.stream()
                .collect(Collectors.groupingBy(BenchmarkRow::line, LinkedHashMap::new, Collectors.toList()));
        Map<String, Object> data = new LinkedHashMap<>();
        data.put("about", about(rows, lines.size()));
        data.put(
                "columns",
                columns.stream()
                        .map(metric -> Map.of("key", metric.toString(), "label", label(metric)))
                        .toList());
        data.put("headline", headline.toString());
        data.put(
                "lines",
                lines.entrySet().stream()
                        .map(line -> line(line.getKey(), line.getValue(), columns))
                        .toList());
        try {
            return page().replace("DATA", JSON.writeValueAsString(data).replace("<", "\\u003c"));
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String about(List<BenchmarkRow> rows, int lines) {
        Set<String> networks = new TreeSet<>();
        Set<Long> seeds = new TreeSet<>();
        rows.forEach(row -> {
            networks.add(row.network());
            seeds.add(row.seed());
        });
        return "%d sets, %d victims (%s), seeds %s."
                .formatted(
                        lines,
                        rows.size(),
                        String.join("; ", networks),
                        seeds.stream().map(String::valueOf).collect(Collectors.joining(", ")));
    }

    private static String label(Metric metric) {
        return metric.attack().equals(Attacks.NONE) ? "clean" : metric.attack() + ", " + metric.suite();
    }

    private static Map<String, Object> line(Line line, List<BenchmarkRow> victims, List<Metric> columns) {
        BenchmarkRow one = victims.get(0);
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("method", line.method());
        values.put("labels", line.labels());
        values.put("size", line.imagesPerClass());
        values.put("victims", victims.size());
        values.put("bytes", one.imageBytes() + one.labelBytes());
        values.put(
                "gradients",
                victims.stream().mapToLong(BenchmarkRow::gradients).average().orElseThrow() / MILLION);
        values.put(
                "flags",
                victims.stream()
                        .flatMap(row -> Stream.of(row.flags().split(" ")))
                        .filter(flag -> !flag.isEmpty())
                        .distinct()
                        .sorted()
                        .toList());
        Map<String, Object> metrics = new LinkedHashMap<>();
        columns.forEach(metric -> BenchmarkReport.estimate(victims, metric)
                .map(Estimate::percent)
                .ifPresent(means -> metrics.put(metric.toString(), bounds(means))));
        values.put("metrics", metrics);
        return values;
    }

    /** Value, and the bounds of its interval where it has one. */
    private static List<Double> bounds(Means means) {
        List<Double> bounds = new ArrayList<>(List.of(means.value()));
        means.interval().ifPresent(interval -> bounds.addAll(List.of(interval.low(), interval.high())));
        return bounds;
    }

    private static String page() {
        try (InputStream in = Leaderboard.class.getResourceAsStream(PAGE)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
