package dev.romestream.client.table;

import dev.romestream.client.table.MetricTable.Cell;
import dev.romestream.client.table.MetricTable.Column;
import dev.romestream.client.table.MetricTable.Row;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Tables as text: for a terminal, and as Markdown. */
public final class TableText {
    private TableText() {}

    /** Aligned columns of values, in per cent; notes and verdicts below. */
    public static String terminal(MetricTable table) {
        List<List<String>> lines = new ArrayList<>();
        lines.add(headings(table, List.of()));
        table.rows()
                .forEach(row -> lines.add(
                        line(row, cell -> cell.value().map(Means::number).orElse("-"))));
        StringBuilder text = new StringBuilder(table.title() + " (accuracies and ratios in per cent)\n");
        aligned(lines, 1).forEach(line -> text.append("  ").append(line).append('\n'));
        for (int i = 0; i < table.notes().size(); i++) {
            int note = i;
            String words = table.rows().stream()
                    .filter(row -> !row.notes().get(note).isEmpty())
                    .map(row -> row.labels().get(0) + ": " + row.notes().get(note))
                    .collect(Collectors.joining("; "));
            text.append(words.isEmpty() ? "" : "  " + table.notes().get(i) + ": " + words + "\n");
        }
        table.verdicts().forEach(verdict -> text.append("  ").append(verdict).append('\n'));
        return text.toString();
    }

    /**
     * Lines with their columns under one another.
     *
     * @param left how many of the first columns stand to the left; the others stand to the right
     */
    public static List<String> aligned(List<List<String>> lines, int left) {
        List<String> aligned = new ArrayList<>();
        for (List<String> line : lines) {
            List<String> cells = new ArrayList<>();
            for (int column = 0; column < line.size(); column++) {
                int at = column;
                int width = lines.stream()
                        .mapToInt(one -> one.get(at).length())
                        .max()
                        .orElseThrow();
                String side = column < left ? "-" : "";
                cells.add(("%" + side + Math.max(1, width) + "s").formatted(line.get(column)));
            }
            aligned.add(String.join("  ", cells).stripTrailing());
        }
        return aligned;
    }

    private static List<String> headings(MetricTable table, List<String> notes) {
        return Stream.of(table.labels().stream(), table.columns().stream().map(Column::name), notes.stream())
                .flatMap(part -> part)
                .toList();
    }

    private static List<String> line(Row row, Function<Cell, String> cell) {
        return Stream.concat(row.labels().stream(), row.cells().stream().map(cell))
                .toList();
    }

    /** Values with intervals and differences. */
    public static String markdown(MetricTable table) {
        List<String> headings = headings(table, table.notes());
        StringBuilder text = new StringBuilder();
        markdown(text, headings);
        text.append("|---".repeat(headings.size())).append("|\n");
        table.rows()
                .forEach(row -> markdown(
                        text,
                        Stream.concat(line(row, TableText::words).stream(), row.notes().stream())
                                .toList()));
        table.verdicts().forEach(verdict -> text.append("\n- ").append(escaped(verdict)));
        return text.append(table.verdicts().isEmpty() ? "" : "\n").toString();
    }

    private static void markdown(StringBuilder text, List<String> cells) {
        text.append(cells.stream().map(TableText::escaped).collect(Collectors.joining(" | ", "| ", " |\n")));
    }

    /** What a cell of a table in Markdown may hold. */
    public static String escaped(String text) {
        return text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;");
    }

    private static String words(Cell cell) {
        return cell.value().map(value -> value.number() + value.bounds()).orElse("-")
                + cell.difference()
                        .map(difference -> "; " + difference.signed() + difference.bounds())
                        .orElse("");
    }
}
