package dev.romestream.messaging.access;

import dev.romestream.messaging.topic.RecordInspector;
import dev.romestream.messaging.topic.TopicNames;
import dev.romestream.schemas.Topic;
import dev.romestream.schemas.WorkGroup;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;

/**
 * What each program needs of the brokers, and no more, where topics and share groups are made by {@code rome topics --create} and
 * {@code topics.create} is false. Reading and writing a topic imply describing it.
 */
@SuppressWarnings("ImmutableEnumChecker") // its collections are of those that nobody changes
public enum ServiceAccess {
    /** Besides, it must be allowed to read the topics that users fill. */
    PRODUCER(
            Set.of(),
            Set.of(Topic.DATASETS, Topic.IMAGE_BATCHES, Topic.WINDOW_LABELS, Topic.EXPERIMENT_STATUS),
            List.of("producers"),
            null) {
        @Override
        void addOwn(List<AclBinding> bindings, String principal, TopicNames names) {
            transactions(bindings, principal, names.prefix() + STREAMS);
        }
    },
    POOL_TRAINER(
            Set.of(Topic.POOL_REQUESTS, Topic.CHUNKS),
            Set.of(Topic.POOL_REQUESTS, Topic.NETWORKS, Topic.CHUNKS),
            List.of(WorkGroup.POOL_TRAINERS.baseName()),
            null),
    DISTILLER(
            Set.of(Topic.DISTILLATION_REQUESTS, Topic.CHUNKS),
            Set.of(
                    Topic.DISTILLATION_REQUESTS,
                    Topic.DISTILLATION_ANSWERS,
                    Topic.POOL_REQUESTS,
                    Topic.PRIOR_REQUESTS,
                    Topic.NETWORKS,
                    Topic.CHUNKS,
                    Topic.CHECKPOINTS,
                    Topic.SYNTHETIC_SNAPSHOTS,
                    Topic.EXPERIMENT_STATUS),
            List.of(WorkGroup.DISTILLERS.baseName()),
            "distiller"),
    ATTACKER(
            Set.of(Topic.PRIOR_REQUESTS, Topic.ATTACK_REQUESTS, Topic.CHUNKS),
            Set.of(
                    Topic.PRIOR_REQUESTS,
                    Topic.ATTACK_REQUESTS,
                    Topic.PRIOR_ANSWERS,
                    Topic.ATTACK_PROGRESS,
                    Topic.PERTURBED_BATCHES),
            List.of(WorkGroup.ATTACKERS.baseName()),
            null),
    EVALUATOR(
            Set.of(Topic.VICTIM_REQUESTS, Topic.PERTURBED_BATCHES, Topic.CHUNKS),
            Set.of(
                    Topic.VICTIM_REQUESTS,
                    Topic.VICTIM_ANSWERS,
                    Topic.EVALUATIONS,
                    Topic.ATTACK_REQUESTS,
                    Topic.ATTACK_PROGRESS,
                    Topic.NETWORKS,
                    Topic.CHUNKS,
                    Topic.ROBUSTNESS_METRICS,
                    Topic.ROBUSTNESS_LATEST,
                    Topic.ROBUSTNESS_FLAT,
                    Topic.ALERTS,
                    Topic.ACTIONS,
                    Topic.SYNTHETIC_SNAPSHOTS,
                    Topic.EXPERIMENT_STATUS),
            List.of(WorkGroup.VICTIM_TRAINERS.baseName(), "scorers", "alert-webhook"),
            "evaluator"),
    /** Sees how far every group is, besides, and so what Streams keeps between its steps. */
    DASHBOARD(Set.of(Topic.values()), Set.of(Topic.EXPERIMENTS), List.of(), null) {
        @Override
        void addOwn(List<AclBinding> bindings, String principal, TopicNames names) {
            bindings.add(binding(
                    principal, ResourceType.GROUP, names.prefix(), PatternType.PREFIXED, AclOperation.DESCRIBE));
            for (ServiceAccess other : values()) {
                other.stream.ifPresent(application -> bindings.add(binding(
                        principal,
                        ResourceType.TOPIC,
                        names.prefix() + application + "-",
                        PatternType.PREFIXED,
                        AclOperation.READ)));
            }
        }
    },
    /** The command line on a cluster: whoever has it may begin and end experiments, bring networks and sets, and replay dead letters. */
    ROME(Set.of(Topic.values()), Set.of(Topic.values()), List.of(), null);

