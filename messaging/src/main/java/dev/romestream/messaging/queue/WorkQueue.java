package dev.romestream.messaging.queue;

import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.config.Settings;
import dev.romestream.messaging.failure.Fault;
import dev.romestream.schemas.Topic;
import dev.romestream.schemas.WorkGroup;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * Records that are work: each is handed to one of the workers of a group, and handed out again when its worker goes away. At
 * least once, in no order.
 */
public interface WorkQueue extends AutoCloseable {

    /** What is done with a record. */
    interface Worker {
        /**
         * Does the work. What becomes of the record where it throws says {@link Fault}: dead letters and an answer at once,
         * the same again when what is away is back, or another attempt, up to {@code queue.attempts}.
         *
         * @throws java.util.concurrent.CancellationException where the worker is closing: the record goes back untried, and the
         *     queue takes no other
         */
        void process(ConsumerRecord<String, byte[]> record);

        /** Answers for a record that is given up, after its bytes went to the dead letters. */
        void givenUp(ConsumerRecord<String, byte[]> record, Throwable reason);
    }

    /** The queue that {@code queue.type} names. */
    static WorkQueue open(RomeConfig config, WorkGroup group, List<Topic> topics, Worker worker) {
        return config.string(Settings.QUEUE_TYPE).equals("share")
                ? new ShareGroupQueue(config, group, topics, worker)
                : new ConsumerGroupQueue(config, group.baseName(), topics, worker);
    }

    /** A queue whose records of a key are handed out in order, one at a time: of a consumer group, whatever {@code queue.type} says. */
    static WorkQueue inOrder(RomeConfig config, String group, List<Topic> topics, Worker worker) {
        return new ConsumerGroupQueue(config, group, topics, worker);
    }

    /** Whether the queue's threads are at work. */
    boolean isAlive();

    /** Returns unfinished work to the group and stops. */
    @Override
    void close();
}
