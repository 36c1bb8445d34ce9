package dev.romestream.dashboard.live;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.romestream.dashboard.live.LiveState.Changes;
import dev.romestream.dashboard.live.LiveState.Entry;
import dev.romestream.dashboard.live.LiveState.Kind;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class LiveStateTest {
    private static final int MOST = 1_000;

    private final LiveState state = new LiveState();

    private void put(String key, Object value) {
        state.put(Kind.EXPERIMENT, key, key, value);
    }

    @Test
    void whoFollowsGetsTheNewestOfWhatChangedSince() {
        put("a", 1);
        put("b", 1);
        Changes first = state.since(0, entry -> true, MOST);
        assertThat(first.whole()).isTrue();
        assertThat(first.entries()).extracting(Entry::key).containsExactly("a", "b");
        for (int value = 2; value < 100; value++) {
            put("a", value);
        }
        Changes second = state.since(first.change(), entry -> true, MOST);
        assertThat(second.whole()).isFalse();
        assertThat(second.entries()).singleElement().satisfies(entry -> {
            assertThat(entry.key()).isEqualTo("a");
            assertThat(new String(entry.json(), UTF_8)).isEqualTo("99");
        });
        assertThat(state.since(second.change(), entry -> true, MOST).entries()).isEmpty();
    }

    @Test
    void whatIsMuchComesInParts() {
        for (int i = 0; i < 5; i++) {
            put("key-" + i, i);
        }
        Changes first = state.since(0, entry -> true, 2);
        assertThat(first.whole()).isTrue();
        assertThat(first.more()).isTrue();
        put("key-0", "newer");
        Changes second = state.since(first.change(), entry -> true, 3);
        assertThat(second.whole()).isFalse();
        assertThat(second.more()).isTrue();
        Changes third = state.since(second.change(), entry -> true, 3);
        assertThat(third.more()).isFalse();
        assertThat(java.util.stream.Stream.of(first, second, third)
                        .flatMap(part -> part.entries().stream())
                        .map(Entry::key))
                .containsExactly("key-0", "key-1", "key-2", "key-3", "key-4", "key-0");
    }

    @Test
    void whatIsPutAgainUnchangedIsNoChange() {
        put("a", 1);
        long change = state.since(0, entry -> true, MOST).change();
        put("a", 1);
        assertThat(state.since(0, entry -> true, MOST).change()).isEqualTo(change);
    }

    @Test
    void whatIsRemovedIsTold() {
        put("a", 1);
        long before = state.since(0, entry -> true, MOST).change();
        state.remove(Kind.EXPERIMENT, "a", "a");
        assertThat(state.since(before, entry -> true, MOST).entries())
                .singleElement()
                .satisfies(entry -> assertThat(entry.json()).isNull());
        assertThat(state.since(0, entry -> true, MOST).entries())
                .as("and is not part of the whole")
                .isEmpty();
    }

    @Test
    void whoKnowsLessThanIsRememberedGetsTheWhole() {
        put("kept", 1);
        long before = state.since(0, entry -> true, MOST).change();
        for (int i = 0; i < 10_002; i++) {
            put("gone-" + i, 1);
            state.remove(Kind.EXPERIMENT, "gone-" + i, "");
        }
        Changes late = state.since(before, entry -> true, MOST);
        assertThat(late.whole()).isTrue();
        assertThat(late.entries()).extracting(Entry::key).containsExactly("kept");
        long newest = late.change();
        assertThat(state.since(newest + 1, entry -> true, MOST).whole())
                .as("a change that this state has not made")
                .isTrue();
    }

    @Test
    void waitingEndsWithAChange() throws Exception {
        Thread writer = new Thread(() -> put("a", 1));
        writer.start();
        state.awaitChange(0, Duration.ofSeconds(30));
        writer.join();
        assertThat(new String(state.json(Kind.EXPERIMENT, "a"), UTF_8)).isEqualTo("1");
    }
}
