package dev.romestream.standalone.cli;

import dev.romestream.messaging.topic.TopicNames;
import dev.romestream.schemas.Topic;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code rome topics}. */
@Command(
        name = "topics",
        description = "Lists the topics, their values and how long records are kept.",
        mixinStandardHelpOptions = true)
final class TopicsCommand implements Runnable {
    @Mixin
    private ClusterOptions cluster;

    @Override
    public void run() {
        cluster.refuseExperimentKeys();
        TopicNames names = TopicNames.of(cluster.clusterConfig());
        for (Topic topic : Topic.values()) {
            System.out.printf(
                    "%-28s %-20s %s%n",
                    names.of(topic),
                    topic.isRaw() ? "(raw bytes)" : topic.schema().getName(),
                    topic.kept().name().toLowerCase(Locale.ROOT).replace('_', ' '));
        }
    }
}
