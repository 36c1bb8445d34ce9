package dev.romestream.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.romestream.experiments.DatasetIds;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.config.Settings;
import dev.romestream.messaging.service.Resources;
import dev.romestream.messaging.topic.DeadLetters;
import dev.romestream.messaging.topic.RecordReader;
import dev.romestream.messaging.topic.RecordSender;
import dev.romestream.messaging.topic.TopicNames;
import dev.romestream.messaging.topic.TopicReader;
import dev.romestream.messaging.topic.TopicSetup;
import dev.romestream.producer.ProducerService;
import dev.romestream.schemas.DatasetDescriptor;
import dev.romestream.schemas.DatasetSpec;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.ExperimentStatus;
import dev.romestream.schemas.Phase;
import dev.romestream.schemas.Topic;
import dev.romestream.testing.TestCluster;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Several producers on a real broker. */
class ProducersIT {
    private static final Duration LIMIT = Duration.ofMinutes(2);
    private static final int DATASETS = 8;
    private static final int IMAGES = 4;

    @TempDir
    private static Path directory;

    private final Map<String, ExperimentStatus> statuses = new ConcurrentHashMap<>();

    @Test
    void theyDivideTheDataSetsTakeOverAndPublishNothingTwice() throws Exception {
        for (int i = 0; i < DATASETS; i++) {
            writeImages(directory.resolve("set" + i), i);
        }
        MeterRegistry firstMetrics = new SimpleMeterRegistry();
        MeterRegistry secondMetrics = new SimpleMeterRegistry();
        Resources resources = new Resources();
        try {
            TestCluster cluster = resources.add(TestCluster.start(directory));
            RomeConfig config = RomeConfig.of(cluster.tenant(Map.of(Settings.DATA_DIR, directory.toString())));
            TopicSetup.ensure(config);
            resources.add(new RecordReader<>(config, Topic.EXPERIMENT_STATUS, ExperimentStatus.class, statuses::put));
            ProducerService first = resources.add(new ProducerService(config, firstMetrics));
            ProducerService second = resources.add(new ProducerService(config, secondMetrics));
            first.start();
            second.start();
            awaitDivided(config);
            submit(config, 0);
            await().atMost(LIMIT).until(() -> areAllServed(0));
            assertThat(published(firstMetrics)).isPositive();
            assertThat(published(secondMetrics)).isPositive();
            assertThat(published(firstMetrics) + published(secondMetrics)).isEqualTo(DATASETS * IMAGES);
            long batches = batches(config);

            first.close();
            submit(config, 1);
            await().atMost(LIMIT).until(() -> areAllServed(1));
            assertThat(batches(config)).isEqualTo(batches);

            second.close();
            writeImages(directory.resolve("set0"), 99);
            resources.add(new ProducerService(config, firstMetrics)).start();
            submit(config, 2);
            await().atMost(LIMIT).until(() -> areAllServed(2));
            assertThat(batches(config)).as("of the changed set, and no other").isEqualTo(batches + 2);
        } finally {
            resources.close();
        }
    }

