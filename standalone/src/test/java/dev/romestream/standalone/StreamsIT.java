package dev.romestream.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.romestream.client.experiment.ExperimentFile;
import dev.romestream.exchange.store.DatasetStore;
import dev.romestream.experiments.DatasetIds;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.service.Resources;
import dev.romestream.messaging.topic.DeadLetters;
import dev.romestream.messaging.topic.RecordReader;
import dev.romestream.messaging.topic.RecordSender;
import dev.romestream.messaging.topic.TopicNames;
import dev.romestream.messaging.topic.TopicReader;
import dev.romestream.messaging.topic.TopicSetup;
import dev.romestream.producer.ProducerMain;
import dev.romestream.producer.ProducerService;
import dev.romestream.schemas.Checkpoint;
import dev.romestream.schemas.DatasetDescriptor;
import dev.romestream.schemas.DatasetSpec;
import dev.romestream.schemas.DesiredState;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.ExperimentStatus;
import dev.romestream.schemas.ImageLabels;
import dev.romestream.schemas.Mode;
import dev.romestream.schemas.Network;
import dev.romestream.schemas.NetworkVersion;
import dev.romestream.schemas.OffsetRange;
import dev.romestream.schemas.Pool;
import dev.romestream.schemas.PoolRequest;
import dev.romestream.schemas.RobustnessMetrics;
import dev.romestream.schemas.Topic;
import dev.romestream.schemas.WindowLag;
import dev.romestream.schemas.WindowRange;
import dev.romestream.schemas.WindowSpec;
import dev.romestream.standalone.chaos.Programs;
import dev.romestream.standalone.cli.RomeCommand;
import dev.romestream.standalone.network.ModelFile;
import dev.romestream.standalone.network.NetworkMonitoring;
import dev.romestream.testing.TestCluster;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentNavigableMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Future;
import java.util.function.ToLongFunction;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.io.TempDir;

/** Topics that are read for ever, in windows, on a real broker. */
class StreamsIT {
    private static final Duration LIMIT = Duration.ofMinutes(3);
    private static final long MINUTE = 60_000;
    private static final long DAY = 24 * 60 * MINUTE;
    private static final List<String> CLASSES = List.of("ant", "bee", "cat");
    /** Of shapes10, in label order. */
    private static final List<String> SHAPES =
            List.of("disc", "ring", "square", "frame", "triangle", "plus", "star", "crescent", "bars", "hourglass");

    @TempDir
    private static Path directory;

    private static TestCluster cluster;

    private final Resources resources = new Resources();
    private final SimpleMeterRegistry metrics = new SimpleMeterRegistry();
    private final ConcurrentNavigableMap<Integer, DatasetDescriptor> windows = new ConcurrentSkipListMap<>();
    private final Set<Integer> retired = ConcurrentHashMap.newKeySet();
    private final Map<String, ExperimentStatus> statuses = new ConcurrentHashMap<>();

    private RomeConfig config;
    private Admin admin;
    private KafkaProducer<String, byte[]> camera;
    private String topic;
    private int sent;

    @BeforeAll
    static void startCluster() {
        cluster = TestCluster.start(directory);
    }

    @AfterAll
    static void stopCluster() {
        if (cluster != null) {
            cluster.close();
        }
    }

    @BeforeEach
    void start(TestInfo test) {
        topic = "photos-" + test.getTestMethod().orElseThrow().getName();
        config = RomeConfig.of(cluster.tenant(Map.of("attacker.count", "1", "networks.torchscript", "true")));
        admin = resources.add(Admin.create(config.admin()));
        camera = resources.add(camera(Map.of()));
    }

    @AfterEach
    void stop() {
        resources.close();
    }

    private KafkaProducer<String, byte[]> camera(Map<String, Object> more) {
        Map<String, Object> settings = new HashMap<>(config.producer());
        settings.remove("value.serializer");
        settings.putAll(more);
        return new KafkaProducer<>(settings, new StringSerializer(), new ByteArraySerializer());
    }

    private void create(int partitions) throws Exception {
        admin.createTopics(List.of(new NewTopic(topic, partitions, (short) 1)))
                .all()
                .get();
    }

