package dev.romestream.client.table;

import java.util.List;
import java.util.Optional;

/**
 * Metrics in rows and columns, for {@link TableText}, {@link TableHtml} and {@link TableData} to show.
 *
 * @param suite the suite of all metrics; empty where columns name theirs, as with {@code mode}
 * @param baseline the row that differences are to; empty where there are none
 * @param labels what stands before the metrics: the headings
 * @param notes what stands after them: the headings
 * @param verdicts what differences say, a sentence each
 */
public record MetricTable(
        String title,
        String suite,
        String mode,
        String baseline,
        List<String> labels,
        List<Column> columns,
        List<String> notes,
        List<Row> rows,
        List<String> verdicts) {

    /**
     * A metric, in per cent.
     *
     * @param ratio whether it is a ratio and no accuracy
     */
    public record Column(String name, boolean ratio) {}

    /**
     * A row: a label, a cell and a note for each heading.
     *
     * @param id tells it from others with its labels
     */
    public record Row(String id, List<String> labels, List<Cell> cells, List<String> notes) {}

    /**
     * A metric of a row.
     *
     * @param value empty where it is undefined
     * @param difference to the baseline's, in points; empty where there is none
     */
    public record Cell(Optional<Means> value, Optional<Means> difference) {}
}
