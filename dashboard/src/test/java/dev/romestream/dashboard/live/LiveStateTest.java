package dev.romestream.dashboard.live;

import static org.assertj.core.api.Assertions.assertThat;

import dev.romestream.dashboard.live.LiveState.Changes;
import dev.romestream.dashboard.live.LiveState.Entry;
import dev.romestream.dashboard.live.LiveState.Kind;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class LiveStateTest {
    private final LiveState state = new LiveState();

    private void put(String key, Object value) {
        state.put(Kind.EXPERIMENT, key, key, value);
    }

    @Test
    void whoFollowsGetsTheNewestOfWhatChangedSince() {
        put("a", 1);
        put("b", 1);
        Changes first = state.since(0, entry -> true);
        assertThat(first.whole()).isTrue();
        assertThat(first.entries()).extracting(Entry::key).containsExactly("a", "b");
        for (int value = 2; value < 100; value++) {
            put("a", value);
        }
        Changes second = state.since(first.change(), entry -> true);
        assertThat(second.whole()).isFalse();
        assertThat(second.entries()).singleElement().satisfies(entry -> {
            assertThat(entry.key()).isEqualTo("a");
            assertThat(entry.value()).isEqualTo(99);
        });
        assertThat(state.since(second.change(), entry -> true).entries()).isEmpty();
    }

    @Test
    void whatIsPutAgainUnchangedIsNoChange() {
        put("a", 1);
        long change = state.since(0, entry -> true).change();
        put("a", 1);
        assertThat(state.since(0, entry -> true).change()).isEqualTo(change);
    }

    @Test
    void whatIsRemovedIsTold() {
        put("a", 1);
        long before = state.since(0, entry -> true).change();
        state.remove(Kind.EXPERIMENT, "a", "a");
        assertThat(state.since(before, entry -> true).entries())
                .singleElement()
                .satisfies(entry -> assertThat(entry.value()).isNull());
        assertThat(state.since(0, entry -> true).entries())
                .as("and is not part of the whole")
                .isEmpty();
    }

    @Test
    void whoKnowsLessThanIsRememberedGetsTheWhole() {
        put("kept", 1);
        long before = state.since(0, entry -> true).change();
        for (int i = 0; i < 10_002; i++) {
            put("gone-" + i, 1);
            state.remove(Kind.EXPERIMENT, "gone-" + i, "");
        }
        Changes late = state.since(before, entry -> true);
        assertThat(late.whole()).isTrue();
        assertThat(late.entries()).extracting(Entry::key).containsExactly("kept");
        long newest = late.change();
        assertThat(state.since(newest + 1, entry -> true).whole())
                .as("a change that this state has not made")
                .isTrue();
    }

    @Test
    void waitingEndsWithAChange() throws Exception {
        Thread writer = new Thread(() -> put("a", 1));
        writer.start();
        state.awaitChange(0, Duration.ofSeconds(30));
        writer.join();
        assertThat(state.get(Kind.EXPERIMENT, "a")).isEqualTo(1);
    }
}
