package dev.romestream.client.report;

import static j2html.TagCreator.tag;

import dev.romestream.client.table.Means;
import dev.romestream.robustness.metric.Interval;
import j2html.tags.ContainerTag;
import j2html.tags.DomContent;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Pictures in SVG, without script; colours are classes of the page's style. */
final class Chart {
    private static final int WIDTH = 460;
    private static final int HEIGHT = 260;
    private static final int LEFT = 44;
    private static final int RIGHT = 12;
    private static final int TOP = 24;
    private static final int BOTTOM = 40;
    private static final int COLOURS = 6;
    private static final int LINE = 14;
    private static final int PERCENT = 100;

    private final double fromX;
    private final double toX;
    private final double toY;
    private final int height;

    /**
     * A place of a line.
     *
     * @param mean over victims
     */
    record Point(double x, Means mean) {}

    /** A line, and the band of its intervals. */
    record Line(String name, List<Point> points) {}

    /** A named dot, with its intervals. */
    record Dot(String name, Means x, Means y) {}

    private Chart(double fromX, double toX, double toY, int height) {
        this.fromX = fromX;
        this.toX = toX == fromX ? fromX + 1 : toX;
        this.toY = toY;
        this.height = height;
    }

    /** Lines over snapshots or versions, in per cent. */
    static DomContent lines(String title, String unit, List<Line> lines) {
        List<Point> all = lines.stream().flatMap(line -> line.points().stream()).toList();
        Chart chart = new Chart(
                all.stream().mapToDouble(Point::x).min().orElse(0),
                all.stream().mapToDouble(Point::x).max().orElse(1),
                top(highest(all.stream().map(Point::mean))),
                HEIGHT);
        ContainerTag<?> svg = chart.frame(title, unit, "%");
        for (int i = 0; i < lines.size(); i++) {
            chart.add(svg, lines.get(i), i);
        }
        return svg;
    }

    /** Clean accuracy against the worst case. */
    static DomContent plane(String title, List<Dot> dots) {
        Chart chart = new Chart(
                0,
                top(highest(dots.stream().map(Dot::x))),
                top(highest(dots.stream().map(Dot::y))),
                HEIGHT + BOTTOM);
        ContainerTag<?> svg = chart.frame(title, "clean, %", "worst case, %");
        // names stand beside their dots, and below one another where they would touch
        double free = Double.NEGATIVE_INFINITY;
        List<Dot> fromTop = new ArrayList<>(dots);
        fromTop.sort((a, b) -> Double.compare(b.y().value(), a.y().value()));
        for (Dot dot : fromTop) {
            free = Math.max(free + LINE, chart.py(dot.y().value()) + 4);
            boolean right = dot.x().value() > chart.toX * 2 / 3;
            String colour = "c" + dots.indexOf(dot) % COLOURS;
            dot.x()
                    .interval()
                    .ifPresent(interval -> svg.with(chart.bar(
                            colour,
                            interval.low(),
                            dot.y().value(),
                            interval.high(),
                            dot.y().value())));
            dot.y()
                    .interval()
                    .ifPresent(interval -> svg.with(chart.bar(
                            colour, dot.x().value(), interval.low(), dot.x().value(), interval.high())));
            svg.with(tag("circle")
                    .withClass(colour)
                    .attr("cx", chart.x(dot.x().value()))
                    .attr("cy", chart.y(dot.y().value()))
                    .attr("r", "5"));
            svg.with(text(chart.px(dot.x().value()) + (right ? -9 : 9), free, right ? "end" : "start", dot.name()));
        }
        return svg;
    }

    private static double highest(Stream<Means> means) {
        return means.mapToDouble(mean -> mean.interval().map(Interval::high).orElse(mean.value()))
                .max()
                .orElse(PERCENT);
    }

    /** A part of an error bar. */
    private DomContent bar(String colour, double x, double y, double endX, double endY) {
        return tag("polyline").withClass(colour).attr("points", x(x) + "," + y(y) + " " + x(endX) + "," + y(endY));
    }

