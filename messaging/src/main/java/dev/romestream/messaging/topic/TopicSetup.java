package dev.romestream.messaging.topic;

import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.config.Settings;
import dev.romestream.messaging.failure.UnavailableException;
import dev.romestream.messaging.registry.RegistryException;
import dev.romestream.messaging.registry.SchemaRegistryClient;
import dev.romestream.messaging.serde.SubjectNameStrategy;
import dev.romestream.schemas.InternalRecords;
import dev.romestream.schemas.Topic;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;
import org.apache.avro.Schema;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/** Makes a cluster ready for the services: its topics and their schemas. Doing so again changes nothing. */
public final class TopicSetup {
    private static final int COMMAND_PATIENCE_MS = 15_000;

    private TopicSetup() {}

    /**
     * Creates topics and registers schemas, or looks whether they are there where {@code topics.create} or
     * {@code auto.register.schemas} is false.
     *
     * @throws UnavailableException where something is not there that is not to be made here
     * @throws KafkaException where the brokers refuse or do not answer
     */
    public static void ensure(RomeConfig config) {
        try (Admin admin = config.clients().admin("setup", config.admin())) {
            if (config.flag(Settings.TOPICS_CREATE)) {
                createTopics(admin, config);
            } else {
                requireTopics(admin, config);
            }
        }
        SchemaRegistryClient registry = new SchemaRegistryClient(config.serde());
        subjects(config).entrySet().parallelStream().forEach(subject -> {
            if (config.registersSchemas()) {
                register(config, registry, subject.getKey(), subject.getValue());
            } else {
                requireSchema(config, registry, subject.getKey(), subject.getValue());
            }
        });
    }

    /**
     * Looks whether there are topics, for a command that would read them.
     *
     * @throws UnavailableException where there are none under the prefix, or the brokers do not answer
     */
    public static void requireAny(RomeConfig config) {
        Map<String, Object> settings = config.admin();
        settings.putIfAbsent(AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, COMMAND_PATIENCE_MS);
        settings.putIfAbsent(AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG, COMMAND_PATIENCE_MS);
        String topic = TopicNames.of(config).of(Topic.EXPERIMENTS);
        try (Admin admin = config.clients().admin("setup", settings)) {
            failure(admin.describeTopics(List.of(topic)).topicNameValues().get(topic))
                    .ifPresent(reason -> {
                        if (reason instanceof UnknownTopicOrPartitionException) {
                            throw new UnavailableException(
                                    "There is no topic " + topic + " at " + config.bootstrapServers()
                                            + ": either " + Settings.TOPIC_PREFIX
                                            + " is another, or nothing has been set up yet (rome topics --create, or a service)");
                        } else if (!(reason instanceof AuthorizationException)) {
                            throw new UnavailableException("The brokers at " + config.bootstrapServers()
                                    + " do not answer: " + reason.getMessage());
                        }
                    });
        }
    }

    private static Map<String, Schema> subjects(RomeConfig config) {
        SubjectNameStrategy strategy = SubjectNameStrategy.of(config.serde(), false);
        TopicNames names = TopicNames.of(config);
        Map<String, Schema> subjects = new HashMap<>();
        for (Topic topic : Topic.values()) {
            if (!topic.isRaw()) {
                subjects.put(strategy.subject(names.of(topic), false, topic.schema()), topic.schema());
            }
        }
        InternalRecords.SCHEMAS.forEach(
                schema -> subjects.put(SubjectNameStrategy.RECORD.subject("", false, schema), schema));
        return subjects;
    }

    private static void register(RomeConfig config, SchemaRegistryClient registry, String subject, Schema schema) {
        String level = config.string(Settings.SCHEMA_COMPATIBILITY);
        if (!level.isEmpty()) {
            registry.requireCompatibility(subject, level);
        }
        registry.register(subject, schema);
    }

    /** The one that serializers look for: the newest, or the very schema of this version. */
    private static void requireSchema(RomeConfig config, SchemaRegistryClient registry, String subject, Schema schema) {
        try {
            if (config.writesLatestSchemas()) {
                registry.latest(subject);
            } else {
                registry.id(subject, schema);
            }
        } catch (RegistryException e) {
            throw new UnavailableException(
                    "the subject " + subject + " has not the schema that is needed (" + e.getMessage()
                            + "); auto.register.schemas is false: run rome topics --create, or register it",
                    e);
        }
    }

    private static void createTopics(Admin admin, RomeConfig config) {
        TopicNames names = TopicNames.of(config);
        List<NewTopic> wanted = new ArrayList<>();
        for (Topic topic : Topic.values()) {
            int partitions =
                    switch (topic.spread()) {
                        case ONE -> 1;
                        case MANY -> config.integer(Settings.TOPIC_PARTITIONS);
                        case WORK ->
                            config.string(Settings.QUEUE_TYPE).equals("share")
                                    ? 1
                                    : config.integer(Settings.TOPIC_PARTITIONS);
                    };
            short replication = (short) config.integer(Settings.TOPIC_REPLICATION);
            wanted.add(new NewTopic(names.of(topic), partitions, replication).configs(topic.settings()));
        }
        admin.createTopics(wanted).values().forEach((topic, created) -> failure(created)
                .filter(reason -> !(reason instanceof TopicExistsException))
                .ifPresent(reason -> {
                    throw new KafkaException(
                            "Cannot create the topic " + topic + ": " + reason.getMessage()
                                    + (reason instanceof AuthorizationException
                                            ? " Allow it, or set topics.create=false and run rome topics --create."
                                            : ""),
                            reason);
                }));
    }

    /** What this client may not see is left to those that use it. */
    private static void requireTopics(Admin admin, RomeConfig config) {
        List<String> names =
                Stream.of(Topic.values()).map(TopicNames.of(config)::of).toList();
        List<String> missing = new ArrayList<>();
        admin.describeTopics(names).topicNameValues().forEach((topic, description) -> failure(description)
                .ifPresent(reason -> {
                    if (reason instanceof UnknownTopicOrPartitionException) {
                        missing.add(topic);
                    } else if (!(reason instanceof AuthorizationException)) {
                        throw new KafkaException(
                                "Cannot look at the topic " + topic + ": " + reason.getMessage(), reason);
                    }
                }));
        if (!missing.isEmpty()) {
            throw new UnavailableException("there are no topics " + missing
                    + ", and topics.create is false: run rome topics --create, or create them");
        }
    }

    private static Optional<Throwable> failure(KafkaFuture<?> done) {
        try {
            done.get();
            return Optional.empty();
        } catch (InterruptedException e) {
            throw new InterruptException(e);
        } catch (ExecutionException e) {
            return Optional.of(e.getCause());
        }
    }
}
