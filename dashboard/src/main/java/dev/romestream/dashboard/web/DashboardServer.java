package dev.romestream.dashboard.web;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.romestream.dashboard.live.LiveState;
import dev.romestream.dashboard.live.TopicsView;
import dev.romestream.exchange.store.SnapshotStore;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.config.Settings;
import dev.romestream.schemas.Experiment;
import io.javalin.Javalin;
import io.javalin.http.Context;
import io.javalin.http.HttpResponseException;
import io.javalin.http.HttpStatus;
import io.javalin.http.TooManyRequestsResponse;
import io.javalin.http.staticfiles.Location;
import io.javalin.util.JavalinBindException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Pages, stream and API at {@code dashboard.host} and {@code dashboard.port}. */
public final class DashboardServer implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(DashboardServer.class);
    private static final String PAGES = "/dev/romestream/dashboard/page";
    private static final String LIBRARIES = "/META-INF/resources/webjars/";
    private static final int MOST_THREADS = 260;
    private static final int LEAST_THREADS = 4;
    private static final long MOST_BODY_BYTES = 1 << 20;
    private static final int MOST_ADDRESSES = 10_000;
    private static final int MOST_CHANGES_A_MINUTE = 120;

    private final Javalin server;
    private final EventStream stream;
    private final String host;
    private long minute;
    private final Map<String, Integer> posts = new HashMap<>();

    /**
     * Starts to serve.
     *
     * @param cost what experiments cost, in words, where it can be told
     * @throws IllegalArgumentException where it would be open to everybody
     * @throws IllegalStateException where the port is taken
     */
    public DashboardServer(
            RomeConfig config,
            LiveState state,
            TopicsView topics,
            SnapshotStore snapshots,
            Function<List<Experiment>, Optional<String>> cost) {
        Access access = new Access(config);
        this.stream = new EventStream(state);
        this.host = config.string(Settings.DASHBOARD_HOST);
        int port = config.integer(Settings.DASHBOARD_PORT);
        Api api = new Api(config, state, topics, snapshots, cost);
        this.server = Javalin.create(javalin -> {
            javalin.startup.showJavalinBanner = false;
            javalin.startup.showOldJavalinVersionWarning = false;
            javalin.http.maxRequestSize = MOST_BODY_BYTES;
            javalin.http.generateEtags = true;
            javalin.http.prefer405over404 = true;
            javalin.jetty.threadPool = new QueuedThreadPool(MOST_THREADS, LEAST_THREADS);
            javalin.jetty.modifyServer(jetty -> jetty.setStopTimeout(0));
            javalin.staticFiles.add(files -> {
                files.directory = PAGES;
                files.location = Location.CLASSPATH;
                files.headers = Map.of("Cache-Control", "no-cache");
            });
            for (String library : List.of("uplot", "codemirror")) {
                javalin.staticFiles.add(files -> {
                    files.hostedPath = "/" + library;
                    files.directory = LIBRARIES + library;
                    files.location = Location.CLASSPATH;
                });
            }
            javalin.routes.before(access::check);
            javalin.routes.before(context -> limitChanges(context, access));
            javalin.routes.post("/login", access::login);
            api.addTo(javalin.routes, stream::serve);
            javalin.routes.exception(HttpResponseException.class, DashboardServer::refuse);
            javalin.routes.exception(Exception.class, DashboardServer::fail);
        });
        try {
            server.start(host, port);
        } catch (JavalinBindException e) {
            throw new IllegalStateException(
                    "Cannot serve the dashboard at " + host + ":" + port + " (dashboard.host, dashboard.port): "
                            + e.getMessage(),
                    e);
        }
    }

    /** Of checks of files, and changes each so many; of guesses at the token, so many from an address. */
    private synchronized void limitChanges(Context context, Access access) {
        if (Access.isChange(context)) {
            long now = TimeUnit.NANOSECONDS.toMinutes(System.nanoTime());
            if (now != minute) {
                posts.clear();
                minute = now;
            }
            String kind = context.path().equals("/login")
                    ? "/login " + access.address(context)
                    : context.path().equals("/api/check") ? context.path() : "";
            if (posts.size() > MOST_ADDRESSES && !posts.containsKey(kind)) {
                throw new TooManyRequestsResponse("Too many addresses ask for a login at once.");
            }
            if (posts.merge(kind, 1, Integer::sum) > MOST_CHANGES_A_MINUTE) {
                throw new TooManyRequestsResponse(
                        "More than " + MOST_CHANGES_A_MINUTE + " of these a minute are not taken.");
            }
        }
    }

    private static void refuse(HttpResponseException refusal, Context context) {
        boolean page = context.path().equals("/") || context.path().endsWith(".html");
        if (refusal.getStatus() == 401 && page) {
            context.redirect("/login.html");
            return;
        }
        error(
                context,
                refusal.getStatus(),
                refusal.getMessage(),
                refusal instanceof RefusedFile file ? file.errors() : List.of());
    }

    private static void fail(Exception failure, Context context) {
        log.error("{} {} failed", context.method(), context.path(), failure);
        error(context, 500, String.valueOf(failure.getMessage()), List.of());
    }

    private static void error(Context context, int status, String message, List<RefusedFile.FileError> errors) {
        if (status == HttpStatus.UNAUTHORIZED.getCode()) {
            context.header("WWW-Authenticate", "Bearer realm=\"ROME Stream\"");
        }
        ObjectNode problem = JsonNodeFactory.instance
                .objectNode()
                .put("type", "about:blank")
                .put("title", HttpStatus.forStatus(status).getMessage())
                .put("status", status)
                .put("detail", message)
                .put("error", message);
        errors.forEach(error -> problem.withArrayProperty("errors")
                .addObject()
                .put("line", error.line())
                .put("detail", error.detail()));
        context.status(status).contentType("application/problem+json").result(problem.toString());
    }

    /** Where a browser finds it. */
    public String url() {
        return "http://" + (host.contains(":") ? "[" + host + "]" : host) + ":" + server.port() + "/";
    }

    /** Pages that are open. */
    public int clients() {
        return stream.clients();
    }

    @Override
    public void close() {
        stream.close();
        server.stop();
    }
}
