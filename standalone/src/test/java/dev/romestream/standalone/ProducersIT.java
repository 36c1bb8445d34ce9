package dev.romestream.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.service.Resources;
import dev.romestream.messaging.topic.RecordReader;
import dev.romestream.messaging.topic.RecordSender;
import dev.romestream.messaging.topic.TopicNames;
import dev.romestream.messaging.topic.TopicReader;
import dev.romestream.messaging.topic.TopicSetup;
import dev.romestream.producer.ProducerService;
import dev.romestream.schemas.DatasetSpec;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.ExperimentStatus;
import dev.romestream.schemas.Phase;
import dev.romestream.schemas.Topic;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
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
            RomeConfig config = cluster.tenant(Map.of(RomeConfig.DATA_DIR, directory.toString()));
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
                        .setDataset(new DatasetSpec("folder", "set" + i, null))
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
