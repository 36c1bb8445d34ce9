package dev.romestream.dashboard.web;

import static dev.romestream.dashboard.web.Shape.any;
import static dev.romestream.dashboard.web.Shape.flag;
import static dev.romestream.dashboard.web.Shape.list;
import static dev.romestream.dashboard.web.Shape.map;
import static dev.romestream.dashboard.web.Shape.object;
import static dev.romestream.dashboard.web.Shape.text;
import static dev.romestream.dashboard.web.Shape.whole;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.romestream.client.experiment.ExperimentControl;
import dev.romestream.client.experiment.ExperimentFile;
import dev.romestream.client.result.ContactSheet;
import dev.romestream.client.result.FlagWords;
import dev.romestream.client.result.SyntheticImages;
import dev.romestream.client.table.Comparison;
import dev.romestream.client.table.Comparison.Subject;
import dev.romestream.client.table.MetricTable;
import dev.romestream.client.table.TableData;
import dev.romestream.dashboard.live.LiveMetrics;
import dev.romestream.dashboard.live.LiveState;
import dev.romestream.dashboard.live.LiveState.Kind;
import dev.romestream.dashboard.live.TopicsView;
import dev.romestream.exchange.codec.RecordJson;
import dev.romestream.exchange.experiment.Victim;
import dev.romestream.exchange.store.SnapshotStore;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.schemas.DatasetDescriptor;
import dev.romestream.schemas.DesiredState;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.Mode;
import dev.romestream.schemas.RobustnessMetrics;
import dev.romestream.schemas.SnapshotManifest;
import io.javalin.config.RoutesConfig;
import io.javalin.http.BadRequestResponse;
import io.javalin.http.ConflictResponse;
import io.javalin.http.ContentTooLargeResponse;
import io.javalin.http.Context;
import io.javalin.http.NotFoundResponse;
import io.javalin.http.sse.SseClient;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The same data as the stream has, by requests; and what a page can do. {@code /api/openapi.json} describes it. */
final class Api {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration LIMIT = Duration.ofSeconds(10);
    private static final long MOST_DRAWN_BYTES = 16 << 20;
    /** Phases after which nothing happens of itself. */
    private static final Set<String> ENDED = Set.of("completed", "failed", "stopped");

    private static final String FIGURE = "Its key: experiment/snapshot/victim/suite/mode.";
    private static final Route.Query SUITE = Route.Query.needed("suite", "Of attacks.");
    private static final Route.Query MODE =
            Route.Query.optional("mode", "untargeted or targeted; without it, untargeted.");
    private static final Route STREAM = Route.get(
                    "/api/stream",
                    "All that the pages show, as server-sent events: an event 'state' with all entries, then 'changes'. An"
                            + " entry is {kind, key, value}.",
                    context -> {})
            .with(
                    Route.Query.optional(
                            "experiments",
                            "Ids, with commas between, whose figures and snapshots are wanted; * for all."),
                    Route.Query.optional("only", "Kinds of entries, with commas between."));

    private final RomeConfig config;
    private final LiveState state;
    private final TopicsView topics;
    private final SnapshotStore snapshots;
    private final Gallery gallery;
    private final FileRequests files;
    private final DeadLetterRequests letters;

    /** @param cost what experiments cost, in words, where it can be told */
    Api(
            RomeConfig config,
            LiveState state,
            TopicsView topics,
            SnapshotStore snapshots,
            Function<List<Experiment>, Optional<String>> cost) {
        this.files = new FileRequests(config, topics, cost);
        this.letters = new DeadLetterRequests(config, state);
        this.gallery = new Gallery(config);
        this.config = config;
        this.state = state;
        this.topics = topics;
        this.snapshots = snapshots;
    }

    /** @param stream serves /api/stream */
    void addTo(RoutesConfig routes, Consumer<SseClient> stream) {
        routes.sse(STREAM.path(), stream);
        for (Route route : routes()) {
            switch (route.method()) {
                case "post" -> routes.post(route.path(), route.handler());
                case "delete" -> routes.delete(route.path(), route.handler());
                default -> routes.get(route.path(), route.handler());
            }
        }
        String openApi = OpenApi.document(
                Stream.concat(routes().stream(), Stream.of(STREAM)).toList());
        routes.get("/api/openapi.json", context -> context.contentType("application/json")
                .result(openApi));
    }

    private List<Route> routes() {
        return Stream.of(own(), files.routes(), letters.routes())
                .flatMap(List::stream)
                .toList();
    }

