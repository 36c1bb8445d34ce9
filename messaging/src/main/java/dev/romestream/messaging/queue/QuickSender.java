package dev.romestream.messaging.queue;

import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.topic.Sending;
import java.time.Duration;
import java.util.Map;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Sends raw records within seconds or not at all, for a queue that has to go on polling, or closes. */
final class QuickSender implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(QuickSender.class);
    /** Less than a third of the usual lock, so that a poll that renews it is in time. */
    private static final int LIMIT_MS = 4_000;
    /** Closing tells nobody anything new. */
    private static final Duration CLOSE = Duration.ofSeconds(2);

    private final KafkaProducer<String, byte[]> producer;

    QuickSender(RomeConfig config, String name) {
        Map<String, Object> settings = config.producer();
        settings.remove("value.serializer");
        settings.put("max.block.ms", LIMIT_MS);
        settings.put("delivery.timeout.ms", LIMIT_MS);
        settings.put("request.timeout.ms", LIMIT_MS / 2);
        this.producer = config.clients().producer(name, settings, new StringSerializer(), new ByteArraySerializer());
    }

    /** Whether the brokers have it. */
    boolean isSent(ProducerRecord<String, byte[]> record) {
        try {
            Sending.await(producer.send(record));
            return true;
        } catch (KafkaException e) {
            log.info("A record for {} was not sent in time: {}", record.topic(), e.getMessage());
            return false;
        }
    }

    @Override
    public void close() {
        producer.close(CLOSE);
    }
}