    private static byte[] png(int number) {
        try (ByteArrayOutputStream bytes = new ByteArrayOutputStream()) {
            BufferedImage image = new BufferedImage(4, 4, BufferedImage.TYPE_INT_RGB);
            image.setRGB(0, 0, number);
            ImageIO.write(image, "png", bytes);
            return bytes.toByteArray();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The next image, of each class in turn. */
    private ProducerRecord<String, byte[]> image(int partition, long time) {
        int number = sent++;
        return new ProducerRecord<>(topic, partition, time, CLASSES.get(number % CLASSES.size()), png(number));
    }

    private void write(int partition, int count) throws Exception {
        for (int i = 0; i < count; i++) {
            camera.send(image(partition, System.currentTimeMillis())).get();
        }
    }

    private Experiment experiment(WindowSpec.Builder window) {
        Experiment experiment = ExperimentFile.monitoring("live", "shapes10", List.of("quick"), Optional.empty(), 64);
        experiment.setDataset(DatasetSpec.newBuilder()
                .setName("topic")
                .setPath(topic)
                .setWindow(window.build())
                .build());
        return experiment;
    }

    /** Submits it, and follows what is there of its stream. */
    private Experiment follow(WindowSpec.Builder window) {
        TopicSetup.ensure(config);
        Experiment experiment = experiment(window);
        String stream = DatasetIds.of(experiment.getDataset());
        resources.add(new RecordReader<>(config, Topic.DATASETS, DatasetDescriptor.class, (key, value) -> {
            if (value == null) {
                retired.add(Integer.valueOf(key.substring(key.indexOf('@') + 1)));
            } else if (DatasetIds.stream(value).equals(stream)) {
                windows.put(value.getWindow().getNumber(), value);
            }
        }));
        resources.add(new RecordReader<>(config, Topic.EXPERIMENT_STATUS, ExperimentStatus.class, statuses::put));
        submit(experiment, DesiredState.RUN);
        return experiment;
    }

    private void submit(Experiment experiment, DesiredState state) {
        try (RecordSender sender = new RecordSender(config)) {
            sender.send(
                    Topic.EXPERIMENTS,
                    experiment.getId(),
                    Experiment.newBuilder(experiment).setDesiredState(state).build());
            sender.flush();
        }
    }

    private void startProducer() {
        resources.add(new ProducerService(config, metrics)).start();
    }

    private void until(String what, Callable<Boolean> condition) {
        await(what).atMost(LIMIT).until(condition);
    }

    private WindowRange awaitWindow(int number) {
        until("window " + number, () -> windows.containsKey(number));
        return windows.get(number).getWindow();
    }

    private static OffsetRange range(int partition, long from, long to) {
        return new OffsetRange(partition, from, to);
    }

    private NewTopic compacted() {
        return new NewTopic(topic, 1, (short) 1)
                .configs(Map.of(
                        "cleanup.policy", "compact",
                        "segment.ms", "100",
                        "min.cleanable.dirty.ratio", "0.01"));
    }

    /** Of the records in the topic's first partition. */
    private List<Long> offsets() {
        try (var reader = new KafkaConsumer<>(
                Map.<String, Object>of("bootstrap.servers", cluster.bootstrapServers()),
                new StringDeserializer(),
                new ByteArrayDeserializer())) {
            TopicPartition partition = new TopicPartition(topic, 0);
            reader.assign(List.of(partition));
            reader.seekToBeginning(List.of(partition));
            long end = reader.endOffsets(List.of(partition)).get(partition);
            List<Long> offsets = new ArrayList<>();
            while (reader.position(partition) < end) {
                reader.poll(Duration.ofMillis(100)).forEach(record -> offsets.add(record.offset()));
            }
            return offsets;
        }
    }

    /** Each window begins where the one before it ended, partition by partition. */
    private void assertChained() {
        Map<Integer, Long> ends = new TreeMap<>();
        String topicId = windows.firstEntry().getValue().getWindow().getTopicId();
        int expected = 0;
        for (DatasetDescriptor descriptor : windows.values()) {
            WindowRange window = descriptor.getWindow();
            assertThat(window.getNumber()).isEqualTo(expected++);
            assertThat(window.getTopicId()).isEqualTo(topicId);
            for (OffsetRange range : window.getPartitions()) {
                assertThat(range.getFrom()).isEqualTo(ends.getOrDefault(range.getPartition(), 0L));
                ends.put(range.getPartition(), range.getTo());
            }
        }
    }

    private Map<String, String> letters() {
        Map<String, String> letters = new ConcurrentHashMap<>();
        try (TopicReader reader = new TopicReader(config, Topic.DEAD_LETTERS, letter -> {
            String place = DeadLetters.header(letter, "topic") + "/"
                    + DeadLetters.header(letter, "partition") + "/"
                    + DeadLetters.header(letter, "offset");
            assertThat(letters.put(place, DeadLetters.header(letter, "message")))
                    .as("kept twice: " + place)
                    .isNull();
        })) {
            reader.awaitCaughtUp(LIMIT);
        }
        return letters;
    }

    /** Two foreign producers with skewed clocks write to four partitions, a record in forty is no image, and producers are killed. */
    @Test
    void everyRecordIsInOneWindowThoughProducersAreKilled(@TempDir Path logs) throws Exception {
        create(4);
        Experiment experiment =
                follow(WindowSpec.newBuilder().setImages(50).setKeep(1000).setTest(0.5));
        Path settings = Files.writeString(
                logs.resolve("producer.properties"),
                "bootstrap.servers=" + cluster.bootstrapServers() + "\nschema.registry.url=" + cluster.registryUrl()
                        + "\ntopic.prefix="
                        + TopicNames.of(config).prefix() + "\n");
        int images = 6000;
        List<Future<?>> written = new CopyOnWriteArrayList<>();
        try (Programs programs = new Programs(Files.createDirectory(logs.resolve("logs")));
                KafkaProducer<String, byte[]> other = camera(Map.of())) {
            for (String name : List.of("first", "second")) {
                programs.start(name, "256m", ProducerMain.class.getName(), "--config", settings.toString());
            }
            Thread writer = new Thread(() -> {
                Random random = new Random(1);
                for (int i = 0; i < images; i++) {
                    long skew = i % 2 == 0 ? 0 : -5 * MINUTE;
                    var record = image(random.nextInt(4), System.currentTimeMillis() + skew);
                    boolean bad = i % 40 == 7;
                    written.add((i % 2 == 0 ? camera : other)
                            .send(
                                    bad
                                            ? new ProducerRecord<>(
                                                    topic, record.partition(), record.key(), new byte[] {1, 2})
                                            : record));
                    pause(4);
                }
            });
            writer.start();
            programs.awaitAllReady();
            Random random = new Random(2);
            for (int kills = 0; kills < 6; kills++) {
                int before = windows.isEmpty() ? 0 : windows.lastKey();
                String victim = kills % 2 == 0 ? "first" : "second";
                programs.kill(victim);
                programs.restart(victim);
                until("another window", () -> !windows.isEmpty() && windows.lastKey() > before + 2);
                pause(random.nextInt(700));
            }
            writer.join();
            for (Future<?> one : written) {
                one.get();
            }
            int bad = images / 40;
            until(
                    "all but the rest of a window",
                    () -> total(WindowRange::getImages) > images - bad - 50 && windows.lastKey() >= 1);
            assertChained();
            assertThat(windows.values().stream().skip(1)).allSatisfy(window -> {
                assertThat(window.getWindow().getImages()).isEqualTo(50);
                long records = window.getWindow().getPartitions().stream()
                        .mapToLong(range -> range.getTo() - range.getFrom())
                        .sum();
                assertThat(window.getWindow().getImages() + window.getWindow().getRefused())
                        .isEqualTo(records);
                assertThat(window.getTrainImages() + window.getTestImages()).isEqualTo(50);
                assertThat(window.getClasses()).isEqualTo(CLASSES);
            });
            assertThat(letters().values())
                    .allSatisfy(reason -> assertThat(reason).contains("is not an image that can be read"));
            assertThat((long) letters().size()).isGreaterThanOrEqualTo(total(WindowRange::getRefused));
        }
        try (DatasetStore store = new DatasetStore(config)) {
            store.awaitCurrent(LIMIT);
            assertThat(store.descriptors(experiment.getDataset()))
                    .as("all windows are of the experiment")
                    .hasSize(windows.size());
            Set<Integer> some = Set.of(1, windows.lastKey() / 2, windows.lastKey());
            for (int number : some) {
                DatasetDescriptor window = windows.get(number);
                var loaded = store.await(window.getId(), window.getFingerprint(), () -> false);
                assertThat(loaded.train().size() + loaded.test().size()).isEqualTo(50);
            }
        }
        submit(experiment, DesiredState.STOP);
    }

    private long total(ToLongFunction<WindowRange> count) {
        return windows.values().stream()
                .map(DatasetDescriptor::getWindow)
                .mapToLong(count)
                .sum();
    }

    private static void pause(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** All are there before anybody reads: ten windows at once, and in each sixty records that are no images. */
    @Test
    void aBurstOfTenWindowsWithBadRecordsAmongThem() throws Exception {
        create(2);
        Experiment experiment = follow(WindowSpec.newBuilder().setImages(30).setKeep(1000));
        int bad = 600;
        List<Future<?>> written = new ArrayList<>();
        for (int i = 0; i < bad; i++) {
            written.add(camera.send(new ProducerRecord<>(topic, i % 2, "ant", new byte[] {(byte) i})));
            if (i % (bad / 300) == 0 && sent < 300) {
                written.add(camera.send(image(i % 2, System.currentTimeMillis())));
            }
        }
        while (sent < 301) {
            written.add(camera.send(image(sent % 2, System.currentTimeMillis())));
        }
        for (Future<?> one : written) {
            one.get();
        }
        startProducer();
        awaitWindow(10);
        assertChained();
        assertThat(windows.values().stream().skip(1).limit(10))
                .allSatisfy(window -> assertThat(window.getWindow().getImages()).isEqualTo(30));
        // the stream's end is one image of the next window
        until("every letter", () -> letters().size() == bad);
        submit(experiment, DesiredState.STOP);
    }

    /** Of each class, the newest image stays. */
    @Test
    void whatCompactionTookIsAGap() throws Exception {
        admin.createTopics(List.of(compacted())).all().get();
        write(0, 9);
        // the next segment
        pause(200);
        write(0, 1);
        until("the broker compacts", () -> offsets().equals(List.of(6L, 7L, 8L, 9L)));
        Experiment experiment = follow(WindowSpec.newBuilder().setImages(7).setKeep(2));
        startProducer();
        write(0, 3);
        WindowRange first = awaitWindow(1);
        assertThat(first.getMissed()).containsExactly(range(0, 0, 6));
        assertThat(first.getPartitions()).containsExactly(range(0, 0, 13));
        submit(experiment, DesiredState.STOP);
    }

    @Test
    void partitionsThatComeOffsetsThatGoTransactionsAndAnotherTopicOfTheName() throws Exception {
        create(2);
        Experiment experiment = follow(WindowSpec.newBuilder().setImages(30).setKeep(2));
        startProducer();
        write(0, 20);
        write(1, 10);
        assertThat(awaitWindow(1).getPartitions()).containsExactly(range(0, 0, 20), range(1, 0, 10));
        assertThat(windows.get(0).getTestImages()).as("where the stream begins").isZero();

        admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(3))).all().get();
        write(2, 30);
        assertThat(awaitWindow(2).getPartitions()).containsExactly(range(0, 20, 20), range(1, 10, 10), range(2, 0, 30));

        // read by nobody, and then gone
        submit(experiment, DesiredState.PAUSE);
        write(0, 40);
        admin.deleteRecords(Map.of(new TopicPartition(topic, 0), RecordsToDelete.beforeOffset(30)))
                .all()
                .get();
        submit(experiment, DesiredState.RUN);
        WindowRange third = awaitWindow(3);
        assertThat(third.getMissed()).containsExactly(range(0, 20, 30));
        assertThat(third.getPartitions()).contains(range(0, 20, 60));
        assertThat(third.getImages()).isEqualTo(30);

        try (KafkaProducer<String, byte[]> open = camera(Map.of("transactional.id", topic))) {
            open.initTransactions();
            open.beginTransaction();
            open.send(image(0, System.currentTimeMillis())).get();
            write(0, 29);
            until("the transaction is told of", () -> statuses.get(experiment.getId() + "/producer")
                    .getActivity()
                    .contains("waiting for the end of a transaction that is open in partition 0 from offset 60 on"));
            assertThat(windows.lastKey()).isEqualTo(3);
            open.commitTransaction();
            open.beginTransaction();
            open.send(image(1, System.currentTimeMillis())).get();
            open.abortTransaction();
        }
        assertThat(awaitWindow(4).getImages()).isEqualTo(30);

        admin.deleteTopics(List.of(topic)).all().get();
        until("the topic is waited for", () -> statuses.get(experiment.getId() + "/producer")
                .getActivity()
                .contains("waiting for the topic '" + topic + "'"));
        create(1);
        write(0, 30);
        WindowRange again = awaitWindow(6);
        assertThat(again.getPartitions()).containsExactly(range(0, 0, 30));
        assertThat(again.getTopicId()).isNotEqualTo(third.getTopicId());
        assertThat(windows.get(5).getTestImages())
                .as("where the other stream begins")
                .isZero();

        until("what is left behind is retired", () -> retired.containsAll(Set.of(0, 1, 2, 3, 4)));
        Set<String> kept = new HashSet<>();
        until("no batches but those of the last window", () -> {
            kept.clear();
            kept.addAll(batches());
            return kept.stream().allMatch(key -> key.startsWith(windows.get(6).getId() + "/"));
        });
        assertThat(kept).isNotEmpty();
    }

    /** Keys of image batches that are on their topic. */
    private Set<String> batches() {
        Set<String> keys = ConcurrentHashMap.newKeySet();
        try (TopicReader reader = new TopicReader(config, Topic.IMAGE_BATCHES, batch -> {
            if (batch.value() == null) {
                keys.remove(batch.key());
            } else {
                keys.add(batch.key());
            }
        })) {
            reader.awaitCaughtUp(LIMIT);
        }
        return keys;
    }

    /** Four partitions in minutes of record time; one is silent, and clocks jump. */
    @Test
    void windowsOfRecordTimeAreTheSameHoweverTheyAreRead() throws Exception {
        create(4);
        long minute = System.currentTimeMillis() / MINUTE * MINUTE - DAY - 20 * MINUTE;
        Random random = new Random(3);
        List<ProducerRecord<String, byte[]>> records = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            for (int record = 0; record < 40; record++) {
                records.add(image(random.nextInt(3), minute + i * MINUTE + random.nextInt((int) MINUTE)));
            }
        }
        records.add(image(1, minute + 9 * MINUTE));
        records.add(image(1, System.currentTimeMillis() + 30 * MINUTE));
        // after a day of silence, which is no window
        records.add(image(2, minute + DAY));
        records.add(image(0, minute + DAY));
        records.add(image(1, minute + DAY));
        for (var record : records) {
            camera.send(record).get();
        }
        Experiment experiment = follow(WindowSpec.newBuilder()
                .setEvery("PT1M")
                .setIdle("PT1S")
                .setFuture("PT10M")
                .setKeep(1000)
                .setTest(0.5));
        startProducer();
        WindowRange last = awaitWindow(10);
        assertChained();
        assertThat(total(WindowRange::getImages)).isEqualTo(401);
        assertThat(last.getEnd()).isEqualTo(minute + 10 * MINUTE);
        assertThat(last.getPartitions().get(3)).isEqualTo(range(3, 0, 0));
        for (DatasetDescriptor window : windows.tailMap(1).values()) {
            assertThat(window.getWindow().getLastTime())
                    .isLessThan(window.getWindow().getEnd());
        }
        assertThat(letters().values()).singleElement().satisfies(reason -> assertThat(reason)
                .contains("ahead of the clock"));

        // another stream on the same records has the same windows
        List<String> first =
                windows.values().stream().map(DatasetDescriptor::getFingerprint).toList();
        windows.clear();
        submit(experiment, DesiredState.STOP);
        follow(WindowSpec.newBuilder()
                .setEvery("PT1M")
                .setIdle("PT2S")
                .setFuture("PT10M")
                .setKeep(1000)
                .setTest(0.5));
        awaitWindow(10);
        assertThat(windows.values().stream().map(DatasetDescriptor::getFingerprint))
                .isEqualTo(first);
    }

