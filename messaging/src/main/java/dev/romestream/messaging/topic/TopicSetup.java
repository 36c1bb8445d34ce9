package dev.romestream.messaging.topic;

import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.registry.SchemaRegistryClient;
import dev.romestream.schemas.Topic;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.TopicExistsException;

/** Creates the topics of the catalogue, each with its own settings, and registers their schemas. Doing so again changes nothing. */
public final class TopicSetup {
    private TopicSetup() {}

    /**
     * Makes the cluster ready for the services.
     *
     * @throws KafkaException where the brokers refuse or do not answer
     */
    public static void ensure(RomeConfig config) {
        try (Admin admin = Admin.create(config.admin())) {
            createTopics(admin, config);
        }
        SchemaRegistryClient registry = new SchemaRegistryClient(config.serde());
        TopicNames names = TopicNames.of(config);
        Stream.of(Topic.values()).parallel().filter(topic -> !topic.isRaw()).forEach(topic -> {
            String subject = names.of(topic) + "-value";
            registry.requireBackwardCompatibility(subject);
            registry.register(subject, topic.schema());
        });
    }

    private static void createTopics(Admin admin, RomeConfig config) {
        TopicNames names = TopicNames.of(config);
        List<NewTopic> wanted = new ArrayList<>();
        for (Topic topic : Topic.values()) {
            int partitions = topic.spread() == Topic.Spread.MANY ? config.integer(RomeConfig.TOPIC_PARTITIONS) : 1;
            short replication = (short) config.integer(RomeConfig.TOPIC_REPLICATION);
            wanted.add(new NewTopic(names.of(topic), partitions, replication).configs(topic.settings()));
        }
        for (Map.Entry<String, KafkaFuture<Void>> created :
                admin.createTopics(wanted).values().entrySet()) {
            await(created.getKey(), created.getValue());
        }
    }

    private static void await(String topic, KafkaFuture<Void> created) {
        try {
            created.get();
        } catch (InterruptedException e) {
            throw new InterruptException(e);
        } catch (ExecutionException e) {
            if (!(e.getCause() instanceof TopicExistsException)) {
                throw new KafkaException(
                        "Cannot create the topic " + topic + ": " + e.getCause().getMessage(), e.getCause());
            }
        }
    }
}
