package dev.romestream.messaging.queue;

import dev.romestream.messaging.config.KafkaClients;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.failure.Fault;
import dev.romestream.messaging.failure.UnprocessableException;
import dev.romestream.messaging.thread.ServiceThread;
import dev.romestream.messaging.topic.Sending;
import dev.romestream.messaging.topic.TopicNames;
import dev.romestream.schemas.Topic;
import dev.romestream.schemas.WorkGroup;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import org.apache.kafka.clients.consumer.AcknowledgeType;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A work queue on a share group (KIP-932). One record at a time is acquired, and its lock renewed while the work lasts, so that
 * there can be more workers than partitions and a slow record holds up nobody.
 */
final class ShareGroupQueue implements WorkQueue {
    private static final Logger log = LoggerFactory.getLogger(ShareGroupQueue.class);
    private static final Duration POLL = Duration.ofMillis(500);
    private static final Duration COMMIT = Duration.ofSeconds(3);
    /** Time to leave the group: without brokers, it is no use waiting for longer. */
    private static final Duration LEAVE = Duration.ofSeconds(5);

    private static final Duration CLOSE_PRODUCER = Duration.ofSeconds(2);
    private static final int USUAL_LOCK_MS = 15_000;
    /** Deliveries that came to nothing until a record is taken to kill its workers; a lost lock counts as one, too. */
    private static final int MOST_DELIVERIES = 6;

    private static final int MOST_LOST = 1000;
    private static final int HAND_BACK_MS = 4_000;

    private final WorkGroup group;
    private final KafkaClients clients;
    private final FailedWork failedWork;
    private final KafkaProducer<String, byte[]> producer;
    private final WorkThread work;
    private final ServiceThread poller;
    /** Records whose lock was lost here: they come back although no worker of theirs died. */
    private final Map<Position, Lost> lost = new LinkedHashMap<>();
    /** Records that are done or given up, whose acknowledgement the broker has not answered yet. */
    private final Set<Position> finished = new HashSet<>();

    private KafkaShareConsumer<String, byte[]> consumer;
    private volatile boolean closed;