    @Test
    void aTopicThatUsersFillIsADataSetAndWhatIsNoImageIsKept(@TempDir Path own) throws Exception {
        Resources resources = new Resources();
        try {
            TestCluster cluster = resources.add(TestCluster.start(own));
            RomeConfig config = RomeConfig.of(cluster.tenant(Map.of()));
            TopicSetup.ensure(config);
            fill(config, "photos");
            Map<String, DatasetDescriptor> datasets = new ConcurrentHashMap<>();
            resources.add(new RecordReader<>(config, Topic.DATASETS, DatasetDescriptor.class, datasets::put));
            resources.add(new RecordReader<>(config, Topic.EXPERIMENT_STATUS, ExperimentStatus.class, statuses::put));
            resources
                    .add(new ProducerService(config, new SimpleMeterRegistry()))
                    .start();
            List<DatasetSpec> specs = List.of(
                    DatasetSpec.newBuilder().setName("topic").setPath("photos").build(),
                    DatasetSpec.newBuilder()
                            .setName("topic")
                            .setPath("photos")
                            .setImages(5)
                            .build(),
                    DatasetSpec.newBuilder()
                            .setName("topic")
                            .setPath("photos")
                            .setResize(4)
                            .build(),
                    DatasetSpec.newBuilder().setName("topic").setPath("nothing").build());
            Experiment template = TestExperiment.with().get(0);
            try (RecordSender sender = new RecordSender(config)) {
                for (DatasetSpec spec : specs) {
                    String id = "e" + specs.indexOf(spec);
                    sender.send(
                            Topic.EXPERIMENTS,
                            id,
                            Experiment.newBuilder(template)
                                    .setId(id)
                                    .setDataset(spec)
                                    .build());
                }
                sender.flush();
            }
            await().atMost(LIMIT).until(() -> datasets.size() == 3 && statuses.containsKey("e3/producer"));
            await().atMost(LIMIT).until(() -> statuses.get("e3/producer").getPhase() == Phase.FAILED);
            assertThat(statuses.get("e3/producer").getError()).contains("There is no topic 'nothing'");

            DatasetDescriptor all = datasets.get(DatasetIds.of(specs.get(0)));
            assertThat(all.getClasses()).containsExactly("ant", "bee", "cat");
            assertThat(all.getShape()).containsExactly(3, 8, 8);
            assertThat(all.getTrainImages()).isEqualTo(12);
            assertThat(all.getTestImages()).isEqualTo(3);
            DatasetDescriptor some = datasets.get(DatasetIds.of(specs.get(1)));
            assertThat(some.getTrainImages()).isEqualTo(5);
            assertThat(some.getTestImages()).isEqualTo(3);
            DatasetDescriptor resized = datasets.get(DatasetIds.of(specs.get(2)));
            assertThat(resized.getShape()).containsExactly(3, 4, 4);
            assertThat(resized.getTrainImages())
                    .as("with the one of another size")
                    .isEqualTo(13);

            List<String> letters = new CopyOnWriteArrayList<>();
            try (TopicReader reader = new TopicReader(
                    config,
                    Topic.DEAD_LETTERS,
                    letter -> letters.add(DeadLetters.header(letter, "topic") + " "
                            + DeadLetters.header(letter, "message") + " " + letter.value().length))) {
                reader.awaitCaughtUp(LIMIT);
            }
            assertThat(letters).hasSize(4).allSatisfy(letter -> assertThat(letter)
                    .startsWith("photos "));
            assertThat(letters)
                    .anySatisfy(letter -> assertThat(letter)
                            .contains("is not an image that can be read")
                            .endsWith(" 5"))
                    .anySatisfy(letter -> assertThat(letter).contains("has no key"))
                    .anySatisfy(letter -> assertThat(letter).contains("the header split 'val'"))
                    .anySatisfy(letter -> assertThat(letter).contains("is 6 x 6; write images of one size"));
        } finally {
            resources.close();
        }
    }

    /** What is behind a transaction may be images, or not: only its end says so. */
    @Test
    void aTransactionThatIsOpenIsWaitedForAndHidesNoImage(@TempDir Path own) throws Exception {
        Resources resources = new Resources();
        try {
            TestCluster cluster = resources.add(TestCluster.start(own));
            RomeConfig config = RomeConfig.of(cluster.tenant(Map.of()));
            TopicSetup.ensure(config);
            try (Admin admin = Admin.create(config.admin())) {
                admin.createTopics(List.of(new NewTopic("photos", 1, (short) 1)))
                        .all()
                        .get();
            }
            Map<String, DatasetDescriptor> datasets = new ConcurrentHashMap<>();
            resources.add(new RecordReader<>(config, Topic.DATASETS, DatasetDescriptor.class, datasets::put));
            resources.add(new RecordReader<>(config, Topic.EXPERIMENT_STATUS, ExperimentStatus.class, statuses::put));
            Map<String, Object> settings = config.producer();
            settings.remove("value.serializer");
            Map<String, Object> transactional = new HashMap<>(settings);
            transactional.put("transactional.id", "camera");
            try (var open = new KafkaProducer<>(transactional, new StringSerializer(), new ByteArraySerializer());
                    var other = new KafkaProducer<>(settings, new StringSerializer(), new ByteArraySerializer())) {
                open.initTransactions();
                other.send(image("photos", "ant", png(8, 1), null)).get();
                other.send(image("photos", "bee", png(8, 2), "test")).get();
                open.beginTransaction();
                open.send(image("photos", "bee", png(8, 3), null)).get();
                other.send(image("photos", "cat", png(8, 4), null)).get();
                other.send(image("photos", "ant", png(8, 5), "test")).get();
                resources
                        .add(new ProducerService(config, new SimpleMeterRegistry()))
                        .start();
                try (RecordSender sender = new RecordSender(config)) {
                    sender.send(
                            Topic.EXPERIMENTS,
                            "e",
                            Experiment.newBuilder(TestExperiment.with().get(0))
                                    .setId("e")
                                    .setDataset(DatasetSpec.newBuilder()
                                            .setName("topic")
                                            .setPath("photos")
                                            .build())
                                    .build());
                    sender.flush();
                }
                await().atMost(LIMIT)
                        .until(() -> statuses.containsKey("e/producer")
                                && String.valueOf(statuses.get("e/producer").getActivity())
                                        .contains("waiting for the end of a transaction that is open in partition 0"
                                                + " from offset 2 on"));
                assertThat(datasets).isEmpty();
                open.commitTransaction();
            }
            await().atMost(LIMIT).until(() -> !datasets.isEmpty());
            DatasetDescriptor all = datasets.values().iterator().next();
            assertThat(all.getClasses()).containsExactly("ant", "bee", "cat");
            assertThat(all.getTrainImages()).isEqualTo(3);
            assertThat(all.getTestImages()).isEqualTo(2);
        } finally {
            resources.close();
        }
    }

