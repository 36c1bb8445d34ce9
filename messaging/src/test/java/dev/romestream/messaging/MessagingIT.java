package dev.romestream.messaging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.romestream.embedded.EmbeddedSchemaRegistry;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.config.Settings;
import dev.romestream.messaging.failure.UnavailableException;
import dev.romestream.messaging.failure.UnprocessableException;
import dev.romestream.messaging.queue.RequestWorker;
import dev.romestream.messaging.queue.WorkQueue;
import dev.romestream.messaging.registry.RegistryException;
import dev.romestream.messaging.registry.SchemaRegistryClient;
import dev.romestream.messaging.serde.AvroSerializer;
import dev.romestream.messaging.streams.ControlStream;
import dev.romestream.messaging.streams.StreamsApplication;
import dev.romestream.messaging.topic.ChunkStore;
import dev.romestream.messaging.topic.DeadLetters;
import dev.romestream.messaging.topic.RecordIndex;
import dev.romestream.messaging.topic.RecordInspector;
import dev.romestream.messaging.topic.RecordReader;
import dev.romestream.messaging.topic.RecordSender;
import dev.romestream.messaging.topic.TopicNames;
import dev.romestream.messaging.topic.TopicReader;
import dev.romestream.messaging.topic.TopicSetup;
import dev.romestream.schemas.AttackSpec;
import dev.romestream.schemas.Chunk;
import dev.romestream.schemas.DType;
import dev.romestream.schemas.ExperimentStatus;
import dev.romestream.schemas.ImageBatch;
import dev.romestream.schemas.InternalRecords;
import dev.romestream.schemas.NetworkNorm;
import dev.romestream.schemas.NetworkSpec;
import dev.romestream.schemas.Phase;
import dev.romestream.schemas.Pool;
import dev.romestream.schemas.PoolRequest;
import dev.romestream.schemas.Space;
import dev.romestream.schemas.Split;
import dev.romestream.schemas.Tensor;
import dev.romestream.schemas.Topic;
import dev.romestream.schemas.WorkGroup;
import dev.romestream.testing.TestCluster;
import io.confluent.kafka.serializers.KafkaAvroDeserializer;
import io.confluent.kafka.serializers.KafkaAvroSerializer;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.apache.avro.Schema;
import org.apache.avro.SchemaBuilder;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Named;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Records through a real broker and registry. */
class MessagingIT {
    private static final Duration LIMIT = Duration.ofMinutes(5);

    @TempDir
    private static Path directory;

    private static TestCluster cluster;

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

    /** A tenant of its own for each test. */
    private static RomeConfig tenant(String... more) {
        RomeConfig config = tenantWithoutTopics(more);
        TopicSetup.ensure(config);
        return config;
    }

    private static RomeConfig tenantWithoutTopics(String... more) {
        Map<String, String> settings = cluster.tenant(Map.of());
        for (int i = 0; i < more.length; i += 2) {
            settings.put(more[i], more[i + 1]);
        }
        return RomeConfig.of(settings);
    }

    private static ExperimentStatus status(String experiment, long done) {
        return ExperimentStatus.newBuilder()
                .setExperiment(experiment)
                .setService("distiller")
                .setPhase(Phase.RUNNING)
                .setDone(done)
                .setTime(0)
                .build();
    }

    private static PoolRequest request(int network) {
        var attack = new AttackSpec("pgd", Space.NORMALISED, true, 0.1, 0.1, 1, false, null, Map.of());
        Pool pool = Pool.newBuilder()
                .setId("pool")
                .setDataset("d")
                .setFingerprint("f")
                .setNetwork(new NetworkSpec("convnet", 1, 1, NetworkNorm.INSTANCE))
                .setPrior(attack)
                .setTrainSteps(1)
                .setBatch(1)
                .setLearningRate(0.1)
                .setMomentum(0.9)
                .setWeightDecay(0.0)
                .setSeed(1L)
                .build();
        return new PoolRequest(pool, network, 0, 0, "");
    }

    @Test
    void aRecordComesOutAsItWentIn() {
        RomeConfig config = tenant();
        Tensor tensor = new Tensor(List.of(1, 1, 2, 2), DType.UINT8, ByteBuffer.wrap(new byte[] {1, 2, 3, -1}));
        ImageBatch sent = new ImageBatch("d", "f", Split.TEST, 3, tensor, List.of(7), List.of(12), List.of());
        Queue<ImageBatch> seen = new ConcurrentLinkedQueue<>();
        try (RecordSender sender = new RecordSender(config)) {
            sender.send(Topic.IMAGE_BATCHES, "d/test/3", sent);
            sender.flush();
            try (var reader = new RecordReader<>(
                    config, Topic.IMAGE_BATCHES, ImageBatch.class, (key, value) -> seen.add(value))) {
                reader.awaitCaughtUp(LIMIT);
            }
        }
        assertThat(seen).containsExactly(sent);
    }

