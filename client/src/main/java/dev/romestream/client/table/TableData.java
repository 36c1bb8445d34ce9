package dev.romestream.client.table;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.dataformat.csv.CsvMapper;
import com.fasterxml.jackson.dataformat.csv.CsvSchema;
import dev.romestream.client.table.MetricTable.Cell;
import dev.romestream.client.table.MetricTable.Row;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Tables for programs: as what becomes JSON, and as comma-separated values. */
public final class TableData {
    private static final CsvMapper CSV = new CsvMapper();

    private TableData() {}

    /** Maps and lists: what the metrics are of, and for each row its labels, metrics (by name) and notes. */
    public static Map<String, Object> json(MetricTable table) {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("title", table.title());
        values.put("suite", table.suite());
        values.put("mode", table.mode());
        values.put("baseline", table.baseline());
        values.put("unit", "percent");
        values.put("labels", table.labels());
        values.put("columns", table.columns());
        values.put("notes", table.notes());
        values.put("rows", table.rows().stream().map(row -> row(table, row)).toList());
        values.put("verdicts", table.verdicts());
        return values;
    }

    private static Map<String, Object> row(MetricTable table, Row row) {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("id", row.id());
        values.put("labels", row.labels());
        Map<String, Object> metrics = new LinkedHashMap<>();
        for (int i = 0; i < row.cells().size(); i++) {
            Cell cell = row.cells().get(i);
            Map<String, Object> metric = means(cell.value());
            cell.difference().ifPresent(difference -> {
                Map<String, Object> against = means(cell.difference());
                against.put("clear", difference.isClear());
                against.put("pairs", difference.pairs());
                metric.put("difference", against);
            });
            metrics.put(table.columns().get(i).name(), metric);
        }
        values.put("metrics", metrics);
        values.put("notes", row.notes());
        return values;
    }

    private static Map<String, Object> means(Optional<Means> means) {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("value", means.map(Means::value).orElse(null));
        values.put(
                "low",
                means.flatMap(Means::interval).map(interval -> interval.low()).orElse(null));
        values.put(
                "high",
                means.flatMap(Means::interval).map(interval -> interval.high()).orElse(null));
        return values;
    }

    /** A line a row, with a header: suite, mode and baseline, labels, for each metric its value, bounds and difference, notes. */
    public static String csv(MetricTable table) {
        List<Map<String, Object>> lines = new ArrayList<>();
        for (Row row : table.rows()) {
            Map<String, Object> line = new LinkedHashMap<>();
            line.put("suite", table.suite());
            line.put("mode", table.mode());
            line.put("baseline", table.baseline());
            put(line, table.labels(), row.labels());
            for (int i = 0; i < row.cells().size(); i++) {
                String name = table.columns().get(i).name();
                put(line, name, row.cells().get(i).value());
                if (!table.baseline().isEmpty()) {
                    put(line, name + " difference", row.cells().get(i).difference());
                }
            }
            put(line, table.notes(), row.notes());
            lines.add(line);
        }
        return csv(lines);
    }

    private static void put(Map<String, Object> line, List<String> names, List<String> values) {
        for (int i = 0; i < names.size(); i++) {
            line.put(names.get(i), values.get(i));
        }
    }

    private static void put(Map<String, Object> line, String name, Optional<Means> means) {
        Map<String, Object> values = means(means);
        line.put(name, values.get("value"));
        line.put(name + " low", values.get("low"));
        line.put(name + " high", values.get("high"));
    }

    /** Lines as comma-separated values, with a header of all their names; what a line does not have is empty. */
    public static String csv(List<Map<String, Object>> lines) {
        Set<String> names = new LinkedHashSet<>();
        lines.forEach(line -> names.addAll(line.keySet()));
        CsvSchema.Builder schema = CsvSchema.builder().setUseHeader(true).setLineSeparator('\n');
        names.forEach(schema::addColumn);
        try {
            return CSV.writer(schema.build()).writeValueAsString(lines);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }
}
