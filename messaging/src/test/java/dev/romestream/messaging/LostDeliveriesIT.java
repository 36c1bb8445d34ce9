package dev.romestream.messaging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.queue.WorkQueue;
import dev.romestream.messaging.topic.TopicNames;
import dev.romestream.messaging.topic.TopicReader;
import dev.romestream.messaging.topic.TopicSetup;
import dev.romestream.schemas.Topic;
import dev.romestream.schemas.WorkGroup;
import dev.romestream.testing.TestCluster;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A record that ends its workers is given up, and one whose workers merely lost it is not. */
class LostDeliveriesIT {
    private static final Duration LIMIT = Duration.ofMinutes(2);
    private static final int ENOUGH = 6;
    private static final int LOCK_MS = 1000;

    @TempDir
    private static Path directory;

    private static TestCluster cluster;

    private final Queue<String> givenUp = new ConcurrentLinkedQueue<>();
    private final Queue<String> done = new ConcurrentLinkedQueue<>();

    @BeforeAll
    static void start() {
        cluster = TestCluster.start(directory);
    }

    @AfterAll
    static void stop() {
        if (cluster != null) {
            cluster.close();
        }
    }

    private static RomeConfig tenant(String type) {
        Map<String, String> settings = cluster.tenant(Map.of());
        settings.put("queue.type", type);
        settings.put("queue.lock.ms", Integer.toString(LOCK_MS));
        settings.put("topic.partitions", "1");
        RomeConfig config = RomeConfig.of(settings);
        TopicSetup.ensure(config);
        return config;
    }

