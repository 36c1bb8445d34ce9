package dev.romestream.dashboard.live;

import static org.assertj.core.api.Assertions.assertThat;

import dev.romestream.dashboard.live.WaitingRecords.Waiting;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.testing.TestCluster;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.SharePartitionOffsetInfo;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WaitingRecordsIT {
    private static final TopicPartition PARTITION = new TopicPartition("work", 0);
    private static final long NOW = 1_000_000;

    @TempDir
    private Path directory;

    /** Two records and the mark of their transaction, at the offsets 0, 1 and 2. */
    private static void transaction(RomeConfig config) {
        try (KafkaProducer<byte[], byte[]> producer = producer(config, Map.of("transactional.id", "test"))) {
            producer.initTransactions();
            producer.beginTransaction();
            send(producer, NOW - 90_000);
            send(producer, NOW - 80_000);
            producer.commitTransaction();
        }
    }

    private static KafkaProducer<byte[], byte[]> producer(RomeConfig config, Map<String, String> more) {
        Map<String, Object> settings = new HashMap<>(Map.of("bootstrap.servers", config.bootstrapServers()));
        settings.putAll(more);
        return new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer());
    }

    @SuppressWarnings("FutureReturnValueIgnored") // the commit fails where it does
    private static void send(KafkaProducer<byte[], byte[]> producer, long timestamp) {
        producer.send(new ProducerRecord<>("work", 0, timestamp, new byte[0], new byte[100_000]));
    }

    private static SharePartitionOffsetInfo share(long start, long lag) {
        return new SharePartitionOffsetInfo(start, Optional.of(0), Optional.of(lag));
    }

    @Test
    void aGroupThatStandsStillHasWhatIsOldAndTheMarkOfATransactionIsNoWork() throws Exception {
        try (TestCluster cluster = TestCluster.start(directory)) {
            RomeConfig config = RomeConfig.of(Map.of("bootstrap.servers", cluster.bootstrapServers()));
            try (Admin admin = Admin.create(config.admin())) {
                admin.createTopics(List.of(new NewTopic("work", 1, (short) 1)))
                        .all()
                        .get();
            }
            transaction(config);
            Clock clock = Clock.fixed(Instant.ofEpochMilli(NOW), ZoneOffset.UTC);
            try (WaitingRecords records = new WaitingRecords(config, clock)) {
                records.turn();
                assertThat(records.at("slow", PARTITION, 0, 3)).isEqualTo(new Waiting(3, 0));
                assertThat(records.at("idle", PARTITION, 2, 3)).isEqualTo(new Waiting(1, 0));
                assertThat(records.at("done", PARTITION, 3, 3)).isEqualTo(Waiting.NOTHING);
                records.turn();
                assertThat(records.at("slow", PARTITION, 0, 3)).isEqualTo(new Waiting(3, 90));
                assertThat(records.at("idle", PARTITION, 2, 3)).isEqualTo(Waiting.NOTHING);
                SharePartitionOffsetInfo idle = share(0, 0);
                assertThat(records.at("shared", PARTITION, idle, 3)).isEqualTo(Waiting.NOTHING);
                SharePartitionOffsetInfo busy = share(0, 2);
                assertThat(records.at("shared", PARTITION, busy, 3)).isEqualTo(new Waiting(2, 0));
                records.turn();
                assertThat(records.at("shared", PARTITION, busy, 3)).isEqualTo(new Waiting(2, 80));
                assertThat(records.at("slow", PARTITION, 1, 3)).isEqualTo(new Waiting(2, 0));
                assertThat(records.at("idle", PARTITION, 2, 3)).isEqualTo(Waiting.NOTHING);
                try (KafkaProducer<byte[], byte[]> producer = producer(config, Map.of())) {
                    send(producer, NOW - 5_000);
                }
                records.turn();
                assertThat(records.at("slow", PARTITION, 1, 4)).isEqualTo(new Waiting(3, 80));
                assertThat(records.at("idle", PARTITION, 2, 4)).isEqualTo(new Waiting(1, 5));
            }
        }
    }
}