    @Test
    void bytesThatAreNoRecordGoToTheDeadLettersIntactAndReadingGoesOn() {
        RomeConfig config = tenant();
        byte[] garbage = {0, 0, 0, 99, 1, 2, 3};
        raw(config, Topic.EXPERIMENT_STATUS, "bad", "not avro".getBytes(StandardCharsets.UTF_8));
        raw(config, Topic.EXPERIMENT_STATUS, "worse", garbage);
        Queue<ExperimentStatus> seen = new ConcurrentLinkedQueue<>();
        try (RecordSender sender = new RecordSender(config);
                RecordInspector first = new RecordInspector(config);
                RecordInspector second = new RecordInspector(config)) {
            sender.send(Topic.EXPERIMENT_STATUS, "e/distiller", status("e", 1));
            sender.flush();
            for (int i = 0; i < 2; i++) {
                try (var reader = new RecordReader<>(
                        config, Topic.EXPERIMENT_STATUS, ExperimentStatus.class, (key, value) -> seen.add(value))) {
                    reader.awaitCaughtUp(LIMIT);
                }
            }
            await().atMost(LIMIT).until(() -> deadLetters(config).size() == 2);
            assertThat(first.isAlive() && second.isAlive()).isTrue();
        }
        try (RecordInspector restarted = new RecordInspector(config)) {
            raw(config, Topic.EXPERIMENT_STATUS, "last", garbage);
            await().atMost(LIMIT).until(() -> deadLetters(config).size() >= 3);
            assertThat(restarted.isAlive()).isTrue();
        }
        assertThat(seen).containsExactly(status("e", 1), status("e", 1));
        List<ConsumerRecord<String, byte[]>> letters = deadLetters(config);
        assertThat(letters).hasSize(3);
        assertThat(letters.get(0).value()).isEqualTo("not avro".getBytes(StandardCharsets.UTF_8));
        assertThat(letters.get(1).value()).isEqualTo(garbage);
        assertThat(header(letters.get(0), "topic"))
                .isEqualTo(TopicNames.of(config).of(Topic.EXPERIMENT_STATUS));
        assertThat(header(letters.get(0), "offset")).isEqualTo("0");
        assertThat(header(letters.get(0), "message")).contains("Confluent wire format");
    }

    private static String header(ConsumerRecord<String, byte[]> record, String name) {
        return new String(
                record.headers().lastHeader("__streams.errors." + name).value(), StandardCharsets.UTF_8);
    }

    /** Whoever waited in vain has the reader go on with another consumer, which reads every record once. */
    @Test
    void aReaderThatCameToNoEndGoesOnWhereItWas() {
        RomeConfig config = tenant();
        Queue<String> read = new ConcurrentLinkedQueue<>();
        Semaphore gate = new Semaphore(1);
        try (RecordSender sender = new RecordSender(config);
                TopicReader reader = new TopicReader(config, Topic.POOL_REQUESTS, record -> {
                    gate.acquireUninterruptibly();
                    read.add(record.key());
                    gate.release();
                })) {
            for (int i = 0; i < 100; i++) {
                sender.send(Topic.POOL_REQUESTS, "p" + i, request(i));
            }
            sender.flush();
            reader.awaitCurrent(LIMIT);
            for (int round = 0; round < 3; round++) {
                gate.acquireUninterruptibly();
                sender.send(Topic.POOL_REQUESTS, "round" + round, request(round));
                sender.flush();
                assertThatThrownBy(() -> reader.awaitCurrent(Duration.ofNanos(1)))
                        .isInstanceOf(org.apache.kafka.common.errors.TimeoutException.class);
                gate.release();
                reader.awaitCurrent(LIMIT);
            }
        }
        assertThat(read).hasSize(103).doesNotHaveDuplicates();
    }

    private static void raw(RomeConfig config, Topic topic, String key, byte[] value) {
        Map<String, Object> settings = config.producer();
        settings.remove("value.serializer");
        try (var producer = new KafkaProducer<>(settings, new StringSerializer(), new ByteArraySerializer())) {
            var sent = producer.send(new ProducerRecord<>(TopicNames.of(config).of(topic), key, value));
            producer.flush();
            assertThat(sent).isDone();
        }
    }

    private static List<ConsumerRecord<String, byte[]>> deadLetters(RomeConfig config) {
        Queue<ConsumerRecord<String, byte[]>> letters = new ConcurrentLinkedQueue<>();
        try (TopicReader reader = new TopicReader(config, Topic.DEAD_LETTERS, letters::add)) {
            reader.awaitCaughtUp(LIMIT);
        }
        return List.copyOf(letters);
    }