    @Test
    void aNetworkIsScoredOnEveryWindowAndOldOnesLeave() throws Exception {
        List<String> cluster = List.of(
                "--bootstrap-server",
                StreamsIT.cluster.bootstrapServers(),
                "--schema-registry",
                StreamsIT.cluster.registryUrl());
        try (Pipeline pipeline = new Pipeline(config)) {
            Experiment experiment = experiment(
                    WindowSpec.newBuilder().setImages(40).setTest(1).setKeep(2).setHistory(3));
            try (NetworkMonitoring monitoring = new NetworkMonitoring(config, experiment)) {
                monitoring.start();
                fill(cluster, 0);
                pipeline.until(monitoring::isReady);
                ModelFile model = model();
                NetworkVersion version = monitoring.version("small", model);
                monitoring.publish(monitoring.prepared(model, version), List.of());
                List<Set<Integer>> seen = new CopyOnWriteArrayList<>();
                for (int filled = 1; filled < 6; filled++) {
                    int window = filled;
                    pipeline.until(() -> windowsOf(monitoring, version).contains(window));
                    seen.add(windowsOf(monitoring, version));
                    fill(cluster, filled);
                }
                pipeline.until(() -> windowsOf(monitoring, version).equals(Set.of(4, 5, 6)));
                assertThat(seen.get(2)).isEqualTo(Set.of(1, 2, 3));
                assertThat(monitoring.figures(version)).allSatisfy(metrics -> {
                    assertThat(metrics.getDataset())
                            .isEqualTo(DatasetIds.window(
                                    DatasetIds.of(experiment.getDataset()),
                                    metrics.getWindow().getNumber()));
                    assertThat(metrics.getClean().getCount()).isEqualTo(40);
                });
                assertThat(monitoring.figures(version).stream()
                                .map(RobustnessMetrics::getImagesDigest)
                                .distinct())
                        .hasSize(3);
                pipeline.until(() -> pipeline.gauge("rome.figure.window") == 6);
                assertThat(pipeline.gauge("rome.stream.window")).isEqualTo(6);
                pipeline.until(() -> pipeline.gauge("rome.stream.lag.records") == 0);
                assertThat(pipeline.gauge("rome.stream.lag.seconds")).isZero();
                monitoring.stop();
            }
        }
    }

