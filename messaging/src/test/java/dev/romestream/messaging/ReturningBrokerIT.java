package dev.romestream.messaging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.romestream.embedded.EmbeddedBroker;
import dev.romestream.embedded.EmbeddedSchemaRegistry;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.config.Settings;
import dev.romestream.messaging.failure.UnavailableException;
import dev.romestream.messaging.failure.UnprocessableException;
import dev.romestream.messaging.queue.WorkQueue;
import dev.romestream.messaging.streams.StreamsApplication;
import dev.romestream.messaging.topic.DeadLetters;
import dev.romestream.messaging.topic.RecordInspector;
import dev.romestream.messaging.topic.TopicNames;
import dev.romestream.messaging.topic.TopicReader;
import dev.romestream.messaging.topic.TopicSetup;
import dev.romestream.schemas.Topic;
import dev.romestream.schemas.WorkGroup;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A broker that goes and comes back, also without its groups, members and offsets, as has been seen after a kill. */
class ReturningBrokerIT {
    private static final Duration LIMIT = Duration.ofMinutes(3);

    @TempDir
    private Path directory;

    @Test
    void workersJoinAgainAndDeadLettersAreNotWrittenAgain() throws Exception {
        int port = freePort();
        Queue<String> done = new ConcurrentLinkedQueue<>();
        EmbeddedBroker broker = EmbeddedBroker.start(directory, port);
        EmbeddedSchemaRegistry registry = EmbeddedSchemaRegistry.start(broker.bootstrapServers(), 0);
        RomeConfig config = config(broker, registry, Map.of());
        RecordInspector inspector = new RecordInspector(config);
        WorkQueue queue = WorkQueue.open(config, WorkGroup.POOL_TRAINERS, List.of(Topic.POOL_REQUESTS), worker(done));
        StreamsApplication stream = refusing(config);
        try {
            stream.start();
            send(config, Topic.PERTURBED_BATCHES, "batch");
            send(config, Topic.EXPERIMENTS, "nonsense");
            send(config, Topic.POOL_REQUESTS, "first");
            await().atMost(LIMIT)
                    .until(() -> done.contains("first") && letters(config).size() == 2);

            broker.close();
            delete(directory.resolve("__consumer_offsets-0"));
            broker = EmbeddedBroker.start(directory, port);
            send(config, Topic.EXPERIMENTS, "more");
            send(config, Topic.PERTURBED_BATCHES, "another batch");
            send(config, Topic.POOL_REQUESTS, "second");
            await().atMost(LIMIT)
                    .until(() ->
                            done.contains("second") && letters(config).containsAll(List.of("more", "another batch")));
            assertThat(letters(config)).containsExactlyInAnyOrder("nonsense", "batch", "more", "another batch");
            assertThat(queue.isAlive() && inspector.isAlive()).isTrue();
        } finally {
            stream.close();
            queue.close();
            inspector.close();
            registry.close();
            broker.close();
        }
    }

    @Test
    void aRecordWhoseLockIsLostMeanwhileIsKeptWhereItStands() throws Exception {
        int port = freePort();
        AtomicInteger tries = new AtomicInteger();
        CountDownLatch away = new CountDownLatch(1);
        EmbeddedBroker broker = EmbeddedBroker.start(directory, port);
        EmbeddedSchemaRegistry registry = EmbeddedSchemaRegistry.start(broker.bootstrapServers(), 0);
        RomeConfig config = config(broker, registry, Map.of(Settings.QUEUE_LOCK, "1000"));
        WorkQueue queue =
                WorkQueue.open(config, WorkGroup.POOL_TRAINERS, List.of(Topic.POOL_REQUESTS), new WorkQueue.Worker() {
                    @Override
                    public void process(ConsumerRecord<String, byte[]> record) {
                        tries.incrementAndGet();
                        try {
                            away.await();
                        } catch (InterruptedException e) {
                            throw new IllegalStateException(e);
                        }
                        throw new UnprocessableException("no request");
                    }

                    @Override
                    public void givenUp(ConsumerRecord<String, byte[]> record, Throwable reason) {}
                });
        try {
            send(config, Topic.POOL_REQUESTS, "first");
            await().atMost(LIMIT).until(() -> tries.get() == 1);
            broker.close();
            await("the queue has found that it lost its lock, and waits for the work to end")
                    .atMost(LIMIT)
                    .until(() -> isAt("pool-trainers-queue", "isFinished"));
            broker = EmbeddedBroker.start(directory, port);
            away.countDown();
            await().atMost(LIMIT).until(() -> !letters(config).isEmpty());
            assertThat(tries).hasValue(2);
            assertThat(letters(config)).containsExactly("first");
            assertThat(records(config, Topic.POOL_REQUESTS)).hasSize(1);
            assertThat(DeadLetters.header(records(config, Topic.DEAD_LETTERS).get(0), "offset"))
                    .isEqualTo("0");
        } finally {
            queue.close();
            registry.close();
            broker.close();
        }
    }

