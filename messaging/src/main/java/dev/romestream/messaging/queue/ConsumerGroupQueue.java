package dev.romestream.messaging.queue;

import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.failure.Fault;
import dev.romestream.messaging.thread.ServiceThread;
import dev.romestream.messaging.topic.TopicNames;
import dev.romestream.schemas.Topic;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
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
import org.apache.kafka.common.errors.TimeoutException;
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
    /** What is committed of a record in hand, with how often work on it was begun. */
    private static final String BEGUN = "begun:";

    private static final Duration POLL = Duration.ofMillis(500);
    /** How long a poll beside work may block, and so delay noticing that the work has ended. */
    private static final Duration BESIDE = Duration.ofMillis(1);
    /** Between two polls beside work: well within a heartbeat. */
    private static final long LOOK_MS = 100;

    /** As long as the brokers may take to take a commit: longer would delay the closing. */
    private static final Duration COMMIT = Duration.ofSeconds(3);

    /** Time to leave the group: without brokers, it is no use waiting for longer. */
    private static final Duration LEAVE = Duration.ofSeconds(5);

    private final KafkaConsumer<String, byte[]> consumer;
    private final FailedWork failedWork;
    private final QuickSender sender;
    private final LostDeliveries lost;
    private final WorkThread work;
    private final ServiceThread thread;
    /** How often work on the next record of each partition was begun, by this worker and those before it. */
    private final Map<TopicPartition, Begun> begun = new HashMap<>();

    private final Set<TopicPartition> uncommitted = new HashSet<>();
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
        this.consumer =
                config.clients().consumer(group, settings, new StringDeserializer(), new ByteArrayDeserializer());
        this.failedWork = new FailedWork(config, worker);
        this.sender = new QuickSender(config, group + "-lost");
        this.lost = new LostDeliveries(config, group, sender);
        this.work = new WorkThread(group, worker, config.outages(), () -> closed);
        List<String> topicNames = topics.stream().map(names::of).toList();
        this.thread = ServiceThread.start(group + "-queue", () -> poll(topicNames));
    }

    private void poll(List<String> topics) {
        try {
            consumer.subscribe(topics, new Membership());
            while (!closed) {
                lost.tell();
                commitAgain();
                for (ConsumerRecord<String, byte[]> record : consumer.poll(POLL)) {
                    if (!closed) {
                        handle(record);
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
            begun.keySet().removeAll(revoked);
        }
    }

    /** Work that was begun on the record at an offset. */
    private record Begun(long offset, int times) {
        static Begun of(OffsetAndMetadata committed) {
            boolean known = committed != null && committed.metadata().matches(BEGUN + "[0-9]{1,9}");
            return known
                    ? new Begun(
                            committed.offset(),
                            Integer.parseInt(committed.metadata().substring(BEGUN.length())))
                    : new Begun(-1, 0);
        }

        OffsetAndMetadata committed() {
            return new OffsetAndMetadata(offset, times == 0 ? "" : BEGUN + times);
        }
    }

    /** Says that work begins, does it, and says what became of it; where nobody says so, it ended its worker. */
    private void handle(ConsumerRecord<String, byte[]> record) {
        TopicPartition partition = new TopicPartition(record.topic(), record.partition());
        int times = begunOn(partition, record.offset());
        isCommitted(partition, new Begun(record.offset(), times + 1));
        boolean done = isDone(record, times);
        Begun next = done ? new Begun(record.offset() + 1, 0) : new Begun(record.offset(), times);
        if (!mine || !isCommitted(partition, next)) {
            lost.add(Place.of(record));
            lost.tell();
            if (mine) {
                begun.put(partition, next);
                uncommitted.add(partition);
            }
        }
    }

    /** What the brokers did not take, as long as the partition is this member's. */
    private void commitAgain() {
        uncommitted.retainAll(begun.keySet());
        uncommitted.removeIf(partition -> isCommitted(partition, begun.get(partition)));
    }

    /** How often work on a record was begun before. */
    private int begunOn(TopicPartition partition, long offset) {
        try {
            Begun before = begun.computeIfAbsent(
                    partition,
                    any -> Begun.of(
                            consumer.committed(Set.of(partition), COMMIT).get(partition)));
            return before.offset() == offset ? before.times() : 0;
        } catch (TimeoutException e) {
            log.info("It is not known how often work on {} {} was begun: {}", partition, offset, e.getMessage());
            return 0;
        }
    }

    /** Has a record worked on; false where it is not done, because it went to another worker or the queue closes. */
    private boolean isDone(ConsumerRecord<String, byte[]> record, int times) {
        inHand = new TopicPartition(record.topic(), record.partition());
        mine = true;
        Future<Boolean> outcome = work.submit(() -> handled(record, times));
        consumer.pause(consumer.assignment());
        try {
            while (true) {
                try {
                    return work.await(outcome, LOOK_MS) && mine && !closed;
                } catch (java.util.concurrent.TimeoutException e) {
                    if (closed) {
                        return false;
                    }
                    pollBeside();
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

    /** A wakeup that comes with the closing ends a poll, and not the time that work has to end. */
    private void pollBeside() {
        try {
            consumer.poll(BESIDE);
        } catch (WakeupException e) {
            if (!closed) {
                throw e;
            }
        }
    }

    /** Whether a record is done with: processed, or given up. */
    private boolean handled(ConsumerRecord<String, byte[]> record, int times) {
        int ended = times == 0 ? 0 : times - work.whenThere(() -> lost.of(Place.of(record)));
        if (failedWork.isKiller(ended)) {
            return failedWork.isGivenUpAsKiller(record, ended, () -> mine);
        }
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

    private boolean isCommitted(TopicPartition partition, Begun next) {
        try {
            consumer.commitSync(Map.of(partition, next.committed()), COMMIT);
            begun.put(partition, next);
            return true;
        } catch (WakeupException e) {
            if (!closed) {
                throw e;
            }
            return isCommitted(partition, next);
        } catch (RebalanceInProgressException | CommitFailedException | TimeoutException e) {
            log.info("{} {} is not committed, and may be done again: {}", partition, next.offset(), e.getMessage());
            return false;
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
        lost.close();
        sender.close();
    }
}
