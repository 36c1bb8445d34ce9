package dev.romestream.dashboard.web;

import static dev.romestream.dashboard.web.Shape.any;
import static dev.romestream.dashboard.web.Shape.flag;
import static dev.romestream.dashboard.web.Shape.list;
import static dev.romestream.dashboard.web.Shape.map;
import static dev.romestream.dashboard.web.Shape.named;
import static dev.romestream.dashboard.web.Shape.number;
import static dev.romestream.dashboard.web.Shape.object;
import static dev.romestream.dashboard.web.Shape.orNull;
import static dev.romestream.dashboard.web.Shape.record;
import static dev.romestream.dashboard.web.Shape.text;
import static dev.romestream.dashboard.web.Shape.whole;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.romestream.schemas.Alert;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.RobustnessMetrics;
import java.util.LinkedHashMap;
import java.util.Map;

/** What the API answers with, by name. */
final class ApiSchemas {
    static final ObjectNode PROBLEM = named("Problem");
    static final ObjectNode LINE = named("ExperimentLine");
    static final ObjectNode EXPERIMENT = named("Experiment");
    static final ObjectNode FIGURE = named("Figure");
    static final ObjectNode ALERT = named("Alert");
    static final ObjectNode TABLE = named("Table");
    static final ObjectNode LETTER = named("DeadLetter");
    static final ObjectNode SYSTEM = named("System");

    private ApiSchemas() {}

    static Map<String, ObjectNode> all() {
        Map<String, ObjectNode> schemas = new LinkedHashMap<>();
        schemas.put("Problem", problem());
        schemas.put("ExperimentLine", line());
        schemas.put("Experiment", record(Experiment.SCHEMA$).schema());
        schemas.put(
                "Figure",
                record(RobustnessMetrics.SCHEMA$)
                        .with("history", list(list(orNull(number()))))
                        .schema());
        schemas.put("Alert", record(Alert.SCHEMA$).schema());
        schemas.put("Table", table());
        schemas.put("DeadLetter", letter().schema());
        schemas.put("System", system());
        return schemas;
    }

    private static ObjectNode problem() {
        ObjectNode problem = object().with("type", text().put("format", "uri-reference"))
                .with("title", text())
                .with("status", whole())
                .with("detail", text().put("description", "Why, and what helps."))
                .with("error", text().put("description", "As detail, for older clients."))
                .schema();
        problem.withObjectProperty("properties")
                .set(
                        "errors",
                        list(object().with("line", orNull(whole()))
                                        .with("detail", text())
                                        .schema())
                                .put("description", "Of a file, all that is wrong in it."));
        return problem;
    }

    private static ObjectNode line() {
        ObjectNode headline = object().with("suite", text())
                .with("victims", whole())
                .with("complete", flag())
                .with("clean", orNull(number()))
                .with("worst", orNull(number()))
                .with("stability", orNull(number()))
                .with("irr", orNull(number()))
                .with("irrLow", orNull(number()))
                .with("irrHigh", orNull(number()))
                .with("flags", list(text()))
                .with("overSnapshots", list(orNull(number())))
                .schema();
        ObjectNode progress = object().with("service", text())
                .with("instance", text())
                .with("phase", text())
                .with("activity", text())
                .with("done", whole())
                .with("total", whole())
                .with("unit", text())
                .with("rate", number())
                .with("error", orNull(text()))
                .with("time", whole())
                .schema();
        return object().with("id", text())
                .with("name", text())
                .with("dataset", text())
                .with("method", text())
                .with("labels", orNull(text()))
                .with("imagesPerClass", orNull(whole()))
                .with("sweep", text())
                .with("seed", whole())
                .with("run", whole())
                .with("desiredState", text())
                .with("phase", text())
                .with("submitted", orNull(whole()).put("description", "In ms since 1970."))
                .with("ended", orNull(whole()).put("description", "In ms since 1970."))
                .with("progress", list(progress))
                .with("headline", orNull(headline))
                .schema();
    }

    private static ObjectNode table() {
        Shape.Fields means = object().with("value", orNull(number()))
                .with("low", orNull(number()))
                .with("high", orNull(number()));
        ObjectNode metric = means.schema().deepCopy();
        metric.withObjectProperty("properties")
                .set(
                        "difference",
                        means.with("clear", flag()).with("pairs", whole()).schema());
        ObjectNode row = object().with("id", text())
                .with("labels", list(text()))
                .with("metrics", map(metric))
                .with("notes", list(text()))
                .schema();
        return object().with("title", text())
                .with("suite", text())
                .with("mode", text())
                .with("baseline", text())
                .with("unit", text())
                .with("labels", list(text()))
                .with("columns", list(any()))
                .with("notes", list(text()))
                .with("rows", list(row))
                .with("verdicts", list(text()))
                .schema();
    }

    static Shape.Fields letter() {
        return object().with("id", text())
                .with("time", whole())
                .with("topic", text())
                .with("partition", text())
                .with("offset", text())
                .with("cause", text())
                .with("reason", text())
                .with("key", text())
                .with("bytes", whole());
    }

    private static ObjectNode system() {
        ObjectNode service = object().with("name", text())
                .with("ready", flag())
                .with("reason", text())
                .schema();
        ObjectNode group = object().with("id", text())
                .with("type", text())
                .with("members", whole())
                .with("waiting", whole())
                .with("oldestSeconds", whole())
                .with("trend", list(whole()))
                .schema();
        return object().with("waitsFor", orNull(text()))
                .with("services", list(service))
                .with("groups", list(group))
                .with("requests", map(whole()))
                .schema();
    }
}