    @Test
    void anIndexFindsRecordsByIdEvenWhenTheyAreNoLongerAtHand() throws TimeoutException {
        RomeConfig config = tenant();
        try (RecordSender sender = new RecordSender(config);
                var index = new RecordIndex<>(config, Topic.EXPERIMENT_STATUS, ExperimentStatus.class, 1)) {
            for (int i = 0; i < 20; i++) {
                sender.send(Topic.EXPERIMENT_STATUS, "key", "id-" + i, status("e", i));
            }
            sender.flush();
            assertThat(index.await("id-19", LIMIT).getDone()).isEqualTo(19);
            assertThat(index.await("id-3", LIMIT).getDone()).isEqualTo(3);
            assertThat(index.get("id-20")).isEmpty();
            assertThatThrownBy(() -> index.await("id-20", Duration.ofMillis(50)))
                    .hasMessage("No ExperimentStatus id-20 within 50 ms.");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"share", "consumer"})
    void workersShareAQueueAndEveryRequestIsDone(String type) {
        RomeConfig config = tenant("queue.type", type);
        Set<String> done = ConcurrentHashMap.newKeySet();
        Set<String> workers = ConcurrentHashMap.newKeySet();
        WorkQueue.Worker worker = new WorkQueue.Worker() {
            @Override
            public void process(ConsumerRecord<String, byte[]> record) {
                done.add(record.key());
                workers.add(Long.toString(Thread.currentThread().getId()));
                LockSupport.parkNanos(5_000_000);
            }

            @Override
            public void givenUp(ConsumerRecord<String, byte[]> record, Throwable reason) {
                throw new AssertionError(reason);
            }
        };
        try (RecordSender sender = new RecordSender(config);
                WorkQueue first =
                        WorkQueue.open(config, WorkGroup.POOL_TRAINERS, List.of(Topic.POOL_REQUESTS), worker);
                WorkQueue second =
                        WorkQueue.open(config, WorkGroup.POOL_TRAINERS, List.of(Topic.POOL_REQUESTS), worker)) {
            for (int i = 0; i < 60; i++) {
                sender.send(Topic.POOL_REQUESTS, "r" + i, request(i));
            }
            sender.flush();
            await().atMost(LIMIT).until(() -> done.size() == 60);
            // the first may have been through before the second had joined
            AtomicInteger more = new AtomicInteger(60);
            await().atMost(LIMIT).until(() -> {
                sender.send(Topic.POOL_REQUESTS, "r" + more.get(), request(more.getAndIncrement()));
                sender.flush();
                return workers.size() == 2;
            });
            await().atMost(LIMIT).until(() -> done.size() == more.get());
            assertThat(first.isAlive() && second.isAlive()).isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"share", "consumer"})
    void aRequestThatKeepsFailingIsDeadLetteredAndAnsweredAndTheOthersAreDone(String type) {
        RomeConfig config = tenant("queue.type", type, "queue.attempts", "3");
        AtomicInteger attempts = new AtomicInteger();
        Queue<String> answered = new ConcurrentLinkedQueue<>();
        Queue<String> done = new ConcurrentLinkedQueue<>();
        WorkQueue.Worker worker = new WorkQueue.Worker() {
            @Override
            public void process(ConsumerRecord<String, byte[]> record) {
                switch (record.key()) {
                    case "fails" -> {
                        attempts.incrementAndGet();
                        throw new IllegalStateException("it fails");
                    }
                    case "senseless" -> throw new UnprocessableException("it makes no sense");
                    default -> done.add(record.key());
                }
            }

            @Override
            public void givenUp(ConsumerRecord<String, byte[]> record, Throwable reason) {
                answered.add(record.key() + ": " + reason.getMessage());
            }
        };
        try (RecordSender sender = new RecordSender(config);
                WorkQueue queue =
                        WorkQueue.open(config, WorkGroup.POOL_TRAINERS, List.of(Topic.POOL_REQUESTS), worker)) {
            List.of("fails", "senseless", "works").forEach(key -> sender.send(Topic.POOL_REQUESTS, key, request(0)));
            sender.flush();
            await().atMost(LIMIT).untilAsserted(() -> {
                assertThat(answered).containsExactlyInAnyOrder("fails: it fails", "senseless: it makes no sense");
                assertThat(done).containsExactly("works");
            });
            assertThat(queue.isAlive()).isTrue();
        }
        assertThat(attempts).hasValue(3);
        assertThat(deadLetters(config)).hasSize(2);
    }

    @ParameterizedTest
    @ValueSource(strings = {"share", "consumer"})
    void workThatItsWorkerCancelsGoesBackAndIsDoneByAnother(String type) {
        RomeConfig config = tenant("queue.type", type, "queue.attempts", "1");
        Queue<String> givenUp = new ConcurrentLinkedQueue<>();
        Queue<String> done = new ConcurrentLinkedQueue<>();
        try (RecordSender sender = new RecordSender(config)) {
            sender.send(Topic.POOL_REQUESTS, "request", request(0));
            sender.flush();
        }
        try (WorkQueue closing = WorkQueue.open(
                config,
                WorkGroup.POOL_TRAINERS,
                List.of(Topic.POOL_REQUESTS),
                worker(
                        record -> {
                            throw new CancellationException("closing");
                        },
                        givenUp))) {
            await().atMost(LIMIT).until(() -> !closing.isAlive());
        }
        try (WorkQueue next = WorkQueue.open(
                config,
                WorkGroup.POOL_TRAINERS,
                List.of(Topic.POOL_REQUESTS),
                worker(record -> done.add(record.key()), givenUp))) {
            await().atMost(LIMIT).untilAsserted(() -> assertThat(done).containsExactly("request"));
            assertThat(next.isAlive()).isTrue();
        }
        assertThat(givenUp).isEmpty();
    }