    /** Of three classes four images each to train on and one to test; and four records that are none. */
    private static void fill(RomeConfig config, String topic) throws Exception {
        try (Admin admin = Admin.create(config.admin())) {
            admin.createTopics(List.of(new NewTopic(topic, 3, (short) 1))).all().get();
        }
        Map<String, Object> settings = config.producer();
        settings.remove("value.serializer");
        try (var producer = new KafkaProducer<>(settings, new StringSerializer(), new ByteArraySerializer())) {
            List<ProducerRecord<String, byte[]>> records = new ArrayList<>();
            for (String label : List.of("cat", "ant", "bee")) {
                for (int i = 0; i < 5; i++) {
                    records.add(image(topic, label, png(8, label.hashCode() + i), i < 4 ? null : "test"));
                }
            }
            records.add(image(topic, "ant", "no.PN".getBytes(StandardCharsets.UTF_8), null));
            records.add(image(topic, null, png(8, 1), null));
            records.add(image(topic, "bee", png(8, 2), "val"));
            records.add(image(topic, "cat", png(6, 3), "train"));
            for (ProducerRecord<String, byte[]> record : records) {
                producer.send(record).get();
            }
        }
    }

    private static ProducerRecord<String, byte[]> image(String topic, String label, byte[] file, String split) {
        ProducerRecord<String, byte[]> record = new ProducerRecord<>(topic, label, file);
        if (split != null) {
            record.headers().add("split", split.getBytes(StandardCharsets.UTF_8));
        }
        return record;
    }

    private static byte[] png(int size, int seed) throws IOException {
        BufferedImage image = new BufferedImage(size, size, BufferedImage.TYPE_INT_RGB);
        image.setRGB(0, 0, seed);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ImageIO.write(image, "png", bytes);
        return bytes.toByteArray();
    }

    /** Two classes, with an image for training and one for testing each. */
    private static void writeImages(Path folder, int seed) throws IOException {
        for (String split : List.of("train", "test")) {
            for (String label : List.of("a", "b")) {
                BufferedImage image = new BufferedImage(8, 8, BufferedImage.TYPE_INT_RGB);
                image.setRGB(0, 0, (seed + 1) * 1000 + split.hashCode() + label.hashCode());
                Path file = folder.resolve(split).resolve(label).resolve("0.png");
                Files.createDirectories(file.getParent());
                ImageIO.write(image, "png", file.toFile());
            }
        }
    }

    private static void awaitDivided(RomeConfig config) {
        String group = TopicNames.of(config).prefix() + "producers";
        try (Admin admin = Admin.create(config.admin())) {
            await().atMost(LIMIT).ignoreExceptions().until(() -> {
                ConsumerGroupDescription description = admin.describeConsumerGroups(List.of(group))
                        .describedGroups()
                        .get(group)
                        .get();
                return description.members().size() == 2
                        && description.members().stream()
                                .noneMatch(member ->
                                        member.assignment().topicPartitions().isEmpty());
            });
        }
    }

    private static void submit(RomeConfig config, int run) {
        Experiment template = TestExperiment.with().get(0);
        try (RecordSender sender = new RecordSender(config)) {
            for (int i = 0; i < DATASETS; i++) {
                Experiment experiment = Experiment.newBuilder(template)
                        .setId("e" + i)
                        .setRun(run)
                        .setDataset(DatasetSpec.newBuilder()
                                .setName("folder")
                                .setPath("set" + i)
                                .build())
                        .build();
                sender.send(Topic.EXPERIMENTS, experiment.getId(), experiment);
            }
            sender.flush();
        }
    }

    private boolean areAllServed(int run) {
        return IntStream.range(0, DATASETS).allMatch(i -> {
            ExperimentStatus status = statuses.get("e" + i + "/producer");
            return status != null && status.getPhase() == Phase.COMPLETED && status.getRun() == run;
        });
    }

    private static double published(MeterRegistry metrics) {
        return metrics.counter("rome.images.published").count();
    }

    private static long batches(RomeConfig config) {
        AtomicLong records = new AtomicLong();
        try (TopicReader reader = new TopicReader(config, Topic.IMAGE_BATCHES, record -> records.incrementAndGet())) {
            reader.awaitCaughtUp(LIMIT);
        }
        return records.get();
    }
}
