package dev.romestream.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.Topic;
import dev.romestream.testing.TestCluster;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;

/**
 * One running pipeline for the tests of a class, where they do not need settings or a restart of their own; each has its own seed where
 * it counts work.
 */
abstract class SharedPipeline {
    /** Two snapshots, two victims, two modes. */
    static final int FIGURES_A_SUITE = 8;

    static final int SUITES = 2;

    @TempDir
    static Path directory;

    static TestCluster cluster;

    static Pipeline shared;

    @BeforeAll
    static void start() {
        cluster = TestCluster.start(directory);
        shared = new Pipeline(RomeConfig.of(cluster.tenant(Map.of("attacker.count", "1"))));
    }

    @AfterAll
    static void stop() {
        if (cluster != null) {
            shared.close();
            cluster.close();
        }
    }

    static Experiment experiment(String... overrides) {
        return TestExperiment.with(overrides).get(0);
    }

    /** Keys that a topic has of a prefix, tombstones taken off. */
    static Set<String> keys(Pipeline pipeline, Topic topic, String prefix) {
        Set<String> keys = new HashSet<>();
        pipeline.records(topic).stream()
                .filter(record -> record.key().startsWith(prefix))
                .forEach(record -> {
                    if (record.value() == null) {
                        keys.remove(record.key());
                    } else {
                        keys.add(record.key());
                    }
                });
        return keys;
    }

    /** Dead letters of perturbed batches or requests would name the experiment in their bytes. */
    static void assertNothingOfItIsDead(Experiment experiment) {
        assertThat(shared.records(Topic.DEAD_LETTERS))
                .noneSatisfy(letter -> assertThat(new String(letter.value(), StandardCharsets.ISO_8859_1))
                        .contains(experiment.getId()));
    }
}
