package dev.romestream.messaging.queue;

import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.config.Settings;
import dev.romestream.messaging.failure.Backoff;
import dev.romestream.messaging.topic.TopicNames;
import dev.romestream.schemas.WorkGroup;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.InvalidConfigurationException;
import org.apache.kafka.common.errors.RetriableException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Settings of the share groups, which the brokers keep. */
public final class ShareGroups {
    private static final Logger log = LoggerFactory.getLogger(ShareGroups.class);
    private static final Duration FOR_EVER = Duration.ofMillis(-1);
    /** A dead worker's partitions are another's after so long. */
    private static final int SESSION_MS = 10_000;

    /** The broker's limit; it gives a record up without a word beyond. */
    static final int DELIVERY_LIMIT = 10;

    private ShareGroups() {}

    /**
     * Sets a group up: it reads what was there before it, only what is committed, and waits no longer than needed for a dead worker.
     *
     * @throws KafkaException where the brokers have no share groups, or do not let this be set
     */
    public static void configure(RomeConfig config, WorkGroup group) {
        String groupId = TopicNames.of(config).of(group);
        Backoff.await(config.outages(), "the brokers", FOR_EVER, () -> {
            try (Admin admin = config.clients().admin("groups", config.admin())) {
                Map<String, Object> needed = Map.of(
                        "share.auto.offset.reset",
                        "earliest",
                        "share.isolation.level",
                        "read_committed",
                        "share.delivery.count.limit",
                        DELIVERY_LIMIT);
                alter(admin, groupId, needed);
                shorten(admin, groupId, "share.record.lock.duration.ms", config.integer(Settings.QUEUE_LOCK));
                shorten(admin, groupId, "share.session.timeout.ms", SESSION_MS);
                return true;
            }
        });
    }

    /** Leaves it to the brokers where they allow no less than they do by themselves. */
    private static void shorten(Admin admin, String groupId, String setting, int wantedMs) {
        try {
            alter(admin, groupId, Map.of(setting, wantedMs));
        } catch (InvalidConfigurationException e) {
            log.info("{} of the group {} is the brokers': {}", setting, groupId, e.getMessage());
            alter(
                    admin,
                    groupId,
                    List.of(new AlterConfigOp(new ConfigEntry(setting, null), AlterConfigOp.OpType.DELETE)));
        }
    }

    private static void alter(Admin admin, String groupId, Map<String, Object> wanted) {
        List<AlterConfigOp> operations = wanted.entrySet().stream()
                .map(entry -> new AlterConfigOp(
                        new ConfigEntry(entry.getKey(), entry.getValue().toString()), AlterConfigOp.OpType.SET))
                .toList();
        alter(admin, groupId, operations);
    }

    private static void alter(Admin admin, String groupId, List<AlterConfigOp> operations) {
        try {
            admin.incrementalAlterConfigs(Map.of(new ConfigResource(ConfigResource.Type.GROUP, groupId), operations))
                    .all()
                    .get();
        } catch (InterruptedException e) {
            throw new InterruptException(e);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof InvalidConfigurationException || e.getCause() instanceof RetriableException) {
                throw (KafkaException) e.getCause();
            }
            throw new KafkaException(
                    e.getCause() instanceof AuthorizationException
                            ? "The group " + groupId + " may not be set up ("
                                    + e.getCause().getMessage()
                                    + "); allow it, or set topics.create=false and run rome topics --create."
                            : "The brokers do not offer share groups ("
                                    + e.getCause().getMessage() + "); set queue.type=consumer for brokers before 4.2.",
                    e.getCause());
        }
    }
}
