package dev.romestream.dashboard.web;

import static dev.romestream.dashboard.web.Api.answerWith;
import static dev.romestream.dashboard.web.Api.body;
import static dev.romestream.dashboard.web.Shape.any;
import static dev.romestream.dashboard.web.Shape.list;
import static dev.romestream.dashboard.web.Shape.object;
import static dev.romestream.dashboard.web.Shape.orNull;
import static dev.romestream.dashboard.web.Shape.text;

import dev.romestream.client.experiment.ExperimentControl;
import dev.romestream.client.experiment.ExperimentException;
import dev.romestream.client.experiment.ExperimentFile;
import dev.romestream.client.experiment.ExperimentSchema;
import dev.romestream.dashboard.live.TopicsView;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.schemas.Experiment;
import io.javalin.http.Context;
import io.javalin.http.NotFoundResponse;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Experiment files are described, checked and submitted. */
final class FileRequests {
    private static final Logger log = LoggerFactory.getLogger(FileRequests.class);

    private final RomeConfig config;
    private final TopicsView topics;
    private final Function<List<Experiment>, Optional<String>> cost;

    FileRequests(RomeConfig config, TopicsView topics, Function<List<Experiment>, Optional<String>> cost) {
        this.config = config;
        this.topics = topics;
        this.cost = cost;
    }

    List<Route> routes() {
        return List.of(
                Route.post(
                                "/api/experiments",
                                "Starts the experiments of a file; answers with their ids.",
                                Map.of("file", "The experiment file: YAML."),
                                this::submit)
                        .answers(object().with("ids", list(text())).schema()),
                Route.post(
                                "/api/check",
                                "Checks a file without starting anything.",
                                Map.of("file", "The experiment file: YAML."),
                                this::check)
                        .answers(object().with(
                                        "experiments",
                                        list(object().with("id", text())
                                                .with("name", text())
                                                .schema()))
                                .with("cost", orNull(text()))
                                .schema()),
                Route.get("/api/experiment.schema.json", "The JSON Schema of experiment files.", this::schema)
                        .answers(any()),
                Route.get("/api/presets/{name}", "A preset, as YAML.", this::preset));
    }

    private void schema(Context context) {
        answerWith(context, ExperimentSchema.json());
    }

    private void preset(Context context) {
        String name = context.pathParam("name");
        try {
            context.contentType("text/plain; charset=utf-8").result(ExperimentFile.presetText(name));
        } catch (ExperimentException e) {
            throw new NotFoundResponse(e.getMessage());
        }
    }

    private static List<Experiment> parse(Context context) {
        String file = body(context).path("file").asText("");
        try {
            return ExperimentFile.parse(file, Map.of(), List.of());
        } catch (ExperimentException e) {
            throw new RefusedFile(e, file);
        }
    }

    private void check(Context context) {
        List<Experiment> experiments = parse(context);
        Map<String, Object> values = new LinkedHashMap<>();
        values.put(
                "experiments",
                experiments.stream()
                        .map(experiment -> Map.of("id", experiment.getId(), "name", experiment.getName()))
                        .toList());
        values.put("cost", costOf(experiments).orElse(null));
        answerWith(context, values);
    }

    /** What cannot be told keeps no file from being right. */
    private Optional<String> costOf(List<Experiment> experiments) {
        try {
            return cost.apply(experiments);
        } catch (RuntimeException e) {
            log.warn("What {} experiments cost is not known: {}", experiments.size(), e.getMessage());
            return Optional.empty();
        }
    }

    private void submit(Context context) {
        List<Experiment> started = ExperimentControl.start(config, parse(context));
        // whoever is told asks for them next
        started.forEach(topics::await);
        context.status(201);
        answerWith(
                context, Map.of("ids", started.stream().map(Experiment::getId).toList()));
    }
}
