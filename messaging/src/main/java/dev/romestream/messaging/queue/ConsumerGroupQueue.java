package dev.romestream.messaging.queue;

import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.failure.Backoff;
import dev.romestream.messaging.failure.Fault;
import dev.romestream.messaging.failure.Outages;
import dev.romestream.messaging.thread.ServiceThread;
import dev.romestream.messaging.topic.TopicNames;
import dev.romestream.schemas.Topic;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import org.apache.kafka.clients.consumer.ConsumerRecord;
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

/** A work queue on a consumer group, for brokers without share groups: at most one worker a partition. */
final class ConsumerGroupQueue implements WorkQueue {
    private static final Logger log = LoggerFactory.getLogger(ConsumerGroupQueue.class);
    private static final Duration POLL = Duration.ofMillis(500);
    private static final Duration FOR_EVER = Duration.ofMillis(-1);
    private static final int MOST_WORK_MS = 24 * 3_600_000;

    private final KafkaConsumer<String, byte[]> consumer;
    private final Worker worker;
    private final Outages outages;
    private final FailedWork failedWork;
    private final ServiceThread thread;
    private volatile boolean closed;

    ConsumerGroupQueue(RomeConfig config, String group, List<Topic> topics, Worker worker) {
        TopicNames names = TopicNames.of(config);
        Map<String, Object> settings = config.member(names.prefix() + group);
        settings.put("auto.offset.reset", "earliest");
        settings.put("max.poll.records", 1);
        settings.put("isolation.level", "read_committed");
        settings.putIfAbsent("max.poll.interval.ms", MOST_WORK_MS);
        this.consumer =
                config.clients().consumer(group, settings, new StringDeserializer(), new ByteArrayDeserializer());
        this.worker = worker;
        this.outages = config.outages();
        this.failedWork = new FailedWork(config, worker);
        List<String> topicNames = topics.stream().map(names::of).toList();
        this.thread = ServiceThread.start(group + "-worker", () -> poll(topicNames));
    }

    private void poll(List<String> topics) {
        try (consumer) {
            consumer.subscribe(topics);
            while (!closed) {
                for (ConsumerRecord<String, byte[]> record : consumer.poll(POLL)) {
                    handle(record);
                    if (!closed) {
                        commit(record);
                    }
                }
            }
        } catch (WakeupException | InterruptException e) {
            if (!closed) {
                throw e;
            }
        }
    }

    private void handle(ConsumerRecord<String, byte[]> record) {
        for (int attempt = 1; !closed; attempt++) {
            try {
                Backoff.await(outages, "what work needs", FOR_EVER, () -> {
                    worker.process(record);
                    return true;
                });
                return;
            } catch (CancellationException e) {
                closed = true;
            } catch (RuntimeException e) {
                if (closed || Fault.of(e) == Fault.SICK_WORKER) {
                    throw e;
                }
                if (failedWork.isGivenUp(record, attempt, e, () -> true)) {
                    return;
                }
            }
        }
    }

    private void commit(ConsumerRecord<String, byte[]> record) {
        try {
            consumer.commitSync(Map.of(
                    new TopicPartition(record.topic(), record.partition()),
                    new OffsetAndMetadata(record.offset() + 1)));
        } catch (RebalanceInProgressException e) {
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
        failedWork.close();
    }
}
