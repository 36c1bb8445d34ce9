package dev.romestream.client.table;

import static j2html.TagCreator.caption;
import static j2html.TagCreator.div;
import static j2html.TagCreator.each;
import static j2html.TagCreator.li;
import static j2html.TagCreator.small;
import static j2html.TagCreator.table;
import static j2html.TagCreator.tbody;
import static j2html.TagCreator.td;
import static j2html.TagCreator.th;
import static j2html.TagCreator.thead;
import static j2html.TagCreator.tr;
import static j2html.TagCreator.ul;

import dev.romestream.client.table.MetricTable.Cell;
import dev.romestream.client.table.MetricTable.Column;
import dev.romestream.client.table.MetricTable.Row;
import j2html.tags.DomContent;
import j2html.tags.specialized.TdTag;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Tables as HTML without script; colours are classes of the page's style. */
public final class TableHtml {
    private TableHtml() {}

    /** The table with its title as caption, and the verdicts below. */
    public static DomContent of(MetricTable metrics) {
        Stream<String> headings = Stream.of(
                        metrics.labels().stream(),
                        metrics.columns().stream().map(Column::name),
                        metrics.notes().stream())
                .flatMap(part -> part);
        String against = metrics.baseline().isEmpty() ? "" : "; differences are to " + metrics.baseline();
        return div(
                div(table(
                                caption(metrics.title() + against),
                                thead(tr(
                                        each(headings.map(heading -> th(heading).attr("scope", "col"))))),
                                tbody(each(metrics.rows().stream().map(row -> row(metrics, row))))))
                        .withClass("scroll")
                        .attr("tabindex", "0")
                        .attr("role", "group")
                        .attr("aria-label", metrics.title()),
                ul(each(metrics.verdicts().stream().map(verdict -> li(verdict))))
                        .withClass("verdicts"));
    }

    private static DomContent row(MetricTable metrics, Row row) {
        List<DomContent> cells = new ArrayList<>();
        cells.add(th(row.labels().get(0)).attr("scope", "row"));
        row.labels().stream().skip(1).forEach(label -> cells.add(td(label)));
        for (int i = 0; i < row.cells().size(); i++) {
            cells.add(cell(row.cells().get(i), metrics.columns().get(i).ratio()));
        }
        row.notes().forEach(note -> cells.add(td(note).withClass("words")));
        return tr(each(cells.stream()));
    }

    private static TdTag cell(Cell cell, boolean ratio) {
        TdTag shown = cell.value()
                .map(value -> td(value.number()).with(small(value.bounds())))
                .orElseGet(() -> td("–"));
        cell.value()
                .filter(any -> !ratio)
                .ifPresent(value -> shown.withClass("heat h" + Math.round(value.value() / 10)));
        cell.difference()
                .ifPresent(difference -> shown.with(small(difference.signed() + difference.bounds())
                        .withClass("difference" + (difference.isClear() ? " clear" : ""))));
        return shown;
    }
}