    /** Prefix of the transactional ids with which windows of streams are written. */
    public static final String STREAMS = "streams";

    /** What became of records that were not processed. */
    private static final Set<Topic> OF_ALL = Set.of(Topic.DEAD_LETTERS, Topic.LOST_DELIVERIES);

    private final Set<Topic> reads;
    private final Set<Topic> writes;
    private final List<String> groups;
    private final Optional<String> stream;

    /** @param stream the base name of its Streams application; null where it has none */
    ServiceAccess(Set<Topic> reads, Set<Topic> writes, List<String> groups, String stream) {
        this.reads = reads;
        this.writes = writes;
        this.groups = groups;
        this.stream = Optional.ofNullable(stream);
    }

    /** The program's name, with hyphens. */
    public String program() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** Allows this to {@code principal}, as {@code User:NAME}, from every host. */
    public List<AclBinding> bindings(String principal, TopicNames names) {
        List<AclBinding> bindings = new ArrayList<>();
        Set<Topic> read = EnumSet.copyOf(RecordInspector.topics());
        read.addAll(OF_ALL);
        read.addAll(reads);
        read.forEach(topic -> bindings.add(topic(principal, names.of(topic), AclOperation.READ)));
        Set<Topic> written = EnumSet.copyOf(OF_ALL);
        written.addAll(writes);
        written.forEach(topic -> bindings.add(topic(principal, names.of(topic), AclOperation.WRITE)));
        bindings.add(group(principal, names.prefix() + RecordInspector.GROUP));
        groups.forEach(group -> bindings.add(group(principal, names.prefix() + group)));
        transactions(bindings, principal, names.prefix() + RecordInspector.TRANSACTIONS);
        stream.map(name -> names.prefix() + name).ifPresent(application -> {
            bindings.add(group(principal, application));
            transactions(bindings, principal, application);
            // its changelogs and repartitioned topics, which Streams makes and cleans itself
            for (AclOperation operation : List.of(
                    AclOperation.CREATE,
                    AclOperation.READ,
                    AclOperation.WRITE,
                    AclOperation.DELETE,
                    AclOperation.DESCRIBE_CONFIGS)) {
                bindings.add(
                        binding(principal, ResourceType.TOPIC, application + "-", PatternType.PREFIXED, operation));
            }
        });
        addOwn(bindings, principal, names);
        return bindings;
    }

    void addOwn(List<AclBinding> bindings, String principal, TopicNames names) {}

    private static void transactions(List<AclBinding> bindings, String principal, String prefix) {
        for (AclOperation operation : List.of(AclOperation.DESCRIBE, AclOperation.WRITE)) {
            bindings.add(
                    binding(principal, ResourceType.TRANSACTIONAL_ID, prefix + "-", PatternType.PREFIXED, operation));
        }
    }

    private static AclBinding topic(String principal, String name, AclOperation operation) {
        return binding(principal, ResourceType.TOPIC, name, PatternType.LITERAL, operation);
    }

    private static AclBinding group(String principal, String id) {
        return binding(principal, ResourceType.GROUP, id, PatternType.LITERAL, AclOperation.READ);
    }

    static AclBinding binding(
            String principal, ResourceType type, String name, PatternType pattern, AclOperation operation) {
        return new AclBinding(
                new ResourcePattern(type, name, pattern),
                new AccessControlEntry(principal, "*", operation, AclPermissionType.ALLOW));
    }
}