    /** What is right with labels is attacked in the same way without: what stands of it is the same, image by image. */
    @Test
    void withoutLabelsTheStabilityOfPredictionsIsMeasured() throws Exception {
        Experiment labelled =
                experiment(WindowSpec.newBuilder().setImages(40).setTest(1).setKeep(2));
        Experiment unlabelled = Experiment.newBuilder(
                        experiment(WindowSpec.newBuilder().setImages(40).setKeep(2)))
                .setId("unlabelled")
                .build();
        unlabelled.getDataset().setLabels(ImageLabels.PREDICTED);
        ModelFile model = model();
        List<RobustnessMetrics> fgsm = new ArrayList<>();
        try (Pipeline pipeline = new Pipeline(config)) {
            for (Experiment each : List.of(labelled, unlabelled)) {
                try (NetworkMonitoring monitoring = new NetworkMonitoring(config, each)) {
                    monitoring.start();
                    if (fgsm.isEmpty()) {
                        fill(brokers(), 0);
                    }
                    pipeline.until(monitoring::isReady);
                    NetworkVersion version = monitoring.version("small", model);
                    monitoring.publish(monitoring.prepared(model, version), List.of());
                    pipeline.until(() -> monitoring.isComplete(version));
                    assertThat(monitoring.failure(version)).isEmpty();
                    monitoring.figures(version).stream()
                            .filter(metrics -> metrics.getMode() == Mode.UNTARGETED)
                            .forEach(fgsm::add);
                    monitoring.stop();
                }
            }
        }
        assertThat(fgsm).hasSize(2);
        String clean = perImage(fgsm.get(0), "none");
        String right = perImage(fgsm.get(0), "fgsm");
        String stable = perImage(fgsm.get(1), "fgsm");
        assertThat(clean).hasSize(40).contains("1");
        for (int i = 0; i < 40; i++) {
            if (clean.charAt(i) == '1') {
                assertThat(stable.charAt(i)).as("image " + i).isEqualTo(right.charAt(i));
            }
        }
        RobustnessMetrics without = fgsm.get(1);
        assertThat(without.getStability().getCount()).isEqualTo(40);
        assertThat(without.getStability().getPercent()).isLessThan(100);
        assertThat(without.getClean().getAccuracy()).isNull();
        assertThat(without.getIrr()).isNull();
    }