    /** Settings of consumers that a share consumer refuses, where they are given for all consumers; and its own deserializer. */
    static final Set<String> NOT_OF_SHARE_GROUPS = Set.of(
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

    private record Position(String topic, int partition, long offset) {
        static Position of(ConsumerRecord<?, ?> record) {
            return new Position(record.topic(), record.partition(), record.offset());
        }

        static Position of(TopicIdPartition partition, long offset) {
            return new Position(partition.topic(), partition.partition(), offset);
        }
    }

    /** How often, and whether the work was done all the same. */
    private record Lost(int times, boolean done) {
        static final Lost NEVER = new Lost(0, false);
    }

    ShareGroupQueue(RomeConfig config, WorkGroup group, List<Topic> topics, Worker worker) {
        TopicNames names = TopicNames.of(config);
        if (config.flag(RomeConfig.TOPICS_CREATE)) {
            ShareGroups.configure(config, group);
        }
        Map<String, Object> settings = config.consumer();
        settings.keySet().removeAll(NOT_OF_SHARE_GROUPS);
        settings.put("group.id", names.of(group));
        settings.put("share.acknowledgement.mode", "explicit");
        settings.put("share.acquire.mode", "record_limit");
        settings.put("max.poll.records", 1);
        settings.putIfAbsent("fetch.max.wait.ms", 100);
        this.group = group;
        this.clients = config.clients();
        this.failedWork = new FailedWork(config, worker);
        Map<String, Object> sending = config.producer();
        sending.remove("value.serializer");
        sending.put("max.block.ms", HAND_BACK_MS);
        sending.put("delivery.timeout.ms", HAND_BACK_MS);
        sending.put("request.timeout.ms", HAND_BACK_MS / 2);
        this.producer = config.clients()
                .producer(group.baseName() + "-hand-back", sending, new StringSerializer(), new ByteArraySerializer());
        this.work = new WorkThread(group.baseName(), worker, config.outages(), () -> closed);
        List<String> topicNames = topics.stream().map(names::of).toList();
        this.poller = ServiceThread.start(group.baseName() + "-queue", () -> run(settings, topicNames));
    }

    /** As a member of the group, and as another one where the brokers have forgotten the first. */
    private void run(Map<String, Object> settings, List<String> topics) {
        while (!closed) {
            consumer = clients.shareConsumer(
                    group.baseName(), new HashMap<>(settings), new StringDeserializer(), new ByteArrayDeserializer());
            consumer.setAcknowledgementCommitCallback(this::answered);
            try {
                consumer.subscribe(topics);
                poll();
            } catch (KafkaException e) {
                if (Fault.of(e) != Fault.TRANSIENT) {
                    throw e;
                }
                log.warn("The group of {} is joined again: {}", topics, e.getMessage());
                LockSupport.parkNanos(POLL.toNanos());
            } finally {
                leave();
            }
        }
    }

    private void leave() {
        try {
            consumer.close(LEAVE);
        } catch (KafkaException e) {
            log.info("The group was not left cleanly: {}", e.getMessage());
        }
        finished.forEach(position -> lost(position, true));
        finished.clear();
    }

    private void poll() {
        while (!closed) {
            for (ConsumerRecord<String, byte[]> record : consumer.poll(POLL)) {
                handle(record);
            }
        }
    }

    /** Work is never interrupted: on closing it has some seconds to finish, and else is left to another worker. */
    private void handle(ConsumerRecord<String, byte[]> record) {
        if (closed) {
            handBack(record);
            return;
        }
        int delivery = record.deliveryCount().map(Short::intValue).orElse(1);
        Lost here = lost.getOrDefault(Position.of(record), Lost.NEVER);
        int attempt = Math.max(1, delivery - here.times());
        if (here.done()) {
            finish(record, AcknowledgeType.ACCEPT);
        } else if (attempt > MOST_DELIVERIES) {
            conclude(record, mine -> giveUpKiller(record, attempt, mine));
        } else if (delivery >= ShareGroups.DELIVERY_LIMIT) {
            handBack(record);
        } else {
            conclude(record, mine -> attempted(record, attempt, mine));
        }
    }

    private AcknowledgeType giveUpKiller(ConsumerRecord<String, byte[]> record, int attempt, AtomicBoolean mine) {
        Throwable reason = new UnprocessableException("The request was given to " + (attempt - 1)
                + " workers, none of which finished it or said why; it may have killed them.");
        return failedWork.giveUp(record, reason, mine::get) ? AcknowledgeType.REJECT : AcknowledgeType.RELEASE;
    }

    /** Works, and gives the record up where that fails for good: all of it under the lock. */
    private AcknowledgeType attempted(ConsumerRecord<String, byte[]> record, int attempt, AtomicBoolean mine) {
        try {
            work.process(record);
            return AcknowledgeType.ACCEPT;
        } catch (RuntimeException | Error e) {
            if (closed || e instanceof CancellationException || Fault.of(e) == Fault.SICK_WORKER) {
                throw e;
            }
            return failedWork.isGivenUp(record, attempt, e, mine::get)
                    ? AcknowledgeType.REJECT
                    : AcknowledgeType.RELEASE;
        }
    }

    /**
     * Has a record worked on, its lock renewed meanwhile, and acknowledges it as the work says.
     *
     * @param job is told when the record is no longer this worker's
     */
    private void conclude(ConsumerRecord<String, byte[]> record, Function<AtomicBoolean, AcknowledgeType> job) {
        AtomicBoolean mine = new AtomicBoolean(true);
        Future<AcknowledgeType> outcome = work.submit(() -> job.apply(mine));
        long lockMs = consumer.acquisitionLockTimeoutMs().orElse(USUAL_LOCK_MS);
        while (true) {
            try {
                AcknowledgeType type = work.await(outcome, lockMs / 3);
                if (type == AcknowledgeType.RELEASE) {
                    acknowledged(record, type);
                } else {
                    finish(record, type);
                }
                return;
            } catch (TimeoutException e) {
                if (closed) {
                    mine.set(false);
                    handBack(record);
                    return;
                }
                if (!renewed(record)) {
                    mine.set(false);
                    log.warn("Lost the lock on {} {}; another worker may do it too.", record.topic(), record.offset());
                    lost(Position.of(record), isFinished(outcome));
                    return;
                }
            } catch (ExecutionException e) {
                failed(record, e.getCause());
                return;
            } catch (InterruptedException e) {
                mine.set(false);
                consumer.acknowledge(record, AcknowledgeType.RELEASE);
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    /**
     * Acknowledges what was done or given up, together with the next poll; where the broker does not take it, the record comes
     * back, but not the work.
     */
    private void finish(ConsumerRecord<String, byte[]> record, AcknowledgeType type) {
        finished.add(Position.of(record));
        consumer.acknowledge(record, type);
    }

    /** The broker's answer to acknowledgements of any kind. */
    private void answered(Map<TopicIdPartition, Set<Long>> offsets, Exception failure) {
        offsets.forEach((partition, those) -> those.stream()
                .map(offset -> Position.of(partition, offset))
                .filter(finished::remove)
                .filter(position -> failure != null)
                .forEach(position -> {
                    log.warn("{} comes back, though it is done: {}", position, failure.getMessage());
                    lost(position, true);
                }));
    }

    private void lost(Position position, boolean done) {
        lost.merge(position, new Lost(1, done), (before, now) -> new Lost(before.times() + 1, done));
        if (lost.size() > MOST_LOST) {
            lost.remove(lost.keySet().iterator().next());
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
    private void handBack(ConsumerRecord<String, byte[]> record) {
        try {
            Sending.await(producer.send(
                    new ProducerRecord<>(record.topic(), null, record.key(), record.value(), record.headers())));
            finish(record, AcknowledgeType.ACCEPT);
        } catch (KafkaException e) {
            log.info("{} {} is given back: {}", record.topic(), record.offset(), e.getMessage());
            acknowledged(record, AcknowledgeType.RELEASE);
        }
    }

    /**
     * Asks for more time. A poll that is to renew would also acquire the next record, whose lock would then run out in the
     * client's buffer; after the commit, it gives the renewed record back and fetches nothing.
     */
    private boolean renewed(ConsumerRecord<String, byte[]> record) {
        return acknowledged(record, AcknowledgeType.RENEW)
                && !consumer.poll(POLL).isEmpty();
    }

    /** Whether the broker took the acknowledgement: it does not where the lock had run out. */
    private boolean acknowledged(ConsumerRecord<String, byte[]> record, AcknowledgeType type) {
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

    private void failed(ConsumerRecord<String, byte[]> record, Throwable cause) {
        closed |= cause instanceof CancellationException;
        if (closed) {
            handBack(record);
            return;
        }
        acknowledged(record, AcknowledgeType.RELEASE);
        throw WorkThread.sick(cause);
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
        producer.close(CLOSE_PRODUCER);
    }
}