    private static void send(RomeConfig config, Topic topic, String key) throws Exception {
        try (var producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", cluster.bootstrapServers()),
                new StringSerializer(),
                new ByteArraySerializer())) {
            producer.send(new ProducerRecord<>(
                            TopicNames.of(config).of(topic), key, "bytes".getBytes(StandardCharsets.UTF_8)))
                    .get();
        }
    }

    private static String place(RomeConfig config) {
        return TopicNames.of(config).of(Topic.POOL_REQUESTS) + "/0/0";
    }

    private WorkQueue queue(RomeConfig config, Consumer<String> work) {
        return WorkQueue.open(config, WorkGroup.POOL_TRAINERS, List.of(Topic.POOL_REQUESTS), new WorkQueue.Worker() {
            @Override
            public void process(ConsumerRecord<String, byte[]> record) {
                work.accept(record.key());
            }

            @Override
            public void givenUp(ConsumerRecord<String, byte[]> record, Throwable reason) {
                givenUp.add(record.key() + ": " + reason.getMessage());
            }
        });
    }

    private static List<String> kept(RomeConfig config, Topic topic) {
        List<String> keys = new ArrayList<>();
        try (TopicReader reader = new TopicReader(config, topic, record -> keys.add(record.key()))) {
            reader.awaitCaughtUp(LIMIT);
        }
        return keys;
    }

    /** A group of workers took the request so often and never said what became of it. */
    private void taken(RomeConfig config, String type) throws Exception {
        queue(config, done::add).close();
        send(config, Topic.POOL_REQUESTS, "request");
        String topic = TopicNames.of(config).of(Topic.POOL_REQUESTS);
        if (type.equals("consumer")) {
            try (Admin admin = Admin.create(Map.of("bootstrap.servers", cluster.bootstrapServers()))) {
                admin.alterConsumerGroupOffsets(
                                TopicNames.of(config).of(WorkGroup.POOL_TRAINERS),
                                Map.of(new TopicPartition(topic, 0), new OffsetAndMetadata(0, "begun:" + ENOUGH)))
                        .all()
                        .get();
            }
            return;
        }
        Map<String, Object> settings = config.consumer();
        List.of("value.deserializer", "auto.offset.reset").forEach(settings::remove);
        settings.put("group.id", TopicNames.of(config).of(WorkGroup.POOL_TRAINERS));
        settings.put("share.acknowledgement.mode", "explicit");
        for (int worker = 0; worker < ENOUGH; worker++) {
            try (var ended =
                    new KafkaShareConsumer<>(settings, new StringDeserializer(), new ByteArrayDeserializer())) {
                ended.subscribe(List.of(topic));
                await().atMost(LIMIT)
                        .until(() -> !ended.poll(Duration.ofMillis(200)).isEmpty());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"share", "consumer"})
    void aRequestThatEndsItsWorkersIsDeadLetteredAndAnswered(String type) throws Exception {
        RomeConfig config = tenant(type);
        taken(config, type);
        try (WorkQueue queue = queue(config, done::add)) {
            await().atMost(LIMIT).until(() -> !givenUp.isEmpty());
            assertThat(queue.isAlive()).isTrue();
        }
        assertThat(givenUp).singleElement().asString().startsWith("request: ").contains("given to 6 workers");
        assertThat(done).isEmpty();
        assertThat(kept(config, Topic.DEAD_LETTERS)).containsExactly("request");
    }

    @ParameterizedTest
    @ValueSource(strings = {"share", "consumer"})
    void aRequestThatWorkersLostAlthoughTheyLiveIsDone(String type) throws Exception {
        RomeConfig config = tenant(type);
        taken(config, type);
        send(config, Topic.LOST_DELIVERIES, place(config));
        try (WorkQueue queue = queue(config, done::add)) {
            await().atMost(LIMIT).until(() -> !done.isEmpty());
            assertThat(queue.isAlive()).isTrue();
        }
        assertThat(done).containsExactly("request");
        assertThat(givenUp).isEmpty();
        assertThat(kept(config, Topic.DEAD_LETTERS)).isEmpty();
    }

    /** The queue's own thread gets no time for longer than a lock lasts, as where a machine is short of it. */
    @Test
    @SuppressWarnings({"deprecation", "removal"})
    void aStarvedWorkerThatLostItsLockSaysSo() throws Exception {
        RomeConfig config = tenant("share");
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch end = new CountDownLatch(1);
        send(config, Topic.POOL_REQUESTS, "request");
        try (WorkQueue queue = queue(config, key -> {
            begun.countDown();
            awaitUninterruptibly(end);
            done.add(key);
        })) {
            awaitUninterruptibly(begun);
            Thread starved = Thread.getAllStackTraces().keySet().stream()
                    .filter(thread -> thread.getName().equals("pool-trainers-queue"))
                    .findFirst()
                    .orElseThrow();
            starved.suspend();
            TimeUnit.MILLISECONDS.sleep(4 * LOCK_MS);
            starved.resume();
            await().atMost(LIMIT).untilAsserted(() -> assertThat(kept(config, Topic.LOST_DELIVERIES))
                    .containsExactly(place(config)));
            end.countDown();
            await().atMost(LIMIT).until(() -> !done.isEmpty());
            assertThat(queue.isAlive()).isTrue();
        }
        assertThat(done).as("done once, though it came twice").containsExactly("request");
    }

    /** Where nobody takes the mark back, the worker ended. */
    @Test
    void aMemberOfAConsumerGroupMarksWhatItHasInHand() throws Exception {
        RomeConfig config = tenant("consumer");
        CountDownLatch end = new CountDownLatch(1);
        send(config, Topic.POOL_REQUESTS, "request");
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", cluster.bootstrapServers()))) {
            WorkQueue queue = queue(config, key -> awaitUninterruptibly(end));
            await().atMost(LIMIT).untilAsserted(() -> assertThat(committed(config, admin))
                    .isEqualTo(new OffsetAndMetadata(0, "begun:1")));
            Thread closing = new Thread(queue::close);
            closing.start();
            await().atMost(LIMIT)
                    .untilAsserted(() -> assertThat(committed(config, admin)).isEqualTo(new OffsetAndMetadata(0, "")));
            end.countDown();
            closing.join();
            try (WorkQueue next = queue(config, done::add)) {
                await().atMost(LIMIT).untilAsserted(() -> assertThat(committed(config, admin))
                        .isEqualTo(new OffsetAndMetadata(1, "")));
                assertThat(next.isAlive()).isTrue();
            }
        }
        assertThat(done).containsExactly("request");
        assertThat(kept(config, Topic.LOST_DELIVERIES)).isEmpty();
    }

    private static OffsetAndMetadata committed(RomeConfig config, Admin admin) throws Exception {
        OffsetAndMetadata committed = admin.listConsumerGroupOffsets(
                        TopicNames.of(config).of(WorkGroup.POOL_TRAINERS))
                .partitionsToOffsetAndMetadata()
                .get()
                .get(new TopicPartition(TopicNames.of(config).of(Topic.POOL_REQUESTS), 0));
        return committed == null ? null : new OffsetAndMetadata(committed.offset(), committed.metadata());
    }

    private static void awaitUninterruptibly(CountDownLatch latch) {
        boolean interrupted = false;
        while (true) {
            try {
                latch.await();
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