    /** A record that is too large is its own fault, and no other's. */
    @Test
    void anOversizedRecordDoesNotPoisonItsSender() {
        RomeConfig config = tenant();
        byte[] pixels = new byte[11 * 1024 * 1024];
        var tensor = new Tensor(List.of(1, 1, 1024, 11 * 1024), DType.UINT8, ByteBuffer.wrap(pixels));
        try (RecordSender sender = new RecordSender(config)) {
            sender.send(
                    Topic.IMAGE_BATCHES,
                    "d/test/0",
                    new ImageBatch("d", "f", Split.TEST, 0, tensor, List.of(0), List.of(0), List.of()));
            assertThatThrownBy(sender::flush)
                    .isInstanceOf(UnprocessableException.class)
                    .hasMessageContaining("d/test/0");
            sender.send(Topic.EXPERIMENT_STATUS, "e/distiller", status("e", 1));
            sender.flush();
        }
    }

    /** A partition may take a producer's second request before it is ready for the first, and then never takes the first. */
    /** Two queues of an attacker share a sender: neither acknowledges a request whose answer the other has heard of as lost. */
    @Test
    void aFailedDeliveryIsToldToWhoeverSentTheRecord() throws Exception {
        RomeConfig config = tenant();
        try (RecordSender sender = new RecordSender(config)) {
            CountDownLatch sent = new CountDownLatch(1);
            CountDownLatch flushed = new CountDownLatch(1);
            CompletableFuture<Void> unlucky = CompletableFuture.runAsync(() -> {
                byte[] tooMany = new byte[2 * Topic.MAX_RECORD_BYTES];
                Tensor tensor = new Tensor(List.of(1, 1, 1, tooMany.length), DType.UINT8, ByteBuffer.wrap(tooMany));
                sender.send(
                        Topic.IMAGE_BATCHES,
                        "large",
                        new ImageBatch("large", "f", Split.TEST, 0, tensor, List.of(7), List.of(0), List.of()));
                sent.countDown();
                awaitUninterruptibly(flushed);
                sender.flush();
            });
            assertThat(sent.await(1, TimeUnit.MINUTES)).isTrue();
            sender.send(Topic.EXPERIMENT_STATUS, "e/distiller", status("e", 1));
            sender.flush();
            flushed.countDown();
            assertThatThrownBy(() -> unlucky.get(1, TimeUnit.MINUTES)).hasCauseInstanceOf(UnprocessableException.class);
        }
    }

    /** While one member is at a long job, another that joins has its share within moments. */
    @Test
    void aMemberThatJoinsDoesNotWaitForTheSlowestJob() {
        RomeConfig config = tenant(Settings.QUEUE_TYPE, "consumer");
        CountDownLatch slow = new CountDownLatch(1);
        Queue<String> begun = new ConcurrentLinkedQueue<>();
        Queue<String> done = new ConcurrentLinkedQueue<>();
        Queue<String> givenUp = new ConcurrentLinkedQueue<>();
        try (RecordSender sender = new RecordSender(config);
                WorkQueue busy = WorkQueue.open(
                        config,
                        WorkGroup.POOL_TRAINERS,
                        List.of(Topic.POOL_REQUESTS),
                        worker(
                                record -> {
                                    begun.add(record.key());
                                    awaitUninterruptibly(slow);
                                },
                                givenUp))) {
            for (int i = 0; i < 20; i++) {
                sender.send(Topic.POOL_REQUESTS, "r" + i, request(i));
            }
            sender.flush();
            await().atMost(LIMIT).until(() -> !begun.isEmpty());
            try (WorkQueue other = WorkQueue.open(
                    config,
                    WorkGroup.POOL_TRAINERS,
                    List.of(Topic.POOL_REQUESTS),
                    worker(record -> done.add(record.key()), givenUp))) {
                await().atMost(Duration.ofSeconds(30)).until(() -> !done.isEmpty());
                assertThat(busy.isAlive()).isTrue();
                slow.countDown();
                await().atMost(LIMIT).until(() -> done.size() + begun.size() >= 20);
                assertThat(other.isAlive()).isTrue();
            }
        }
        assertThat(givenUp).isEmpty();
    }

    @Test
    void recordsSentToPartitionsThatWereJustCreatedArrive() throws Exception {
        for (int attempt = 0; attempt < 3; attempt++) {
            RomeConfig config = tenantWithoutTopics();
            String topic = TopicNames.of(config).of(Topic.EXPERIMENT_STATUS);
            new SchemaRegistryClient(config.serde()).register(topic + "-value", Topic.EXPERIMENT_STATUS.schema());
            try (Admin admin = Admin.create(config.admin());
                    RecordSender sender = new RecordSender(config)) {
                admin.createTopics(List.of(new NewTopic(topic, 8, (short) 1)))
                        .all()
                        .get();
                for (int i = 0; i < 300; i++) {
                    sender.send(Topic.EXPERIMENT_STATUS, i + "/distiller", status("" + i, 1));
                }
                assertTimeoutPreemptively(Duration.ofSeconds(30), sender::flush);
            }
        }
    }