    /** What the work needs is away, and so are the brokers that its record would go back to. */
    @ParameterizedTest
    @ValueSource(strings = {"share", "consumer"})
    void closingWithWorkInHandWhileTheBrokersAreAwayEnds(String type) throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        EmbeddedBroker broker = EmbeddedBroker.start(directory, freePort());
        EmbeddedSchemaRegistry registry = EmbeddedSchemaRegistry.start(broker.bootstrapServers(), 0);
        RomeConfig config = config(broker, registry, Map.of(Settings.QUEUE_TYPE, type));
        WorkQueue queue =
                WorkQueue.open(config, WorkGroup.POOL_TRAINERS, List.of(Topic.POOL_REQUESTS), new WorkQueue.Worker() {
                    @Override
                    public void process(ConsumerRecord<String, byte[]> record) {
                        begun.countDown();
                        throw new UnavailableException("what the work needs is away", null);
                    }

                    @Override
                    public void givenUp(ConsumerRecord<String, byte[]> record, Throwable reason) {}
                });
        try {
            send(config, Topic.POOL_REQUESTS, "first");
            assertThat(begun.await(1, TimeUnit.MINUTES)).isTrue();
        } finally {
            registry.close();
            broker.close();
        }
        CompletableFuture<Void> closed = CompletableFuture.runAsync(queue::close);
        await().atMost(Duration.ofSeconds(30)).until(closed::isDone);
        assertThat(closed).isCompleted();
    }

    private static boolean isAt(String thread, String method) {
        return Thread.getAllStackTraces().entrySet().stream()
                .filter(entry -> entry.getKey().getName().equals(thread))
                .flatMap(entry -> Stream.of(entry.getValue()))
                .anyMatch(frame -> frame.getMethodName().equals(method));
    }

    /** With the topics made. */
    private static RomeConfig config(EmbeddedBroker broker, EmbeddedSchemaRegistry registry, Map<String, String> more) {
        RomeConfig config = RomeConfig.of(
                        Map.of("bootstrap.servers", broker.bootstrapServers(), Settings.REGISTRY_URL, registry.url()))
                .with(more);
        TopicSetup.ensure(config);
        return config;
    }

    /** A topology that can process no perturbed batch. */
    private static StreamsApplication refusing(RomeConfig config) {
        StreamsBuilder builder = new StreamsBuilder();
        builder.stream(
                        TopicNames.of(config).of(Topic.PERTURBED_BATCHES),
                        Consumed.with(Serdes.String(), Serdes.ByteArray()).withName("batches"))
                .foreach(
                        (key, value) -> {
                            throw new UnprocessableException("no batch");
                        },
                        Named.as("refusing"));
        return new StreamsApplication(config, "refusing", builder.build());
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    private static WorkQueue.Worker worker(Queue<String> done) {
        return new WorkQueue.Worker() {
            @Override
            public void process(ConsumerRecord<String, byte[]> record) {
                done.add(record.key());
            }

            @Override
            public void givenUp(ConsumerRecord<String, byte[]> record, Throwable reason) {
                throw new AssertionError(reason);
            }
        };
    }

    private static void send(RomeConfig config, Topic topic, String key) throws Exception {
        Map<String, Object> settings = config.producer();
        settings.remove("value.serializer");
        try (var producer = new KafkaProducer<>(settings, new StringSerializer(), new ByteArraySerializer())) {
            producer.send(new ProducerRecord<>(
                            TopicNames.of(config).of(topic), key, "no record".getBytes(StandardCharsets.UTF_8)))
                    .get(1, TimeUnit.MINUTES);
        }
    }

    private static List<String> letters(RomeConfig config) {
        return records(config, Topic.DEAD_LETTERS).stream()
                .map(ConsumerRecord::key)
                .toList();
    }

    private static List<ConsumerRecord<String, byte[]>> records(RomeConfig config, Topic topic) {
        Queue<ConsumerRecord<String, byte[]>> records = new ConcurrentLinkedQueue<>();
        try (TopicReader reader = new TopicReader(config, topic, records::add)) {
            reader.awaitCaughtUp(LIMIT);
        }
        return List.copyOf(records);
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
