package dev.romestream.standalone.chaos;

import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.producer.ImageStream;
import dev.romestream.schemas.DatasetSpec;
import dev.romestream.schemas.RobustnessMetrics;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * A topic of images in four partitions whose record times cut it into windows of a minute. Each window is the same whoever reads it, and
 * whenever; the records after the last one only end it.
 */
final class LiveTopic {
    static final String NAME = "chaos-photos";
    private static final int PARTITIONS = 4;
    private static final int WINDOWS = 5;
    private static final int IMAGES = 160;
    private static final long MINUTE = 60_000;

    private LiveTopic() {}

    static void fill(RomeConfig config) throws Exception {
        try (Admin admin = Admin.create(config.admin())) {
            admin.createTopics(List.of(new NewTopic(NAME, Optional.of(PARTITIONS), Optional.empty())))
                    .all()
                    .get();
        }
        ImageStream stream = ImageStream.of(
                config, DatasetSpec.newBuilder().setName("shapes10").build(), 7, List.of(), text -> {});
        long began = (System.currentTimeMillis() / MINUTE - 2 * WINDOWS) * MINUTE;
        Map<String, Object> settings = config.producer();
        settings.remove("value.serializer");
        try (var producer = new KafkaProducer<>(settings, new StringSerializer(), new ByteArraySerializer())) {
            for (int i = 0; i < WINDOWS * IMAGES + PARTITIONS; i++) {
                ImageStream.Image image = stream.image(i);
                long time = began + i / IMAGES * MINUTE + i % IMAGES;
                producer.send(new ProducerRecord<>(NAME, i % PARTITIONS, time, image.label(), image.png()))
                        .get();
            }
        }
    }

    /** Whether there are metrics of a set of every window, on it and on the next one. */
    static boolean isScored(List<RobustnessMetrics> metrics) {
        Map<Integer, Set<Integer>> scored = metrics.stream()
                .filter(RobustnessMetrics::getComplete)
                .collect(Collectors.groupingBy(
                        RobustnessMetrics::getSnapshot,
                        Collectors.mapping(one -> one.getWindow().getNumber(), Collectors.toSet())));
        return scored.getOrDefault(WINDOWS, Set.of()).contains(WINDOWS)
                && scored.size() == WINDOWS
                && metrics.stream().allMatch(RobustnessMetrics::getComplete)
                && metrics.stream()
                                .map(one -> one.getSnapshot() + "@"
                                        + one.getWindow().getNumber())
                                .distinct()
                                .count()
                        == 2 * WINDOWS - 1;
    }
}