    @Test
    void bytesTooManyForARecordComeBackFromTheirChunksUntilTheyAreReplaced() {
        RomeConfig config = tenant();
        byte[] bytes = new byte[9 * 1024 * 1024 + 5];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (i * 31);
        }
        try (ChunkStore chunks = new ChunkStore(config)) {
            List<Chunk> written = chunks.write("owner", bytes);
            assertThat(written).hasSize(3);
            assertThat(chunks.read(written))
                    .hasValueSatisfying(read -> assertThat(read).isEqualTo(bytes));
            Chunk last = written.get(2);
            assertThat(chunks.read(List.of(new Chunk(last.getPartition(), last.getOffset() + 9, 5))))
                    .isEmpty();
            assertThat(chunks.read(List.of(new Chunk(99, 0L, 5)))).isEmpty();
        }
    }

    private static WorkQueue.Worker worker(Consumer<ConsumerRecord<String, byte[]>> work, Queue<String> givenUp) {
        return new WorkQueue.Worker() {
            @Override
            public void process(ConsumerRecord<String, byte[]> record) {
                work.accept(record);
            }

            @Override
            public void givenUp(ConsumerRecord<String, byte[]> record, Throwable reason) {
                givenUp.add(record.key());
            }
        };
    }

    /** Those that wait meanwhile are delivered once, too: whoever renews takes no other. */
    @Test
    void workThatOutlastsTheLockIsRenewedAndDoneOnce() {
        RomeConfig config = tenant("queue.lock.ms", "2000", "topic.partitions", "1");
        Queue<String> deliveries = new ConcurrentLinkedQueue<>();
        Queue<String> finished = new ConcurrentLinkedQueue<>();
        Queue<String> givenUp = new ConcurrentLinkedQueue<>();
        WorkQueue.Worker worker = worker(
                record -> {
                    deliveries.add(record.key() + " " + record.deliveryCount().orElseThrow());
                    long end = System.nanoTime() + Duration.ofSeconds(5).toNanos();
                    while (System.nanoTime() < end) {
                        LockSupport.parkNanos(end - System.nanoTime());
                    }
                    finished.add(record.key());
                },
                givenUp);
        try (RecordSender sender = new RecordSender(config);
                WorkQueue first =
                        WorkQueue.open(config, WorkGroup.POOL_TRAINERS, List.of(Topic.POOL_REQUESTS), worker);
                WorkQueue second =
                        WorkQueue.open(config, WorkGroup.POOL_TRAINERS, List.of(Topic.POOL_REQUESTS), worker)) {
            for (int i = 0; i < 6; i++) {
                sender.send(Topic.POOL_REQUESTS, "slow" + i, request(i));
                sender.flush();
            }
            await().atMost(LIMIT).until(() -> finished.size() >= 6);
            assertThat(first.isAlive() && second.isAlive()).isTrue();
        }
        assertThat(deliveries)
                .containsExactlyInAnyOrder("slow0 1", "slow1 1", "slow2 1", "slow3 1", "slow4 1", "slow5 1");
        assertThat(givenUp).isEmpty();
    }

    /** Neither a worker nor a stream that stands still may look well. */
    @Test
    void workThatStandsStillIsTold() throws Exception {
        RomeConfig config = tenant("health.stall.ms", "1000");
        CountDownLatch end = new CountDownLatch(1);
        AtomicInteger steps = new AtomicInteger();
        class Standing extends RequestWorker<PoolRequest> {
            Standing() {
                super(config, PoolRequest.class);
            }

            @Override
            protected void carryOut(PoolRequest request, ConsumerRecord<String, byte[]> record) {
                for (int i = 0; i < 10; i++) {
                    LockSupport.parkNanos(Duration.ofMillis(200).toNanos());
                    step();
                    steps.incrementAndGet();
                }
                awaitUninterruptibly(end);
            }

            @Override
            protected void answerFailure(PoolRequest request, String reason) {
                throw new AssertionError(reason);
            }
        }
        StreamsBuilder builder = new StreamsBuilder();
        builder.stream(
                        TopicNames.of(config).of(Topic.POOL_REQUESTS),
                        Consumed.with(Serdes.String(), Serdes.ByteArray()).withName("requests"))
                .foreach((key, value) -> awaitUninterruptibly(end), Named.as("standing"));
        try (RecordSender sender = new RecordSender(config);
                Standing worker = new Standing();
                WorkQueue queue =
                        WorkQueue.open(config, WorkGroup.POOL_TRAINERS, List.of(Topic.POOL_REQUESTS), worker);
                StreamsApplication stream = new StreamsApplication(config, "standing", builder.build())) {
            stream.start();
            assertThat(worker.stalled()).isEmpty();
            assertThat(stream.stalled()).isEmpty();
            sender.send(Topic.POOL_REQUESTS, "p", request(0));
            sender.flush();
            await().atMost(LIMIT).until(() -> steps.get() == 9);
            assertThat(worker.stalled()).isEmpty();
            await().atMost(LIMIT)
                    .untilAsserted(() -> assertThat(worker.stalled()).hasValueSatisfying(reason -> assertThat(reason)
                            .contains("pool-requests partition", "has not moved")));
            await().atMost(LIMIT).untilAsserted(() -> assertThat(stream.stalled())
                    .hasValueSatisfying(reason -> assertThat(reason).contains("at one record")));
            end.countDown();
            await().atMost(LIMIT)
                    .until(() -> worker.stalled().isEmpty() && stream.stalled().isEmpty());
            assertThat(queue.isAlive()).isTrue();
        }
    }

    /** After a failure it decodes records again that it decoded before. */
    @Test
    void whatAStreamCannotDecodeIsKeptOnce() {
        RomeConfig config = tenant();
        byte[] garbage = {0, 0, 0, 99, 1, 2, 3};
        raw(config, Topic.EXPERIMENT_STATUS, "a", garbage);
        Queue<String> seen = new ConcurrentLinkedQueue<>();
        StreamsBuilder builder = new StreamsBuilder();
        builder.stream(
                        TopicNames.of(config).of(Topic.EXPERIMENT_STATUS),
                        Consumed.with(Serdes.String(), ControlStream.<ExperimentStatus>serde(config))
                                .withName("statuses"))
                .foreach((key, value) -> seen.add(key), Named.as("seen"));
        try (RecordSender sender = new RecordSender(config)) {
            // each of them reads the topic from its beginning
            for (String name : List.of("first", "second")) {
                try (StreamsApplication stream = new StreamsApplication(config, name, builder.build())) {
                    stream.start();
                    sender.send(Topic.EXPERIMENT_STATUS, name, status("e", 1));
                    sender.flush();
                    await().atMost(LIMIT).until(() -> seen.contains(name));
                    await().atMost(LIMIT).until(() -> !deadLetters(config).isEmpty());
                }
                seen.clear();
            }
        }
        assertThat(deadLetters(config)).hasSize(1);
        assertThat(deadLetters(config).get(0).value()).isEqualTo(garbage);
    }

    @Test
    void whatIsTooLargeForADeadLetterLeavesItsReasonAndItsPlace() {
        RomeConfig config = tenant();
        var large = new ConsumerRecord<>("elsewhere", 2, 17, "k", new byte[12 << 20]);
        try (DeadLetters letters = new DeadLetters(config)) {
            for (int i = 0; i < 2; i++) {
                assertThat(letters.keep(large, new IllegalStateException("it makes no sense"), () -> true))
                        .isTrue();
            }
        }
        assertThat(deadLetters(config)).hasSize(1);
        ConsumerRecord<String, byte[]> letter = deadLetters(config).get(0);
        assertThat(header(letter, "topic") + header(letter, "partition") + header(letter, "offset"))
                .isEqualTo("elsewhere217");
        assertThat(header(letter, "message")).isEqualTo("it makes no sense");
        assertThat(header(letter, "cut.bytes")).isEqualTo(Integer.toString(12 << 20));
    }

    private static void awaitUninterruptibly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void theRegistryKeepsIncompatibleSchemasOut() {
        RomeConfig config = tenant(Settings.SCHEMA_COMPATIBILITY, "BACKWARD");
        SchemaRegistryClient client = new SchemaRegistryClient(config.serde());
        String subject = TopicNames.of(config).of(Topic.DATASETS) + "-value";
        Schema incompatible = new Schema.Parser()
                .parse("{\"type\":\"record\",\"name\":\"DatasetDescriptor\",\"namespace\":\"dev.romestream.schemas\","
                        + "\"fields\":[{\"name\":\"unheardOf\",\"type\":\"int\"}]}");
        assertThatThrownBy(() -> client.register(subject, incompatible))
                .isInstanceOf(RegistryException.class)
                .satisfies(e -> assertThat(((RegistryException) e).status()).isEqualTo(409));
        int id = client.register(subject, Topic.DATASETS.schema());
        assertThat(client.schema(id)).isEqualTo(Topic.DATASETS.schema());
    }

    /** A later release's schema, with a field more and one less, is registered already. */
    @Test
    void withLatestVersionRecordsAreWrittenInTheNewestSchemaThatIsRegistered() {
        RomeConfig config = tenantWithoutTopics("auto.register.schemas", "false", "use.latest.version", "true");
        String topic = "elsewhere-" + TopicNames.of(config).prefix();
        Schema newer = new Schema.Parser()
                .parse(
                        "{\"type\":\"record\",\"name\":\"Chunk\",\"namespace\":\"dev.romestream.schemas\",\"fields\":["
                                + "{\"name\":\"note\",\"type\":\"string\",\"default\":\"none\"},{\"name\":\"offset\",\"type\":\"long\"}]}");
        int id = new SchemaRegistryClient(config.serde()).register(topic + "-value", newer);
        try (var serializer = new AvroSerializer<Chunk>()) {
            serializer.configure(config.serde(), false);
            ByteBuffer bytes = ByteBuffer.wrap(serializer.serialize(topic, new Chunk(3, 7L, 5)));
            assertThat(bytes.get()).isZero();
            assertThat(bytes.getInt()).isEqualTo(id);
            byte[] body = new byte[bytes.remaining()];
            bytes.get(body);
            assertThat(body).containsExactly(8, 'n', 'o', 'n', 'e', 14);
        }
    }

    @Test
    void withoutRegisteringAnUnknownSchemaIsRefusedByItsSubject() {
        RomeConfig config = tenantWithoutTopics("auto.register.schemas", "false");
        try (var serializer = new AvroSerializer<Chunk>()) {
            serializer.configure(config.serde(), false);
            assertThatThrownBy(() -> serializer.serialize("nobodys-topic", new Chunk(3, 7L, 5)))
                    .isInstanceOf(RegistryException.class)
                    .hasMessageContaining("nobodys-topic-value");
        }
    }

    @Test
    void aServiceThatMayNotMakeTopicsOrSchemasSaysWhatIsMissing() {
        assertThatThrownBy(() -> TopicSetup.ensure(tenantWithoutTopics("topics.create", "false")))
                .isInstanceOf(UnavailableException.class)
                .hasMessageContaining("robustness-latest")
                .hasMessageContaining("rome topics --create");
        assertThatThrownBy(() -> TopicSetup.ensure(tenantWithoutTopics("auto.register.schemas", "false")))
                .isInstanceOf(UnavailableException.class)
                .hasMessageContaining("-value")
                .hasMessageContaining("rome topics --create");
    }

    /** Which a consumer, left to itself, would notice after some seconds. */
    @Test
    void whatWasJustWrittenToAPartitionThatWasJustAddedIsNotMissed() throws Exception {
        RomeConfig config = tenant();
        String topic = TopicNames.of(config).of(Topic.EXPERIMENT_STATUS);
        String chunks = TopicNames.of(config).of(Topic.CHUNKS);
        try (RecordIndex<ExperimentStatus> index =
                        new RecordIndex<>(config, Topic.EXPERIMENT_STATUS, ExperimentStatus.class, 1024);
                ChunkStore store = new ChunkStore(config);
                Admin admin = Admin.create(config.admin())) {
            index.awaitCaughtUp(LIMIT);
            store.read(store.write("owner", new byte[10]));
            admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(9), chunks, NewPartitions.increaseTo(9)))
                    .all()
                    .get();
            Map<String, Object> settings = config.producer();
            settings.remove("value.serializer");
            long offset;
            try (var producer = new KafkaProducer<>(settings, new StringSerializer(), new ByteArraySerializer());
                    var serializer = new AvroSerializer<ExperimentStatus>()) {
                serializer.configure(config.serde(), false);
                producer.send(new ProducerRecord<>(topic, 8, "key", serializer.serialize(topic, status("e", 1))))
                        .get();
                offset = producer.send(new ProducerRecord<>(chunks, 8, "chunk", new byte[] {1, 2, 3}))
                        .get()
                        .offset();
            }
            index.awaitCurrent(LIMIT);
            assertThat(index.get("key")).contains(status("e", 1));
            assertThat(store.read(List.of(new Chunk(8, offset, 3)))).contains(new byte[] {1, 2, 3});
            assertThat(store.read(List.of(new Chunk(99, 0L, 3)))).isEmpty();
        }
    }

    /** As after an upgrade, when a record has got fields. */
    @Test
    void aServiceWithoutItsOwnSchemaIsNotReadyUnlessTheNewestWillDo() {
        RomeConfig config = tenantWithoutTopics();
        Schema older = SchemaBuilder.record("ExperimentStatus")
                .namespace("dev.romestream.schemas")
                .fields()
                .requiredString("experiment")
                .endRecord();
        var registry = new SchemaRegistryClient(config.serde());
        TopicNames names = TopicNames.of(config);
        for (Topic topic : Topic.values()) {
            if (!topic.isRaw()) {
                registry.register(
                        names.of(topic) + "-value", topic == Topic.EXPERIMENT_STATUS ? older : topic.schema());
            }
        }
        InternalRecords.SCHEMAS.forEach(schema -> registry.register(schema.getFullName(), schema));
        assertThatThrownBy(() -> TopicSetup.ensure(config.with(Map.of("auto.register.schemas", "false"))))
                .isInstanceOf(UnavailableException.class)
                .hasMessageContaining("experiment-status-value");
        TopicSetup.ensure(config.with(Map.of("auto.register.schemas", "false", "use.latest.version", "true")));
    }

    /** What all consumers may be told, and those of some kind refuse. */
    @ParameterizedTest
    @ValueSource(strings = {"share", "consumer"})
    void settingsOfConsumersDoNotEndAMemberOfAGroup(String type) {
        RomeConfig config = tenant(
                "queue.type", type,
                "isolation.level", "read_committed",
                "session.timeout.ms", "30000",
                "heartbeat.interval.ms", "3000",
                "group.protocol", "classic",
                "consumer.partition.assignment.strategy", "org.apache.kafka.clients.consumer.CooperativeStickyAssignor",
                "auto.offset.reset", "earliest",
                "enable.auto.commit", "false");
        aMemberWorks(config);
    }

    @ParameterizedTest
    @ValueSource(strings = {"share", "consumer"})
    void membersMayUseTheNewProtocolOfGroups(String type) {
        RomeConfig config = tenant("queue.type", type, "group.protocol", "consumer");
        aMemberWorks(config);
        try (RecordInspector inspector = new RecordInspector(config);
                RecordSender sender = new RecordSender(config)) {
            sender.send(Topic.EXPERIMENT_STATUS, "another key", status("e", 1));
            sender.flush();
            await().atMost(LIMIT).until(() -> deadLetters(config).size() == 1);
            assertThat(inspector.isAlive()).isTrue();
        }
    }

    private static void aMemberWorks(RomeConfig config) {
        Queue<String> done = new ConcurrentLinkedQueue<>();
        try (RecordSender sender = new RecordSender(config);
                WorkQueue queue = WorkQueue.open(
                        config,
                        WorkGroup.POOL_TRAINERS,
                        List.of(Topic.POOL_REQUESTS),
                        worker(record -> done.add(record.key()), new ConcurrentLinkedQueue<>()))) {
            sender.send(Topic.POOL_REQUESTS, "request", request(0));
            sender.flush();
            await().atMost(LIMIT).until(() -> !done.isEmpty() || !queue.isAlive());
            assertThat(queue.isAlive()).isTrue();
        }
    }

    @Test
    void clientsAreKnownToTheBrokersByWhatTheyAreFor() {
        RomeConfig config = tenant("client.id", "rome-attacker");
        MeterRegistry meters = new SimpleMeterRegistry();
        config.clients().bindTo(meters);
        try (RecordSender sender = new RecordSender(config)) {
            sender.send(Topic.EXPERIMENT_STATUS, "key", status("e", 1));
            sender.flush();
            assertThat(meters.find("kafka.producer.record.send.total")
                            .tag("client.id", "rome-attacker-records")
                            .functionCounter()
                            .count())
                    .as("each try counts")
                    .isPositive();
        }
        assertThat(meters.getMeters()).isEmpty();
    }

    @Test
    void oneSettingPutsConfluentsSerializersInPlaceOfOurs() {
        RomeConfig config = tenant(Settings.AVRO_SERDES, "confluent");
        int written = KafkaAvroSerializer.CALLS.get();
        int read = KafkaAvroDeserializer.CALLS.get();
        List<ExperimentStatus> statuses = new CopyOnWriteArrayList<>();
        try (RecordSender sender = new RecordSender(config);
                var reader = new RecordReader<>(
                        config, Topic.EXPERIMENT_STATUS, ExperimentStatus.class, (key, value) -> statuses.add(value))) {
            sender.send(Topic.EXPERIMENT_STATUS, "e/distiller", status("e", 1));
            sender.flush();
            reader.awaitCurrent(LIMIT);
        }
        assertThat(statuses).containsExactly(status("e", 1));
        var serde = ControlStream.<ExperimentStatus>serde(config);
        String topic = TopicNames.of(config).of(Topic.EXPERIMENT_STATUS);
        assertThat(serde.deserializer().deserialize(topic, serde.serializer().serialize(topic, status("e", 2))))
                .isEqualTo(status("e", 2));
        assertThat(KafkaAvroSerializer.CALLS.get() - written).isGreaterThanOrEqualTo(2);
        assertThat(KafkaAvroDeserializer.CALLS.get() - read).isGreaterThanOrEqualTo(2);
    }

    /** With those of its partitions under the same name, Prometheus' registry refuses one or the other. */
    @Test
    void aConsumersMetricsAreOfTheWholeClient() {
        RomeConfig config = tenant();
        config.clients().bindTo(new SimpleMeterRegistry());
        try (RecordSender sender = new RecordSender(config);
                KafkaConsumer<byte[], byte[]> consumer = config.clients()
                        .consumer(
                                "view", config.consumer(), new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            sender.send(Topic.EXPERIMENT_STATUS, "key", status("e", 1));
            sender.flush();
            TopicPartition partition = new TopicPartition(TopicNames.of(config).of(Topic.EXPERIMENT_STATUS), 0);
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
            await().atMost(LIMIT)
                    .until(() -> !consumer.poll(Duration.ofMillis(100)).isEmpty());
            assertThat(consumer.metrics().keySet())
                    .noneMatch(name -> name.tags().containsKey("partition"))
                    .filteredOn(name -> name.name().equals("records-lag-max"))
                    .hasSize(1);
        }
    }

    /** As while a name service does not know the brokers yet. */
    @Test
    void brokersWhoseNamesAreNotKnownYetAreWaitedFor() {
        RomeConfig config = RomeConfig.of(Map.of("bootstrap.servers", "no-such-host.invalid:9092"));
        assertThatThrownBy(() -> TopicSetup.ensure(config))
                .isInstanceOf(UnavailableException.class)
                .hasMessageContaining("no-such-host.invalid:9092");
    }

    @Test
    void theRegistryRemembersItsSchemasWhenItStartsAgain() {
        assumeTrue(cluster.isEmbedded(), "skipped: it is about the embedded registry");
        RomeConfig config = tenant();
        String subject = TopicNames.of(config).of(Topic.DATASETS) + "-value";
        int id = new SchemaRegistryClient(config.serde()).id(subject, Topic.DATASETS.schema());
        try (EmbeddedSchemaRegistry again = EmbeddedSchemaRegistry.start(cluster.bootstrapServers(), 0)) {
            var client = new SchemaRegistryClient(Map.of("schema.registry.url", again.url()));
            assertThat(client.id(subject, Topic.DATASETS.schema())).isEqualTo(id);
        }
    }

    @Test
    void aRegistryThatDoesNotAnswerIsNamed() {
        var client = new SchemaRegistryClient(
                Map.of("schema.registry.url", "http://localhost:1", "registry.patience.ms", "500"));
        assertThatThrownBy(() -> client.schema(1))
                .hasMessageContaining("http://localhost:1")
                .hasMessageContaining("schema.registry.url");
    }
}