    /** The same images with labels, and with labels that come later: the same accuracies. Services that begin anew go on. */
    @Test
    void whereLabelsComeLaterAccuraciesFollow() throws Exception {
        String keyed = topic + "-keyed";
        String labels = topic + "-labels";
        Experiment labelled = experiment(
                WindowSpec.newBuilder().setImages(40).setTest(1).setKeep(2).setClasses(SHAPES));
        Experiment later = Experiment.newBuilder(experiment(
                        WindowSpec.newBuilder().setImages(40).setKeep(2).setLabelTopic(labels)))
                .setId("later")
                .build();
        later.getDataset().setPath(keyed);
        later.getDataset().setLabels(ImageLabels.PREDICTED);
        ModelFile model = model();
        NetworkVersion version;
        try (Pipeline pipeline = new Pipeline(config);
                NetworkMonitoring with = new NetworkMonitoring(config, labelled);
                NetworkMonitoring without = new NetworkMonitoring(config, later)) {
            for (NetworkMonitoring each : List.of(with, without)) {
                each.start();
            }
            fill(brokers(), 0);
            topic = keyed;
            fill(
                    Stream.concat(brokers().stream(), Stream.of("--label-topic", labels))
                            .toList(),
                    0);
            for (NetworkMonitoring each : List.of(with, without)) {
                pipeline.until(each::isReady);
                each.publish(each.prepared(model, each.version("small", model)), List.of());
            }
            NetworkVersion own = with.version("small", model);
            version = without.version("small", model);
            pipeline.until(() -> with.isComplete(own)
                    && untargeted(without, version)
                            .filter(metrics -> labels(metrics) == 40)
                            .isPresent());
            RobustnessMetrics given = untargeted(with, own).orElseThrow();
            RobustnessMetrics come = untargeted(without, version).orElseThrow();
            assertThat(come.getLabels()).isEqualTo(ImageLabels.PREDICTED);
            assertThat(come.getClean()).isEqualTo(given.getClean());
            assertThat(come.getWorstCase()).isEqualTo(given.getWorstCase());
            assertThat(come.getClean().getCorrect()).isBetween(1L, 39L);
            assertThat(come.getStability().getCount()).isEqualTo(40);
        }
        try (Pipeline pipeline = new Pipeline(config);
                NetworkMonitoring monitoring = new NetworkMonitoring(config, later)) {
            camera.send(new ProducerRecord<>(labels, "image-0", null)).get();
            camera.send(new ProducerRecord<>(labels, "image-1", "zebra".getBytes(StandardCharsets.UTF_8)))
                    .get();
            pipeline.until(() -> untargeted(monitoring, version)
                    .filter(metrics -> labels(metrics) == 39)
                    .isPresent());
            assertThat(letters().values())
                    .anySatisfy(reason -> assertThat(reason).contains("has the label 'zebra'; needed is the number"));
            monitoring.stop();
        }
    }