    private static double top(double most) {
        return Math.min(PERCENT, Math.max(10, Math.ceil((most + 2) / 10) * 10));
    }

    private double px(double value) {
        return LEFT + (WIDTH - LEFT - RIGHT) * (value - fromX) / (toX - fromX);
    }

    private double py(double value) {
        return height - BOTTOM - (height - TOP - BOTTOM) * value / toY;
    }

    private String x(double value) {
        return at(px(value));
    }

    private String y(double value) {
        return at(py(value));
    }

    private static String at(double pixel) {
        return String.format(Locale.ROOT, "%.1f", pixel);
    }

    private static ContainerTag<?> text(double x, double y, String anchor, String words) {
        return tag("text")
                .attr("x", at(x))
                .attr("y", at(y))
                .attr("text-anchor", anchor)
                .withText(words);
    }

    private ContainerTag<?> frame(String title, String xLabel, String yLabel) {
        ContainerTag<?> svg = tag("svg")
                .attr("viewBox", "0 0 " + WIDTH + " " + height)
                .attr("role", "img")
                .attr("aria-label", title);
        svg.with(tag("title").withText(title));
        svg.with(tag("rect")
                .withClass("frame")
                .attr("x", LEFT)
                .attr("y", TOP)
                .attr("width", WIDTH - LEFT - RIGHT)
                .attr("height", height - TOP - BOTTOM));
        for (double part : new double[] {0, 0.5, 1}) {
            double value = fromX + (toX - fromX) * part;
            svg.with(text(px(value), height - BOTTOM + LINE + 2, "middle", ticks(value)));
            svg.with(text(LEFT - 6, py(toY * part) + 4, "end", ticks(toY * part)));
        }
        svg.with(text((WIDTH + LEFT) / 2.0, height - 6, "middle", xLabel));
        svg.with(text(LEFT, TOP - 8, "start", yLabel));
        return svg;
    }

    private static String ticks(double value) {
        return value == Math.rint(value)
                ? String.format(Locale.ROOT, "%.0f", value)
                : String.format(Locale.ROOT, "%.1f", value);
    }

    private void add(ContainerTag<?> svg, Line line, int number) {
        String colour = "c" + number % COLOURS;
        List<Point> banded = line.points().stream()
                .filter(point -> point.mean().interval().isPresent())
                .toList();
        if (banded.size() > 1) {
            List<String> outline = new ArrayList<>();
            banded.forEach(point -> outline.add(
                    x(point.x()) + "," + y(point.mean().interval().orElseThrow().low())));
            for (int i = banded.size() - 1; i >= 0; i--) {
                Point point = banded.get(i);
                outline.add(x(point.x()) + ","
                        + y(point.mean().interval().orElseThrow().high()));
            }
            svg.with(tag("polygon").withClass(colour + " band").attr("points", String.join(" ", outline)));
        }
        svg.with(tag("polyline")
                .withClass(colour)
                .attr(
                        "points",
                        line.points().stream()
                                .map(point ->
                                        x(point.x()) + "," + y(point.mean().value()))
                                .collect(Collectors.joining(" "))));
        line.points()
                .forEach(point -> svg.with(tag("circle")
                        .withClass(colour)
                        .attr("cx", x(point.x()))
                        .attr("cy", y(point.mean().value()))
                        .attr("r", "3")
                        .with(tag("title")
                                .withText(line.name() + " at " + ticks(point.x()) + ": "
                                        + point.mean().number()
                                        + point.mean().bounds()))));
    }

    /** The names of lines, in their colours. */
    static Map<String, String> legend(List<String> names) {
        Map<String, String> legend = new LinkedHashMap<>();
        for (int i = 0; i < names.size(); i++) {
            legend.put(names.get(i), "c" + i % COLOURS);
        }
        return legend;
    }
}
