package dev.romestream.schemas;

import java.util.List;

/** The groups of workers, and the topics with their work. Names carry the topics' prefix. */
public enum WorkGroup {
    DISTILLERS("distillers", Topic.DISTILLATION_REQUESTS),
    POOL_TRAINERS("pool-trainers", Topic.POOL_REQUESTS),
    VICTIM_TRAINERS("victim-trainers", Topic.VICTIM_REQUESTS),
    ATTACKERS("attackers", Topic.PRIOR_REQUESTS, Topic.ATTACK_REQUESTS);

    private final String baseName;
    private final List<Topic> topics;

    WorkGroup(String baseName, Topic... topics) {
        this.baseName = baseName;
        this.topics = List.of(topics);
    }

    /** The name without the prefix. */
    public String baseName() {
        return baseName;
    }

    public List<Topic> topics() {
        return topics;
    }
}