    private static Optional<RobustnessMetrics> untargeted(NetworkMonitoring monitoring, NetworkVersion version) {
        return monitoring.figures(version).stream()
                .filter(metrics -> metrics.getMode() == Mode.UNTARGETED)
                .findFirst();
    }

    private static long labels(RobustnessMetrics metrics) {
        return metrics.getClean().getCount();
    }

    private static String perImage(RobustnessMetrics metrics, String attack) {
        return metrics.getAttacks().stream()
                .filter(one -> one.getAttack().equals(attack))
                .findFirst()
                .orElseThrow()
                .getPerImage();
    }

    /** One set a window, begun with the one before; two clusters' worth of services make the same bytes of the same records. */
    @Test
    void aSetIsDistilledOnEveryWindowAndScoredOnTheNextOne() throws Exception {
        create(1);
        Experiment experiment = distillation(false, "distillation.pool.trainedPerIteration=2");
        TopicSetup.ensure(config);
        Map<String, PoolRequest> requests = new ConcurrentHashMap<>();
        Map<String, Long> seen = new ConcurrentHashMap<>();
        Map<String, List<String>> carried = new ConcurrentHashMap<>();
        resources.add(new RecordReader<>(config, Topic.POOL_REQUESTS, PoolRequest.class, (key, request) -> {
            if (request != null) {
                requests.put(key, request);
            }
        }));
        resources.add(new RecordReader<>(config, Topic.NETWORKS, Network.class, (key, network) -> {
            if (network != null) {
                seen.put(key, network.getTrainingSeen());
            }
        }));
        resources.add(new RecordReader<>(config, Topic.CHECKPOINTS, Checkpoint.class, (key, checkpoint) -> {
            if (checkpoint != null) {
                carried.put(key, checkpoint.getCarried());
            }
        }));
        try (Pipeline pipeline = new Pipeline(config);
                Pipeline other = new Pipeline(RomeConfig.of(cluster.tenant(Map.of("attacker.count", "2"))))) {
            for (Pipeline each : List.of(pipeline, other)) {
                each.submit(List.of(experiment));
            }
            Experiment fresh = distillation(true, "distillation.pool.trainedPerIteration=2");
            other.submit(List.of(fresh));
            for (int window = 1; window <= 3; window++) {
                write(0, 60);
                for (Pipeline each : List.of(pipeline, other)) {
                    int expected = window;
                    each.until(() -> scored(each, experiment).contains(expected + "@" + expected));
                }
            }
            other.until(() -> scored(other, fresh).contains("3@3"));
            for (Pipeline each : List.of(pipeline, other)) {
                each.until(() -> scored(each, experiment).containsAll(Set.of("1@1", "1@2", "2@2", "2@3", "3@3")));
            }
            assertThat(pipeline.images(experiment)).isEqualTo(other.images(experiment));
            assertThat(other.images(fresh)).isNotEqualTo(other.images(experiment));
            assertThat(pipeline.metrics(experiment)).allSatisfy(metrics -> {
                assertThat(metrics.getFingerprint()).isNotEmpty();
                assertThat(metrics.getSnapshot())
                        .isBetween(
                                metrics.getWindow().getNumber() - 1,
                                metrics.getWindow().getNumber());
            });
            // what nobody will match any more is retired, but for what the next window's pool begins with
            pipeline.until(() -> SharedPipeline.keys(pipeline, Topic.NETWORKS, "pool-")
                    .equals(Set.copyOf(carried.get(experiment.getId()))));
            assertThat(carried.get(experiment.getId())).isNotEmpty();
            assertPoolsAreCarriedOn(requests.values(), seen);
            pipeline.submit(experiment, DesiredState.STOP);
            other.submit(experiment, DesiredState.STOP);
            other.submit(fresh, DesiredState.STOP);
        }
    }

