package dev.romestream.messaging.topic;

import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.config.Settings;
import dev.romestream.schemas.Topic;
import dev.romestream.schemas.WorkGroup;

/** Names of the catalogue's topics on this cluster. */
public record TopicNames(String prefix) {
    public static TopicNames of(RomeConfig config) {
        return new TopicNames(config.string(Settings.TOPIC_PREFIX));
    }

    public String of(Topic topic) {
        return prefix + topic.baseName();
    }

    /** The id of a group. */
    public String of(WorkGroup group) {
        return prefix + group.baseName();
    }
}
