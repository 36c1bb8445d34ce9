package dev.romestream.dashboard.web;

import static dev.romestream.dashboard.web.Api.answerWith;
import static dev.romestream.dashboard.web.Api.body;
import static dev.romestream.dashboard.web.Shape.list;
import static dev.romestream.dashboard.web.Shape.map;
import static dev.romestream.dashboard.web.Shape.object;
import static dev.romestream.dashboard.web.Shape.text;
import static dev.romestream.dashboard.web.Shape.whole;

import dev.romestream.client.result.DeadLetterBox;
import dev.romestream.dashboard.live.LiveState;
import dev.romestream.dashboard.live.LiveState.Kind;
import dev.romestream.dashboard.live.TopicsView;
import dev.romestream.messaging.config.RomeConfig;
import io.javalin.http.ConflictResponse;
import io.javalin.http.Context;
import io.javalin.http.NotFoundResponse;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Dead letters are listed, shown and replayed. */
final class DeadLetterRequests {
    private final RomeConfig config;
    private static final int MOST_AT_ONCE = 1000;
    private static final int MOST_REMEMBERED = 100_000;

    private final LiveState state;
    /** Letters that were written again here, the last ones of them. */
    private final Set<String> done = Collections.synchronizedSet(Collections.newSetFromMap(new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
            return size() > MOST_REMEMBERED;
        }
    }));

    DeadLetterRequests(RomeConfig config, LiveState state) {
        this.config = config;
        this.state = state;
    }

    List<Route> routes() {
        return List.of(
                Route.get("/api/dead-letters", "Dead letters by topic and cause, and the newest.", this::deadLetters)
                        .answers(object().with("counts", map(map(whole())))
                                .with("newest", list(ApiSchemas.LETTER))
                                .schema()),
                Route.get("/api/dead-letters/{id}", "What is in a dead letter.", this::deadLetter)
                        .answers(ApiSchemas.letter().with("content", text()).schema()),
                Route.post(
                                "/api/dead-letters/replay",
                                "Writes dead letters of a topic and cause to their topic again, up to 1,000 at a time, and tells how many are left and which were refused.",
                                Map.of("topic", "That they came from.", "cause", "The class of what was thrown."),
                                this::replayAll)
                        .answers(object().with("replayed", whole())
                                .with("left", whole())
                                .with(
                                        "refused",
                                        list(object().with("id", text())
                                                .with("reason", text())
                                                .schema()))
                                .schema()),
                Route.post(
                                "/api/dead-letters/{id}/replay",
                                "Writes a dead letter to its topic again.",
                                Map.of(),
                                this::replay)
                        .answers(object().with("place", text()).schema()));
    }

    private void deadLetters(Context context) {
        Api.answer(context, state.json(Kind.DEAD_LETTERS, ""));
    }

    private static DeadLetterBox.Letter letter(DeadLetterBox box, Context context) {
        String id = context.pathParam("id");
        return box.letter(id).orElseThrow(() -> new NotFoundResponse("There is no dead letter '" + id + "'."));
    }

    private void deadLetter(Context context) {
        try (DeadLetterBox box = new DeadLetterBox(config)) {
            DeadLetterBox.Letter letter = letter(box, context);
            Map<String, Object> values = TopicsView.head(letter);
            values.put("content", box.content(letter));
            answerWith(context, values);
        }
    }

    private void replay(Context context) {
        try (DeadLetterBox box = new DeadLetterBox(config)) {
            answerWith(context, Map.of("place", box.replay(letter(box, context))));
        } catch (IllegalArgumentException e) {
            throw new ConflictResponse(e.getMessage());
        }
    }

    private void replayAll(Context context) {
        String topic = body(context).path("topic").asText("");
        String cause = body(context).path("cause").asText("");
        try (DeadLetterBox box = new DeadLetterBox(config)) {
            DeadLetterBox.Replayed replayed = box.replayAll(topic, cause, done, MOST_AT_ONCE);
            answerWith(
                    context,
                    Map.of(
                            "replayed",
                            replayed.written(),
                            "left",
                            replayed.left(),
                            "refused",
                            replayed.refused().entrySet().stream()
                                    .map(one -> Map.of("id", one.getKey(), "reason", one.getValue()))
                                    .toList()));
        }
    }
}