    private List<Route> own() {
        return List.of(
                Route.get("/api/experiments", "Every experiment in a line.", this::experiments)
                        .answers(list(ApiSchemas.LINE)),
                Route.get("/api/experiments/{id}", "An experiment: its record, and its file.", this::experiment)
                        .answers(object().with("summary", ApiSchemas.LINE)
                                .with("record", ApiSchemas.EXPERIMENT)
                                .with("file", text())
                                .schema()),
                Route.delete(
                                "/api/experiments/{id}",
                                "Removes an experiment, with its victims and checkpoints.",
                                this::remove)
                        .with(new Route.Query(
                                "results",
                                "boolean",
                                false,
                                "Whether its metrics, snapshots and alerts are removed, too."))
                        .answers(object().with("id", text())
                                .with("results", flag())
                                .schema()),
                Route.post(
                                "/api/experiments/{id}/state",
                                "Pauses, resumes or stops an experiment.",
                                Map.of("state", "run, pause or stop."),
                                this::setState)
                        .answers(object().with("id", text())
                                .with("state", text())
                                .schema()),
                Route.post("/api/experiments/{id}/run", "Starts an experiment's next run.", Map.of(), this::runAgain)
                        .answers(
                                object().with("id", text()).with("run", whole()).schema()),
                Route.get(
                                "/api/experiments/{id}/figures",
                                "Its newest figures, and how they came to be.",
                                this::figures)
                        .answers(list(ApiSchemas.FIGURE)),
                Route.get(
                                "/api/experiments/{id}/outcomes",
                                "Of each attack of a complete figure, in order, which images were still right: 1 and 0.",
                                this::outcomes)
                        .with(Route.Query.needed("figure", FIGURE))
                        .answers(list(text())),
                Route.get(
                        "/api/experiments/{id}/snapshots/{snapshot}/images.png",
                        "The synthetic images of a snapshot, a row a class.",
                        this::images),
                Route.get(
                                "/api/experiments/{id}/gallery",
                                "The first images of an attack before and after it, as PNG data.",
                                this::gallery)
                        .with(
                                Route.Query.needed("figure", FIGURE),
                                new Route.Query("attack", "integer", true, "Its position in the figure."))
                        .answers(list(object().with("image", whole())
                                .with("label", text())
                                .with("predicted", text())
                                .with("attacked", text())
                                .with("right", flag())
                                .with("clean", text())
                                .with("perturbed", text())
                                .with("difference", text())
                                .schema())),
                Route.get(
                                "/api/compare",
                                "Experiments side by side under one suite, with 95 % intervals and differences.",
                                this::compare)
                        .with(
                                Route.Query.needed("ids", "Of the experiments, with commas between."),
                                SUITE,
                                MODE,
                                Route.Query.optional(
                                        "baseline", "Id of the experiment that the others are held against."),
                                Route.Query.optional("format", "json or csv; without it, json."))
                        .answers(ApiSchemas.TABLE),
                Route.get(
                                "/api/versions",
                                "Versions of a network that is monitored, each against the one before; on a stream, as version@window.",
                                this::versions)
                        .with(Route.Query.needed("network", "The victim's name."), SUITE, MODE)
                        .answers(ApiSchemas.TABLE),
                Route.get(
                                "/api/differences",
                                "What experiments are asked to do differently: dotted parameters, each with its value by experiment.",
                                this::differences)
                        .with(Route.Query.needed("ids", "Of the experiments, with commas between."))
                        .answers(list(object().with("name", text())
                                .with("values", map(any()))
                                .schema())),
                Route.get("/api/parameters", "One parameter of every experiment, by id.", this::parameters)
                        .with(Route.Query.needed("name", "Dotted, as in the file: distillation.alpha."))
                        .answers(map(any())),
                Route.get("/api/alerts", "Alerts: the rules that are crossed, and those that were.", this::alerts)
                        .answers(list(ApiSchemas.ALERT)),
                Route.get("/api/flags", "What the flags of figures say.", this::flags)
                        .answers(map(text())),
                Route.get("/api/system", "Health of services, and what waits in each group.", this::system)
                        .answers(ApiSchemas.SYSTEM));
    }

    static void answerWith(Context context, Object value) {
        try {
            context.contentType("application/json").result(JSON.writeValueAsBytes(value));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("This value does not become JSON.", e);
        }
    }

    static void answer(Context context, byte[] json) {
        context.contentType("application/json").result(json);
    }

