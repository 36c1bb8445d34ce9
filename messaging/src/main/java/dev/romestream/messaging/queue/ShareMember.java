package dev.romestream.messaging.queue;

import dev.romestream.messaging.config.KafkaClients;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.AcknowledgeType;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A member of a share group: acquires one record at a time, and keeps or returns its lock. For use by one thread. */
final class ShareMember implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(ShareMember.class);
    /** Within it, a poll notices that the queue closes. */
    private static final Duration POLL = Duration.ofMillis(500);
    /** A commit that takes longer would cost the next renewal. */
    private static final Duration COMMIT = Duration.ofSeconds(3);
    /** Time to leave the group: without brokers, it is no use waiting for longer. */
    private static final Duration LEAVE = Duration.ofSeconds(5);
    /** The brokers' own, until they have told theirs. */
    private static final int USUAL_LOCK_MS = 15_000;

    /** Settings of consumers that a share consumer refuses, where they are given for all consumers; and its own deserializer. */
    private static final Set<String> NOT_OF_SHARE_GROUPS = Set.of(
            "auto.offset.reset",
            "enable.auto.commit",
            "group.instance.id",
            "isolation.level",
            "partition.assignment.strategy",
            "interceptor.classes",
            "session.timeout.ms",
            "heartbeat.interval.ms",
            "group.protocol",
            "group.remote.assignor",
            "value.deserializer");

    private final KafkaShareConsumer<String, byte[]> consumer;
    private final Consumer<Place> comesBack;
    /** Records that are done or given up, whose acknowledgement the broker has not answered yet. */
    private final Set<Place> finished = new HashSet<>();

    /** @param comesBack is told of records that are done or given up, and that the broker gives out again all the same */
    ShareMember(
            KafkaClients clients,
            String name,
            Map<String, Object> settings,
            List<String> topics,
            Consumer<Place> comesBack) {
        this.comesBack = comesBack;
        this.consumer = clients.shareConsumer(
                name, new HashMap<>(settings), new StringDeserializer(), new ByteArrayDeserializer());
        consumer.setAcknowledgementCommitCallback(this::answered);
        consumer.subscribe(topics);
    }

    /** A consumer's settings as a member's of this group. */
    static Map<String, Object> settings(Map<String, Object> consumer, String groupId) {
        Map<String, Object> settings = new HashMap<>(consumer);
        settings.keySet().removeAll(NOT_OF_SHARE_GROUPS);
        settings.put("group.id", groupId);
        settings.put("share.acknowledgement.mode", "explicit");
        settings.put("share.acquire.mode", "record_limit");
        settings.put("max.poll.records", 1);
        return settings;
    }

    /** The next record, or none; each is to be settled before the next call. */
    ConsumerRecords<String, byte[]> poll() {
        return consumer.poll(POLL);
    }

    long lockMs() {
        return consumer.acquisitionLockTimeoutMs().orElse(USUAL_LOCK_MS);
    }

    /**
     * Returns a record at once, or acknowledges what was done or given up together with the next poll; where the broker does not take
     * that, the record comes back, but not the work.
     */
    void settle(ConsumerRecord<String, byte[]> record, AcknowledgeType type) {
        if (type == AcknowledgeType.RELEASE) {
            isTaken(record, type);
        } else {
            finished.add(Place.of(record));
            consumer.acknowledge(record, type);
        }
    }

    /**
     * Asks for more time. A poll that is to renew would also acquire the next record, whose lock would then run out in the
     * client's buffer; after the commit, it gives the renewed record back and fetches nothing.
     */
    boolean isRenewed(ConsumerRecord<String, byte[]> record) {
        return isTaken(record, AcknowledgeType.RENEW) && !consumer.poll(POLL).isEmpty();
    }

    /** Whether the broker took the acknowledgement: it does not where the lock had run out. */
    private boolean isTaken(ConsumerRecord<String, byte[]> record, AcknowledgeType type) {
        consumer.acknowledge(record, type);
        Optional<KafkaException> failure = consumer.commitSync(COMMIT).values().stream()
                .flatMap(Optional::stream)
                .findFirst();
        failure.ifPresent(reason -> log.warn(
                "{} {} comes back, because the broker did not take its {}: {}",
                record.topic(),
                record.offset(),
                type,
                reason.getMessage()));
        return failure.isEmpty();
    }

    /** The broker's answer to acknowledgements of any kind. */
    private void answered(Map<TopicIdPartition, Set<Long>> offsets, Exception failure) {
        offsets.forEach((partition, those) -> those.stream()
                .map(offset -> Place.of(partition, offset))
                .filter(finished::remove)
                .filter(place -> failure != null)
                .forEach(place -> {
                    log.warn("{} comes back, though it is done: {}", place.key(), failure.getMessage());
                    comesBack.accept(place);
                }));
    }

    @Override
    public void close() {
        try {
            consumer.close(LEAVE);
        } catch (KafkaException e) {
            log.info("The group was not left cleanly: {}", e.getMessage());
        }
        finished.forEach(comesBack);
    }
}
