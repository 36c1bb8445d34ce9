package dev.romestream.messaging.topic;

import java.time.Duration;

/** What is known of a topic by following it. */
public interface TopicView extends AutoCloseable {
    /** Who follows the topic. */
    TopicReader reader();

    /** As {@link TopicReader#awaitCaughtUp()}. */
    default void awaitCaughtUp() {
        reader().awaitCaughtUp();
    }

    /** As {@link TopicReader#awaitCaughtUp(Duration)}. */
    default void awaitCaughtUp(Duration limit) {
        reader().awaitCaughtUp(limit);
    }

    /** As {@link TopicReader#awaitCurrent}. */
    default void awaitCurrent(Duration limit) {
        reader().awaitCurrent(limit);
    }

    /** As {@link TopicReader#throwFailure}. */
    default void throwFailure() {
        reader().throwFailure();
    }

    /** Whether it still follows the topic. */
    default boolean isAlive() {
        try {
            throwFailure();
            return true;
        } catch (IllegalStateException e) {
            return false;
        }
    }

    @Override
    void close();
}