    /** An array of what entries hold. */
    private static void answer(Context context, List<LiveState.Entry> entries) {
        ByteArrayOutputStream array = new ByteArrayOutputStream();
        array.write('[');
        for (LiveState.Entry entry : entries) {
            if (array.size() > 1) {
                array.write(',');
            }
            array.writeBytes(entry.json());
        }
        array.write(']');
        answer(context, array.toByteArray());
    }

    static JsonNode body(Context context) {
        try {
            JsonNode body = JSON.readTree(context.body());
            if (body == null || !body.isObject()) {
                throw new BadRequestResponse("The body must be a JSON object.");
            }
            return body;
        } catch (JsonProcessingException e) {
            throw new BadRequestResponse("The body is not JSON: " + e.getOriginalMessage());
        }
    }

    private void experiments(Context context) {
        answer(context, state.all(entry -> entry.kind() == Kind.EXPERIMENT));
    }

    private void alerts(Context context) {
        answer(context, state.all(entry -> entry.kind() == Kind.ALERT));
    }

    private void flags(Context context) {
        answerWith(context, FlagWords.all());
    }

    private Experiment known(Context context) {
        String id = context.pathParam("id");
        return topics.experiment(id).orElseThrow(() -> new NotFoundResponse("There is no experiment '" + id + "'."));
    }

    private void experiment(Context context) {
        Experiment experiment = known(context);
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("summary", topics.line(experiment.getId()).orElse(null));
        values.put("record", RecordJson.fields(experiment));
        values.put("file", ExperimentFile.write(experiment));
        answerWith(context, values);
    }

    private void figures(Context context) {
        String id = known(context).getId();
        answer(
                context,
                state.all(entry ->
                        entry.kind() == Kind.FIGURE && entry.experiment().equals(id)));
    }

    /** Of each attack of a figure, which images were still right: a string of 1 and 0. */
    private void outcomes(Context context) {
        String key = context.queryParam("figure");
        if (key == null) {
            throw new BadRequestResponse("Which figure is said by 'figure': experiment/snapshot/victim/suite/mode.");
        }
        answerWith(
                context,
                topics.attacks(known(context).getId(), key).stream()
                        .map(LiveMetrics.Attack::perImage)
                        .toList());
    }

    private Stream<Experiment> asked(Context context) {
        return Stream.of(query(context, "ids").split(",")).map(id -> topics.experiment(id)
                .orElseThrow(() -> new NotFoundResponse("There is no experiment '" + id + "'.")));
    }

    private void differences(Context context) {
        answerWith(context, Parameters.differences(asked(context).toList()));
    }

    private void parameters(Context context) {
        answerWith(context, Parameters.of(topics.experiments(), query(context, "name")));
    }

    private void compare(Context context) {
        List<Subject> subjects = asked(context)
                .map(experiment -> new Subject(
                        experiment.getId(),
                        experiment.getName(),
                        Comparison.newest(
                                topics.metrics(experiment.getId(), query(context, "suite")),
                                experiment.getDistillation() == null)))
                .toList();
        MetricTable table = Comparison.table(
                "experiment",
                subjects,
                query(context, "suite"),
                mode(context),
                Optional.ofNullable(context.queryParam("baseline")));
        if ("csv".equals(context.queryParam("format"))) {
            context.contentType("text/csv; charset=utf-8").result(TableData.csv(table));
        } else {
            answerWith(context, TableData.json(table));
        }
    }

    private void versions(Context context) {
        String network = query(context, "network");
        List<Subject> versions = topics.monitored().stream()
                .flatMap(id -> topics.metrics(id, query(context, "suite")).stream())
                .filter(metrics -> metrics.getVictim().equals(network))
                .sorted(Victim.IN_ORDER)
                .collect(Collectors.groupingBy(Api::place, LinkedHashMap::new, Collectors.toList()))
                .entrySet()
                .stream()
                .map(place -> new Subject(place.getKey(), place.getKey(), place.getValue()))
                .toList();
        answerWith(context, TableData.json(Comparison.versions(versions, query(context, "suite"), mode(context))));
    }

    private static String place(RobustnessMetrics metrics) {
        OptionalInt window = Victim.window(metrics);
        return metrics.getVersion() + (window.isPresent() ? "@" + window.getAsInt() : "");
    }

    private static String query(Context context, String name) {
        String value = context.queryParam(name);
        if (value == null || value.isEmpty()) {
            throw new BadRequestResponse("The query '" + name + "' is missing.");
        }
        return value;
    }

