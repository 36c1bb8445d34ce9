package dev.romestream.messaging.topic;

import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.InterruptException;

/** Waiting for the broker's acknowledgement. */
public final class Sending {
    private Sending() {}

    /**
     * What the broker acknowledged.
     *
     * @throws KafkaException where the broker did not take the record
     */
    public static <T> T await(Future<T> sent) {
        try {
            return sent.get();
        } catch (InterruptedException e) {
            throw new InterruptException(e);
        } catch (ExecutionException e) {
            throw new KafkaException(
                    "The broker did not take a record: " + e.getCause().getMessage(), e.getCause());
        }
    }
}