    /** A network has seen what the one of the window before has that it began with, and its own images. */
    private static void assertPoolsAreCarriedOn(Collection<PoolRequest> requests, Map<String, Long> seen) {
        int carriedOn = 0;
        for (PoolRequest request : requests) {
            Pool pool = request.getPool();
            boolean isCarried = request.getNetwork() < pool.getCarried().size();
            long before = isCarried ? seen.get(pool.getCarried().get(request.getNetwork())) : 0;
            carriedOn += before > 0 ? 1 : 0;
            String key = pool.getId() + "/" + request.getNetwork() + "/" + request.getVersion();
            assertThat(seen.get(key))
                    .as(key)
                    .isEqualTo(before + (long) request.getVersion() * pool.getTrainSteps() * pool.getBatch());
        }
        assertThat(carriedOn).isPositive();
    }

    /** Nobody distils here. */
    @Test
    void aStreamWaitsForASlowDistillationUnlessItIsToSkip() throws Exception {
        create(1);
        WindowSpec.Builder window = WindowSpec.newBuilder().setImages(30).setKeep(2);
        follow(window); // of a monitoring experiment, for the topics' sake
        Experiment distilled = Experiment.newBuilder(TestExperiment.with().get(0))
                .setDataset(experiment(window).getDataset())
                .build();
        distilled.getDistillation().setSnapshotEvery(null);
        submit(distilled, DesiredState.RUN);
        startProducer();
        write(0, 150);
        until("it waits, and says for whom", () -> Optional.ofNullable(statuses.get(distilled.getId() + "/producer"))
                .filter(status -> status.getActivity().contains("waiting for tiny, which has a set of window 0"))
                .isPresent());
        assertThat(windows.lastKey()).as("a third would retire the first").isEqualTo(2);
        until(
                "its lag is told",
                () -> metrics.get("rome.stream.lag.records").gauge().value() == 60);

        distilled.getDataset().getWindow().setOnLag(WindowLag.SKIP);
        submit(distilled, DesiredState.RUN);
        awaitWindow(5);
        assertChained();
        submit(distilled, DesiredState.STOP);
    }