    private static Mode mode(Context context) {
        String word = Objects.requireNonNullElse(context.queryParam("mode"), "untargeted");
        return Stream.of(Mode.values())
                .filter(mode -> mode.name().toLowerCase(Locale.ROOT).equals(word))
                .findFirst()
                .orElseThrow(
                        () -> new BadRequestResponse("'mode' is '" + word + "'; it must be untargeted or targeted."));
    }

    private void gallery(Context context) {
        Experiment experiment = known(context);
        String key = context.queryParam("figure");
        List<LiveMetrics.Attack> attacks = topics.attacks(experiment.getId(), String.valueOf(key));
        int attack = context.queryParamAsClass("attack", Integer.class)
                .getOrThrow(errors -> new BadRequestResponse("'attack' is the position of one in the figure."));
        if (attack < 0 || attack >= attacks.size()) {
            throw new NotFoundResponse("The figure '" + key + "' has " + attacks.size() + " attacks.");
        }
        DatasetDescriptor dataset = topics.dataset(experiment)
                .orElseThrow(() -> new NotFoundResponse("The data set is not described yet."));
        answerWith(context, gallery.images(attacks, attack, dataset));
    }

    private void images(Context context) throws IOException {
        String id = known(context).getId();
        int number = context.pathParamAsClass("snapshot", Integer.class)
                .getOrThrow(errors -> new NotFoundResponse("A snapshot is a number."));
        // the pages may have heard of it before the store has
        if (snapshots.manifest(id, number).isEmpty()) {
            snapshots.awaitCurrent(LIMIT);
        }
        SnapshotManifest manifest = snapshots
                .manifest(id, number)
                .orElseThrow(() -> new NotFoundResponse("There is no snapshot " + number + " of '" + id + "'."));
        if (manifest.getImageBytes() > MOST_DRAWN_BYTES) {
            throw new ContentTooLargeResponse(
                    "The set has " + manifest.getImageBytes() + " bytes of images, and at most " + MOST_DRAWN_BYTES
                            + " are drawn here; ./rome export writes them.");
        }
        context.header("Cache-Control", "private, max-age=3600")
                .contentType("image/png")
                .result(sheet(id, number, manifest));
    }

    /** One at a time: each takes a multiple of the set's bytes. */
    private synchronized byte[] sheet(String id, int number, SnapshotManifest manifest) throws IOException {
        ByteArrayOutputStream sheet = new ByteArrayOutputStream();
        ContactSheet.write(sheet, SyntheticImages.of(manifest, snapshots.classes(id, number, manifest.getClasses())));
        return sheet.toByteArray();
    }

    private void setState(Context context) {
        Experiment experiment = known(context);
        String wanted = body(context).path("state").asText("").toUpperCase(Locale.ROOT);
        DesiredState desired = Arrays.stream(DesiredState.values())
                .filter(value -> value.name().equals(wanted))
                .findFirst()
                .orElseThrow(() -> new BadRequestResponse("'state' must be run, pause or stop."));
        String phase = phase(experiment.getId());
        if (desired == DesiredState.PAUSE && ENDED.contains(phase)) {
            throw new ConflictResponse("The experiment is " + phase + ": there is nothing to pause. To run it again,"
                    + " POST to /api/experiments/" + experiment.getId() + "/run.");
        }
        ExperimentControl.setState(config, experiment, desired);
        answerWith(context, Map.of("id", experiment.getId(), "state", wanted.toLowerCase(Locale.ROOT)));
    }

    /** Of its line in the list. */
    private String phase(String id) {
        return topics.line(id).map(row -> String.valueOf(row.get("phase"))).orElse("");
    }

    private void remove(Context context) {
        String id = known(context).getId();
        String results = Objects.requireNonNullElse(context.queryParam("results"), "false");
        if (!Set.of("true", "false").contains(results)) {
            throw new BadRequestResponse("'results' is '" + results + "'; it must be true or false.");
        }
        ExperimentControl.remove(config, id, Boolean.parseBoolean(results));
        answerWith(context, Map.of("id", id, "results", Boolean.valueOf(results)));
    }

    private void runAgain(Context context) {
        Experiment experiment = known(context);
        Experiment wanted = Experiment.newBuilder(experiment)
                .setDesiredState(DesiredState.RUN)
                .build();
        Experiment started = ExperimentControl.start(config, List.of(wanted)).get(0);
        answerWith(context, Map.of("id", started.getId(), "run", started.getRun()));
    }

    private void system(Context context) {
        answer(context, state.json(Kind.SYSTEM, ""));
    }
}
