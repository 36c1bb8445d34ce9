package dev.romestream.messaging.topic;

import dev.romestream.messaging.config.RomeConfig;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.TimeoutException;

/**
 * How many partitions a topic has at the moment. What a consumer knows of it may be seconds old, and a record that was written to a
 * partition that was added meanwhile is not missing. Safe for use by one thread at a time.
 */
final class PartitionCount implements AutoCloseable {
    private static final int LIMIT_SECONDS = 30;

    private final RomeConfig config;
    private final String topic;
    /** Few ever need it. */
    private Admin admin;

    PartitionCount(RomeConfig config, String topic) {
        this.config = config;
        this.topic = topic;
    }

    /** @throws KafkaException as the brokers refuse, or do not answer */
    int now() {
        if (admin == null) {
            admin = config.clients().admin("partitions", config.admin());
        }
        try {
            return admin.describeTopics(List.of(topic))
                    .topicNameValues()
                    .get(topic)
                    .get(LIMIT_SECONDS, TimeUnit.SECONDS)
                    .partitions()
                    .size();
        } catch (InterruptedException e) {
            throw new InterruptException(e);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof KafkaException refusal ? refusal : new KafkaException(e.getCause());
        } catch (java.util.concurrent.TimeoutException e) {
            throw new TimeoutException(
                    "The brokers did not tell within " + LIMIT_SECONDS + " s of the partitions of " + topic + ".", e);
        }
    }

    @Override
    public void close() {
        if (admin != null) {
            admin.close(Duration.ZERO);
        }
    }
}