    /** A network falls, a set is distilled for it, and the victim of the set is monitored from then on. */
    @Test
    void anAlertIsAnsweredWithASetWhoseVictimIsMonitored() throws Exception {
        create(1);
        Experiment monitoring = ExperimentFile.monitoring(
                "live",
                Map.of("name", "topic", "path", topic, "window", Map.of("images", 60, "test", 0.3)),
                List.of("quick"),
                "float32",
                Optional.empty(),
                64,
                List.of("figure: clean, below: 100, significant: false, onAlert: {distil: set}"));
        Experiment set = distillation(false, "name=set", "distillation.startedBy=alerts", "evaluation.publish=live");
        try (Pipeline pipeline = new Pipeline(config)) {
            pipeline.submit(List.of(monitoring, set));
            write(0, 60);
            // the victim of the first set is right in less than 100 of 100
            pipeline.until(() -> SharedPipeline.keys(pipeline, Topic.ACTIONS, monitoring.getId() + "/clean-below-100/")
                    .equals(Set.of(monitoring.getId() + "/clean-below-100/set/quick/1")));
            write(0, 60);
            pipeline.until(() -> scored(pipeline, monitoring).containsAll(Set.of("1@1", "2@2")));
            assertThat(scored(pipeline, set)).contains("1@1", "1@2");
            write(0, 60);
            pipeline.until(() -> scored(pipeline, monitoring).contains("2@3"));
            assertThat(SharedPipeline.keys(pipeline, Topic.SYNTHETIC_SNAPSHOTS, set.getId() + "/"))
                    .as("the alert holds, and asks for nothing more")
                    .noneMatch(key -> key.startsWith(set.getId() + "/3/"));
            pipeline.submit(monitoring, DesiredState.STOP);
            pipeline.submit(set, DesiredState.STOP);
        }
    }

    private Experiment distillation(boolean fresh, String... more) {
        List<String> settings = new ArrayList<>(List.of(more));
        settings.addAll(List.of(
                "distillation.snapshotEvery=null",
                "distillation.network={width: 4, depth: 1}",
                "evaluation.suites=[quick]",
                "evaluation.victims={count: 1, epochs: 1}",
                "dataset={name: topic, path: " + topic + ", window: {images: 60, test: 0.3, keep: 3}}"));
        if (fresh) {
            settings.add("distillation.fresh=true");
        }
        return TestExperiment.with(settings.toArray(String[]::new)).get(0);
    }

    /** snapshot@window of what is complete in both modes. */
    private static Set<String> scored(Pipeline pipeline, Experiment experiment) {
        Map<String, Integer> complete = new TreeMap<>();
        pipeline.metrics(experiment).stream()
                .filter(RobustnessMetrics::getComplete)
                .forEach(metrics -> complete.merge(
                        metrics.getSnapshot() + "@" + metrics.getWindow().getNumber(), 1, Integer::sum));
        complete.values().removeIf(count -> count < 2);
        return complete.keySet();
    }

    /** Windows of which every metric is complete. */
    private static Set<Integer> windowsOf(NetworkMonitoring monitoring, NetworkVersion version) {
        Map<Integer, Integer> complete = new TreeMap<>();
        monitoring.figures(version).stream()
                .filter(RobustnessMetrics::getComplete)
                .forEach(metrics -> complete.merge(metrics.getWindow().getNumber(), 1, Integer::sum));
        complete.values().removeIf(count -> count < monitoring.metricsOfNetwork());
        return complete.keySet();
    }

    private static ModelFile model() {
        return ModelFile.read(
                Path.of("../robustness/src/test/resources/networks/small.pt"),
                "convnet",
                ModelFile.Inputs.NORMALISED,
                Optional.empty());
    }

    private static List<String> brokers() {
        return List.of("--bootstrap-server", cluster.bootstrapServers(), "--schema-registry", cluster.registryUrl());
    }

    /** Writes a window's images with the command. */
    private void fill(List<String> cluster, int times) {
        List<String> line = new ArrayList<>(List.of("stream", topic, "--images", "40", "--rate", "0"));
        line.addAll(List.of("--first", Integer.toString(40 * times)));
        line.addAll(cluster);
        assertThat(RomeCommand.execute(line.toArray(String[]::new))).isZero();
    }
}
