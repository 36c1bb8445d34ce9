package dev.romestream.standalone;

import dev.romestream.attacker.AttackerService;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.topic.RecordSender;
import dev.romestream.messaging.topic.TopicSetup;
import dev.romestream.schemas.Chunk;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.Network;
import dev.romestream.schemas.NetworkRole;
import dev.romestream.schemas.NetworkSpec;
import dev.romestream.schemas.Topic;
import dev.romestream.testing.TestCluster;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What grows and what does not; not part of the tests. Run with {@code mvn verify -Dit.test=GrowthBenchmark -Dtest=none
 * -Dsurefire.failIfNoSpecifiedTests=false -Dfailsafe.failIfNoSpecifiedTests=false}.
 */
class GrowthBenchmark {
    /** The paper's network with its momentum, 2.6 MB, times this is 50 GB. */
    private static final int VERSIONS = 20_000;

    private static final int ITERATIONS = 2_000;

    @TempDir
    private static Path directory;

    private static Network head(int version) {
        return Network.newBuilder()
                .setId("pool/" + version % 100)
                .setVersion(version / 100)
                .setRole(NetworkRole.PRIOR)
                .setArchitecture(NetworkSpec.newBuilder().build())
                .setInputShape(List.of(3, 32, 32))
                .setClasses(10)
                .setMean(List.of(0.5, 0.5, 0.5))
                .setStd(List.of(0.2, 0.2, 0.2))
                .setParameters(List.of())
                .setChunks(List.of(new Chunk(0, (long) version, 2_600_000)))
                .build();
    }

    private static double secondsToReady(RomeConfig config) {
        long start = System.nanoTime();
        try (AttackerService attacker = new AttackerService(config, new SimpleMeterRegistry())) {
            attacker.start();
            return (System.nanoTime() - start) / 1e9;
        }
    }

    @Test
    void readyAfterAKillHoweverManyOldNetworksTheTopicsHold() {
        try (TestCluster cluster = TestCluster.start(directory.resolve("ready"))) {
            RomeConfig config = RomeConfig.of(cluster.tenant(Map.of()));
            TopicSetup.ensure(config);
            secondsToReady(config);
            System.out.printf("attacker ready with no network on the topic: %.1f s%n", secondsToReady(config));
            try (RecordSender sender = new RecordSender(config)) {
                for (int version = 0; version < VERSIONS; version++) {
                    sender.send(Topic.NETWORKS, "pool/" + version % 100 + "/" + version / 100, head(version));
                }
                sender.flush();
                System.out.printf(
                        "attacker ready with %d versions of 2.6 MB (%.0f GB of tensors): %.1f s (limit 15)%n",
                        VERSIONS, VERSIONS * 2.6e-3, secondsToReady(config));
                for (int version = 0; version < VERSIONS - 100; version++) {
                    sender.tombstone(Topic.NETWORKS, "pool/" + version % 100 + "/" + version / 100);
                }
                sender.flush();
                System.out.printf("and with all but 100 of them retired: %.1f s (limit 15)%n", secondsToReady(config));
            }
        }
    }

    /** Bytes of the records that a compacted topic keeps. */
    private static long alive(Pipeline pipeline, Topic topic) {
        return alive(pipeline, topic, "");
    }

    private static long alive(Pipeline pipeline, Topic topic, String prefix) {
        Map<String, Integer> sizes = new HashMap<>();
        for (ConsumerRecord<String, byte[]> record : pipeline.records(topic)) {
            if (!record.key().startsWith(prefix)) {
                continue;
            }
            if (record.value() == null) {
                sizes.remove(record.key());
            } else {
                sizes.put(record.key(), record.value().length);
            }
        }
        return sizes.values().stream().mapToLong(Integer::longValue).sum();
    }

    @Test
    void theBytesAliveOfALongRunAreFlat() {
        Experiment experiment = TestExperiment.with(
                        "distillation.iterations=" + ITERATIONS,
                        "distillation.snapshotEvery=null",
                        "distillation.pool={size: 6, initial: 2, generateInterval: 10, trainedPerIteration: 2, trainSteps: 1,"
                                + " batch: 8}",
                        "distillation.prior.attack.steps=1",
                        "distillation.realBatch=2",
                        "evaluation.images=8",
                        "evaluation.suites=[quick]",
                        "evaluation.victims.count=1")
                .get(0);
        try (TestCluster cluster = TestCluster.start(directory.resolve("growth"));
                Pipeline pipeline = new Pipeline(RomeConfig.of(cluster.tenant(Map.of())))) {
            pipeline.submit(List.of(experiment));
            for (int done = ITERATIONS / 10; done <= ITERATIONS; done += ITERATIONS / 10) {
                int wanted = done;
                pipeline.until(() -> pipeline.iterations(experiment) >= wanted);
                System.out.printf(
                        "after %4d iterations: %7d bytes alive on networks, %8d on chunks%n",
                        done, alive(pipeline, Topic.NETWORKS), alive(pipeline, Topic.CHUNKS));
            }
            // a pool that nobody uses any more is retired; the victim stays
            pipeline.until(() -> alive(pipeline, Topic.NETWORKS, "pool-") == 0);
        }
    }
}
