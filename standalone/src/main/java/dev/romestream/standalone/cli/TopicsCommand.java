package dev.romestream.standalone.cli;

import dev.romestream.messaging.access.ServiceAccess;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.config.Settings;
import dev.romestream.messaging.queue.ShareGroups;
import dev.romestream.messaging.topic.TopicNames;
import dev.romestream.messaging.topic.TopicSetup;
import dev.romestream.schemas.Topic;
import dev.romestream.schemas.WorkGroup;
import java.util.Locale;
import java.util.Map;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code rome topics}. */
@Command(
        name = "topics",
        description = "Lists the topics, their values and how long records are kept; or makes them.",
        mixinStandardHelpOptions = true)
final class TopicsCommand implements Runnable {
    @Mixin
    private ClusterOptions cluster;

    @ArgGroup
    private Instead instead = new Instead();

    /** What is done instead of listing. */
    private static final class Instead {
        @Option(
                names = "--create",
                description =
                        "Creates those that are missing, registers their schemas and sets the share groups up: for"
                                + " services that may not (topics.create=false, auto.register.schemas=false).")
        private boolean create;

        @Option(
                names = "--acls",
                paramLabel = "PRINCIPAL",
                description =
                        "Prints the kafka-acls.sh options by which each program may do what it needs; its principal is"
                                + " PRINCIPAL and its name, so with User:rome- the attacker's is User:rome-attacker.")
        private String principal;
    }

    @Override
    public void run() {
        cluster.refuseExperimentKeys();
        RomeConfig config = cluster.clusterConfig();
        if (instead.create) {
            create(config);
        } else if (instead.principal != null) {
            printAccess(TopicNames.of(config));
        } else {
            list(TopicNames.of(config));
        }
    }

    private static void list(TopicNames names) {
        for (Topic topic : Topic.values()) {
            System.out.printf(
                    "%-28s %-20s %s%n",
                    names.of(topic),
                    topic.isRaw() ? "(raw bytes)" : topic.schema().getName(),
                    topic.kept().name().toLowerCase(Locale.ROOT).replace('_', ' '));
        }
    }

    private static void create(RomeConfig config) {
        try {
            TopicSetup.ensure(config.with(Map.of(Settings.TOPICS_CREATE, "true", Settings.REGISTER_SCHEMAS, "true")));
            if (config.string(Settings.QUEUE_TYPE).equals("share")) {
                for (WorkGroup group : WorkGroup.values()) {
                    ShareGroups.configure(config, group);
                }
            }
        } catch (KafkaException e) {
            throw new FailureException(e.getMessage());
        }
        System.out.printf(
                "%d topics, their schemas and %d share groups are ready under %s.%n",
                Topic.values().length,
                WorkGroup.values().length,
                TopicNames.of(config).prefix());
    }

    private void printAccess(TopicNames names) {
        if (!instead.principal.matches("[A-Za-z]+:\\S*")) {
            throw new UsageException("--acls takes a principal's beginning with its type, as User:rome-; given is '"
                    + instead.principal + "'.");
        }
        for (ServiceAccess access : ServiceAccess.values()) {
            System.out.println("# " + access.program());
            access.bindings(instead.principal + access.program(), names)
                    .forEach(binding -> System.out.println(options(binding)));
        }
    }

    private static String options(AclBinding binding) {
        ResourcePattern pattern = binding.pattern();
        return "--add --allow-principal " + binding.entry().principal() + " --operation "
                + word(binding.entry().operation()) + " --" + word(pattern.resourceType()) + " " + pattern.name()
                + (pattern.patternType() == PatternType.PREFIXED ? " --resource-pattern-type prefixed" : "");
    }

    private static String word(Enum<?> constant) {
        StringBuilder word = new StringBuilder();
        for (String part : constant.name().split("_")) {
            word.append(part.charAt(0)).append(part.substring(1).toLowerCase(Locale.ROOT));
        }
        return constant instanceof org.apache.kafka.common.acl.AclOperation
                ? word.toString()
                : constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
