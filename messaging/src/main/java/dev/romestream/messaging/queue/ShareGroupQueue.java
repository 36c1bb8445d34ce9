package dev.romestream.messaging.queue;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.config.Settings;
import dev.romestream.messaging.failure.Fault;
import dev.romestream.messaging.thread.ServiceThread;
import dev.romestream.messaging.topic.TopicNames;
import dev.romestream.schemas.Topic;
import dev.romestream.schemas.WorkGroup;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.consumer.AcknowledgeType;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A work queue on a share group (KIP-932). One record at a time is acquired, and its lock renewed while the work lasts, so that
 * there can be more workers than partitions and a slow record holds up nobody.
 */
final class ShareGroupQueue implements WorkQueue {
    private static final Logger log = LoggerFactory.getLogger(ShareGroupQueue.class);
    /** Between two memberships, while the brokers are away. */
    private static final long AGAIN_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

    private static final int MOST_DONE = 1000;

    private final RomeConfig config;
    private final WorkGroup group;
    private final FailedWork failedWork;
    private final QuickSender sender;
    private final LostDeliveries lost;
    private final WorkThread work;
    private final ServiceThread poller;
    /** Records that are done here, and that the broker gives out again all the same. */
    private final Cache<Place, Boolean> done =
            Caffeine.newBuilder().maximumSize(MOST_DONE).build();

    private ShareMember member;
    private volatile boolean closed;

    ShareGroupQueue(RomeConfig config, WorkGroup group, List<Topic> topics, Worker worker) {
        this.config = config;
        this.group = group;
        TopicNames names = TopicNames.of(config);
        if (config.flag(Settings.TOPICS_CREATE)) {
            ShareGroups.configure(config, group);
        }
        this.sender = new QuickSender(config, group.baseName() + "-hand-back");
        this.lost = new LostDeliveries(config, group.baseName(), sender);
        this.failedWork = new FailedWork(config, worker);
        this.work = new WorkThread(group.baseName(), worker, config.outages(), () -> closed);
        Map<String, Object> settings = ShareMember.settings(config.consumer(), names.of(group));
        List<String> topicNames = topics.stream().map(names::of).toList();
        this.poller = ServiceThread.start(group.baseName() + "-queue", () -> run(settings, topicNames));
    }

    /** As a member of the group, and as another one where the brokers have forgotten the first. */
    private void run(Map<String, Object> settings, List<String> topics) {
        while (!closed) {
            try (ShareMember joined =
                    new ShareMember(config.clients(), group.baseName(), settings, topics, this::comesBack)) {
                member = joined;
                while (!closed) {
                    lost.tell();
                    member.poll().forEach(this::handle);
                }
            } catch (KafkaException e) {
                if (Fault.of(e) != Fault.TRANSIENT) {
                    throw e;
                }
                log.warn("The group of {} is joined again: {}", topics, e.getMessage());
                LockSupport.parkNanos(AGAIN_NANOS);
            }
        }
    }

    private void comesBack(Place place) {
        done.put(place, true);
        lost.add(place);
    }

    /** Whether a record is still this worker's. */
    private static final class Held {
        private volatile boolean mine = true;
    }

    private void handle(ConsumerRecord<String, byte[]> record) {
        if (closed) {
            member.settle(record, handedBack(record));
        } else if (done.getIfPresent(Place.of(record)) != null) {
            member.settle(record, AcknowledgeType.ACCEPT);
        } else {
            conclude(record);
        }
    }

    /**
     * Has a record worked on, its lock renewed meanwhile, and acknowledges it as the work says. Work is never interrupted: on closing
     * it has some seconds to finish, and else is left to another worker.
     */
    private void conclude(ConsumerRecord<String, byte[]> record) {
        Held held = new Held();
        Future<AcknowledgeType> outcome = work.submit(() -> attempted(record, held));
        long lockMs = member.lockMs();
        while (true) {
            try {
                member.settle(record, work.await(outcome, lockMs / 3));
                return;
            } catch (TimeoutException e) {
                if (closed) {
                    held.mine = false;
                    member.settle(record, handedBack(record));
                    return;
                }
                if (!member.isRenewed(record)) {
                    held.mine = false;
                    log.warn("Lost the lock on {} {}; another worker may do it too.", record.topic(), record.offset());
                    lost.add(Place.of(record));
                    lost.tell();
                    if (isFinished(outcome)) {
                        done.put(Place.of(record), true);
                    }
                    return;
                }
            } catch (ExecutionException e) {
                failed(record, e.getCause());
                return;
            } catch (InterruptedException e) {
                held.mine = false;
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    /** Works, and gives the record up where that fails for good, or where it ended too many workers: all of it under the lock. */
    private AcknowledgeType attempted(ConsumerRecord<String, byte[]> record, Held held) {
        int delivery = record.deliveryCount().map(Short::intValue).orElse(1);
        int ended = delivery == 1 ? 0 : delivery - 1 - work.whenThere(() -> lost.of(Place.of(record)));
        if (failedWork.isKiller(ended)) {
            return failedWork.isGivenUpAsKiller(record, ended, () -> held.mine)
                    ? AcknowledgeType.REJECT
                    : AcknowledgeType.RELEASE;
        }
        if (delivery >= ShareGroups.DELIVERY_LIMIT) {
            return handedBack(record);
        }
        try {
            work.process(record);
            return AcknowledgeType.ACCEPT;
        } catch (RuntimeException | Error e) {
            if (closed || e instanceof CancellationException || Fault.of(e) == Fault.SICK_WORKER) {
                throw e;
            }
            return failedWork.isGivenUp(record, 1 + Math.max(0, ended), e, () -> held.mine)
                    ? AcknowledgeType.REJECT
                    : AcknowledgeType.RELEASE;
        }
    }

    /** What was begun is finished, though it cannot be acknowledged any more: its answer is as good as another worker's. */
    private boolean isFinished(Future<AcknowledgeType> outcome) {
        try {
            return work.await(outcome, TimeUnit.DAYS.toMillis(1)) != AcknowledgeType.RELEASE;
        } catch (ExecutionException e) {
            if (Fault.of(e.getCause()) == Fault.SICK_WORKER) {
                throw WorkThread.sick(e.getCause());
            }
            log.info("What was done without a lock came to nothing: {}", e.getMessage());
        } catch (TimeoutException e) {
            log.info("What is done without a lock is left, because the worker is closing");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return false;
    }

    /**
     * Leaves the record to another worker as a new one, so that the broker's deliveries count failures and deaths, not closings.
     */
    private AcknowledgeType handedBack(ConsumerRecord<String, byte[]> record) {
        var again = new ProducerRecord<>(record.topic(), null, record.key(), record.value(), record.headers());
        return sender.isSent(again) ? AcknowledgeType.ACCEPT : AcknowledgeType.RELEASE;
    }

    private void failed(ConsumerRecord<String, byte[]> record, Throwable cause) {
        closed |= cause instanceof CancellationException;
        member.settle(record, closed ? handedBack(record) : AcknowledgeType.RELEASE);
        if (!closed) {
            throw WorkThread.sick(cause);
        }
    }

    @Override
    public boolean isAlive() {
        return poller.isAlive();
    }

    @Override
    public void close() {
        closed = true;
        poller.join();
        work.close();
        failedWork.close();
        lost.close();
        sender.close();
    }
}
