package dev.romestream.experiments;

import dev.romestream.messaging.topic.RecordSender;
import dev.romestream.schemas.Topic;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.internals.RecordHeader;

/**
 * That an experiment was removed: a tombstone on its topic.
 *
 * @param results whether its results go, too: its metrics, snapshots and alerts
 */
public record Removal(String experiment, boolean results) {
    private static final String RESULTS = "rome.results";
    private static final String DELETE = "delete";

    /** What a record of the experiments topic says of a removal. */
    static Optional<Removal> of(ConsumerRecord<String, byte[]> record) {
        if (record.value() != null) {
            return Optional.empty();
        }
        var header = record.headers().lastHeader(RESULTS);
        boolean results = header != null && DELETE.equals(new String(header.value(), StandardCharsets.UTF_8));
        return Optional.of(new Removal(record.key(), results));
    }

    /** Removes the experiment. */
    public void send(RecordSender sender) {
        if (results) {
            sender.tombstone(
                    Topic.EXPERIMENTS, experiment, new RecordHeader(RESULTS, DELETE.getBytes(StandardCharsets.UTF_8)));
        } else {
            sender.tombstone(Topic.EXPERIMENTS, experiment);
        }
        sender.flush();
    }
}
