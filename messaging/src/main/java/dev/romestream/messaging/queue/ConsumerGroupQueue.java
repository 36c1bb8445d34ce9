package dev.romestream.messaging.queue;

import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.failure.Fault;
import dev.romestream.messaging.thread.ServiceThread;
import dev.romestream.messaging.topic.TopicNames;
import dev.romestream.schemas.Topic;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.RebalanceInProgressException;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A work queue on a consumer group, for brokers without share groups: at most one worker a partition. Polling goes on beside the
 * work, with all partitions paused, so that members come and go whatever the work takes.
 */
final class ConsumerGroupQueue implements WorkQueue {
    private static final Logger log = LoggerFactory.getLogger(ConsumerGroupQueue.class);
    private static final Duration POLL = Duration.ofMillis(500);
    /** How long a poll beside work may block, and so delay noticing that the work has ended. */
    private static final Duration BESIDE = Duration.ofMillis(1);
    /** Between two polls beside work: well within a heartbeat. */
    private static final long LOOK_MS = 100;

    /** Time to leave the group: without brokers, it is no use waiting for longer. */
    private static final Duration LEAVE = Duration.ofSeconds(5);

    private final KafkaConsumer<String, byte[]> consumer;
    private final FailedWork failedWork;
    private final WorkThread work;
    private final ServiceThread thread;
    private TopicPartition inHand;
    private volatile boolean mine;
    private volatile boolean closed;

    ConsumerGroupQueue(RomeConfig config, String group, List<Topic> topics, Worker worker) {
        TopicNames names = TopicNames.of(config);
        Map<String, Object> settings = config.member(names.prefix() + group);
        settings.put("auto.offset.reset", "earliest");
        settings.put("max.poll.records", 1);
        if (!"consumer".equals(settings.get("group.protocol"))) {
            // a member that joins takes away only what it is to have
            settings.putIfAbsent("partition.assignment.strategy", CooperativeStickyAssignor.class.getName());
        }
        settings.put("isolation.level", "read_committed");
        settings.putIfAbsent("fetch.max.wait.ms", 100);
        this.consumer =
                config.clients().consumer(group, settings, new StringDeserializer(), new ByteArrayDeserializer());
        this.failedWork = new FailedWork(config, worker);
        this.work = new WorkThread(group, worker, config.outages(), () -> closed);
        List<String> topicNames = topics.stream().map(names::of).toList();
        this.thread = ServiceThread.start(group + "-queue", () -> poll(topicNames));
    }

    private void poll(List<String> topics) {
        try {
            consumer.subscribe(topics, new Membership());
            while (!closed) {
                for (ConsumerRecord<String, byte[]> record : consumer.poll(POLL)) {
                    if (!closed && isDone(record)) {
                        commit(record);
                    }
                }
            }
        } catch (WakeupException | InterruptException e) {
            if (!closed) {
                throw e;
            }
        } finally {
            consumer.close(CloseOptions.timeout(LEAVE));
        }
    }

    /** A partition that comes while there is work waits; one that goes takes the record in hand with it. */
    private final class Membership implements ConsumerRebalanceListener {
        @Override
        public void onPartitionsAssigned(Collection<TopicPartition> added) {
            if (inHand != null) {
                consumer.pause(added);
            }
        }

        @Override
        public void onPartitionsRevoked(Collection<TopicPartition> revoked) {
            if (inHand != null && revoked.contains(inHand)) {
                mine = false;
            }
        }
    }

    /** Has a record worked on; false where it is not to be committed, because it went to another worker or the queue closes. */
    private boolean isDone(ConsumerRecord<String, byte[]> record) {
        inHand = new TopicPartition(record.topic(), record.partition());
        mine = true;
        Future<Boolean> outcome = work.submit(() -> handled(record));
        consumer.pause(consumer.assignment());
        try {
            while (true) {
                try {
                    return work.await(outcome, LOOK_MS) && mine && !closed;
                } catch (TimeoutException e) {
                    if (closed) {
                        return false;
                    }
                    consumer.poll(BESIDE);
                } catch (ExecutionException e) {
                    closed |= e.getCause() instanceof CancellationException;
                    if (closed) {
                        return false;
                    }
                    throw WorkThread.sick(e.getCause());
                } catch (InterruptedException e) {
                    throw new InterruptException(e);
                }
            }
        } finally {
            inHand = outcome.isDone() ? null : inHand;
            consumer.resume(consumer.assignment());
        }
    }

    /** Whether a record is done with: processed, or given up. */
    private boolean handled(ConsumerRecord<String, byte[]> record) {
        for (int attempt = 1; !closed && mine; attempt++) {
            try {
                work.process(record);
                return true;
            } catch (RuntimeException e) {
                if (closed || e instanceof CancellationException || Fault.of(e) == Fault.SICK_WORKER) {
                    throw e;
                }
                if (failedWork.isGivenUp(record, attempt, e, () -> mine)) {
                    return true;
                }
            }
        }
        return false;
    }

    private void commit(ConsumerRecord<String, byte[]> record) {
        try {
            consumer.commitSync(Map.of(
                    new TopicPartition(record.topic(), record.partition()),
                    new OffsetAndMetadata(record.offset() + 1)));
        } catch (RebalanceInProgressException | CommitFailedException e) {
            log.info("A rebalance came between the work and its commit; it may be done again.");
        }
    }

    @Override
    public boolean isAlive() {
        return thread.isAlive();
    }

    @Override
    public void close() {
        closed = true;
        consumer.wakeup();
        thread.join();
        work.close();
        failedWork.close();
    }
}
